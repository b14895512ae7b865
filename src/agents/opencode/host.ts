/** The values that opencode 1.18 passes to a plugin, as far as this plugin reads them. */
export interface HostInput {
  readonly client?: HostClient | undefined;
  /** `id` is the first commit of the repository, `global` for none. */
  readonly project?: { readonly id?: string } | undefined;
  readonly directory: string;
  readonly worktree?: string | undefined;
}

export interface HostClient {
  readonly app?: { log(entry: { body: LogEntry }): Promise<unknown> };
  readonly session?: {
    get(request: { path: { id: string } }): Promise<{ data?: SessionInfo }>;
    messages(request: {
      path: { id: string };
    }): Promise<{ data?: readonly { readonly parts: readonly MessagePart[] }[] }>;
  };
}

interface LogEntry {
  readonly service: string;
  readonly level: 'warn' | 'error';
  readonly message: string;
}

export interface SessionInfo {
  readonly id: string;
  /** For a sub-agent's session: the session that started it. */
  readonly parentID?: string;
}

export interface UserMessage {
  readonly id: string;
  readonly sessionID?: string;
  readonly role?: 'user';
  readonly time?: { readonly created: number };
  readonly agent?: string;
  readonly model?: { readonly providerID: string; readonly modelID: string };
}

export interface AssistantMessage {
  readonly id: string;
  readonly sessionID: string;
  readonly role: 'assistant';
  /** The user's message that it answers. */
  readonly parentID: string;
  readonly time: { readonly created: number; readonly completed?: number };
  readonly error?: { readonly name: string };
  readonly providerID?: string;
  readonly modelID?: string;
  readonly mode?: string;
  /** True for a text that compaction wrote. */
  readonly summary?: boolean;
  readonly tokens?: { readonly input: number; readonly output: number };
}

export interface MessagePart {
  readonly id: string;
  readonly sessionID: string;
  readonly messageID: string;
  readonly type: string;
  readonly text?: string;
  readonly synthetic?: boolean;
  readonly ignored?: boolean;
  readonly tool?: string;
  readonly state?: ToolState;
  readonly files?: readonly string[];
  readonly filename?: string;
}

export interface ToolState {
  readonly status: string;
  readonly title?: string;
  readonly input?: unknown;
  readonly output?: string;
  readonly error?: string;
}

/** The events that are read; all others are ignored. */
export type HostEvent =
  | { readonly type: 'session.created' | 'session.deleted'; readonly properties: { readonly info: SessionInfo } }
  | { readonly type: 'session.idle' | 'session.compacted'; readonly properties: { readonly sessionID: string } }
  | {
      readonly type: 'session.error';
      /** `messageID` is the user's message of the turn that failed; without it the last turn failed. */
      readonly properties: {
        readonly sessionID?: string;
        readonly messageID?: string;
        readonly error?: { readonly name: string };
      };
    }
  /** Two messages of the user that the agent received together. Only `v2/` emits this event. */
  | {
      readonly type: 'prompts.joined';
      readonly properties: { readonly sessionID: string; readonly messageID: string; readonly joinedID: string };
    }
  | { readonly type: 'message.updated'; readonly properties: { readonly info: UserMessage | AssistantMessage } }
  | { readonly type: 'message.part.updated'; readonly properties: { readonly part: MessagePart } };

export interface HostPrompt {
  readonly sessionID: string;
  readonly messageID?: string;
  readonly agent?: string;
}

export interface PromptOutput {
  readonly message: UserMessage;
  readonly parts: MessagePart[];
}

export interface ToolContext {
  readonly sessionID: string;
  readonly messageID: string;
  readonly callID?: string;
}

export interface HostTool {
  readonly description: string;
  /** A raw zod shape. */
  readonly args: Record<string, unknown>;
  execute(args: Record<string, unknown>, context: ToolContext): Promise<string>;
}

/** As much of the host's configuration as is read or extended. */
export interface HostConfig {
  /** Slash commands, including those of the project's files. */
  command?: Readonly<Record<string, { readonly template?: unknown }>> | undefined;
}

export interface Hooks {
  config?(config: HostConfig): Promise<void>;
  event?(input: { event: { type: string; properties?: unknown } }): Promise<void>;
  'chat.message'?(input: HostPrompt, output: PromptOutput): Promise<void>;
  'experimental.session.compacting'?(input: { sessionID: string }, output: { context: string[] }): Promise<void>;
  tool?: Record<string, HostTool>;
  dispose?(): Promise<void>;
}
