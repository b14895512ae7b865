/** The values that OpenCode 2 passes to a plugin's `setup`, as far as this plugin reads them. Written from the public types of its plugin API. */
export interface PluginContext {
  readonly options?: unknown;
  /** One instance of a plugin runs for each location. */
  readonly location?: PluginLocation;
  readonly session: {
    readonly hook: AddHook;
    get?(request: { sessionID: string }): Promise<unknown>;
    /** The messages since the last compaction. */
    context?(request: { sessionID: string }): Promise<unknown>;
    /** Says something in the user's place. */
    prompt?(request: { sessionID: string; text: string; delivery?: string }): Promise<unknown>;
  };
  readonly event: { subscribe(): AsyncIterable<ServiceEvent> };
  readonly tool?: { transform(edit: (tools: ToolEditor) => void): Promise<Registration> };
  readonly command?: { transform?(edit: (commands: CommandEditor) => void): Promise<Registration> };
}

export interface PluginLocation {
  readonly directory: string;
  readonly project?: { readonly id?: string; readonly directory?: string };
}

export interface Registration {
  dispose?(): Promise<void> | void;
}

type AddHook = <Name extends keyof SessionHooks>(
  name: Name,
  hook: (event: SessionHooks[Name]) => Promise<void> | void,
) => Promise<Registration | undefined>;

export interface SessionHooks {
  /** Before a user's message is stored. The host waits. */
  readonly prompt: PromptEvent;
  /** Before each request of the agent to its model. Changes are not stored. */
  readonly context: RequestEvent;
  /** Before the request for a summary. */
  readonly compaction: RequestEvent;
}

export interface PromptEvent {
  readonly sessionID: string;
  /** The id that the stored message will have. */
  readonly messageID: string;
  readonly prompt: {
    readonly text: string;
    readonly files?: readonly { readonly uri: string; readonly name?: string }[];
  };
  /** Stored with the message; part of no request. */
  metadata?: Record<string, unknown>;
}

export interface RequestEvent {
  readonly sessionID: string;
  readonly system: { type: 'text'; text: string }[];
  readonly messages: ModelMessage[];
}

/** A message as the model gets it. */
export interface ModelMessage {
  readonly id?: string;
  readonly role: string;
  readonly content: string | readonly ContentPart[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ContentPart {
  readonly type: string;
  readonly text?: string;
}

/** A message as the host stores it. */
export interface StoredMessage {
  readonly type: string;
  readonly text?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ServiceSession {
  /** For a sub-agent's session: the session that started it. */
  readonly parentID?: string;
  readonly location?: { readonly directory?: string };
}

/** All events have this envelope; the members of `data` depend on `type`. */
export interface ServiceEvent {
  readonly id?: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly created?: number;
  readonly data?: EventData;
}

export interface EventData {
  readonly sessionID?: string;
  /** Of `session.inbox.*`: the id of the message. */
  readonly inboxID?: string;
  readonly inputID?: string;
  readonly assistantMessageID?: string;
  readonly agent?: string;
  readonly model?: { readonly id: string; readonly providerID: string };
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly files?: readonly string[];
  /** Of `session.text.ended`: which of the message's texts. */
  readonly ordinal?: number;
  readonly text?: string;
  readonly summary?: string;
  /** Of `session.tool.*`: the id of the call, which earlier releases called `callID`. */
  readonly id?: string;
  readonly callID?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly content?: readonly ContentPart[];
  readonly error?: { readonly type?: string; readonly message?: string };
  readonly location?: { readonly directory?: string };
}

export interface CommandEditor {
  add(command: Command): void;
}

/** A slash command. */
export interface Command {
  readonly name: string;
  readonly description: string;
  execute(call: CommandCall): Promise<void>;
}

export interface CommandCall {
  readonly sessionID: string;
  /** The user's text after the command's name. */
  readonly prompt: { readonly text: string };
  readonly delivery?: string;
}

export interface ToolEditor {
  add(tool: PluginTool): void;
}

export interface PluginTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema. */
  readonly input: object;
  /** Without code mode the model calls the tool itself, not a script that calls the tool. */
  readonly options: { readonly codemode: false };
  execute(input: unknown, context: ToolContext): Promise<{ readonly content: string }>;
}

export interface ToolContext {
  readonly sessionID: string;
  readonly messageID: string;
  /** Of the call. */
  readonly id?: string;
}
