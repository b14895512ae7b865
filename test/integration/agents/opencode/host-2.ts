import { randomUUID } from 'node:crypto';
import type {
  Command,
  EventData,
  ModelMessage,
  PluginContext,
  PluginTool,
  Registration,
  ServiceEvent,
  ServiceSession,
  SessionHooks,
  StoredMessage,
  ToolEditor,
} from '../../../../src/agents/opencode/v2/host.ts';

/** Of the class that the host's own code makes: a plugin must not put plain objects in their place. */
export class Message implements ModelMessage {
  readonly id: string;
  readonly role: string;
  readonly content: ModelMessage['content'];
  readonly metadata: ModelMessage['metadata'];
  constructor({ id = '', role, content, metadata }: ModelMessage) {
    this.id = id;
    this.role = role;
    this.content = content;
    this.metadata = metadata;
  }
}

/** A request of the agent to its model. */
export interface Request {
  readonly system: readonly string[];
  readonly messages: readonly { readonly role: string; readonly text: string }[];
}

interface Session extends ServiceSession {
  readonly messages: (StoredMessage & { readonly id: string })[];
}

type AnyHook = (event: never) => Promise<void> | void;

/**
 * OpenCode 2 as a plugin meets it, written from the public types of its plugin API: sessions with stored messages, hooks that are
 * awaited, tools, and one stream of the events of all its sessions. Nothing was compared with the program itself.
 */
export function openSecondHost() {
  const sessions = new Map<string, Session>();
  const streams = new Set<EventStream>();
  const plugins = new Set<{ hooks: Map<string, AnyHook[]>; tools: Map<string, PluginTool>; directory: string }>();
  const prompted: { readonly sessionID: string; readonly text: string }[] = [];
  let count = 0;
  let spent = 0;
  const started = randomUUID().slice(0, 8);
  const id = (kind: string) => {
    count += 1;
    return `${kind}_${started}${String(count).padStart(6, '0')}`;
  };

  const sessionOf = (session: string): Session => {
    const found = sessions.get(session);
    if (!found) throw new Error(`No session ${session}.`);
    return found;
  };
  const pluginsOf = (session: string) =>
    [...plugins].filter(({ directory }) => directory === sessionOf(session).location?.directory);

  async function timed(work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    await work();
    spent += performance.now() - began;
  }

  async function run<Name extends keyof SessionHooks>(name: Name, event: SessionHooks[Name]): Promise<void> {
    for (const { hooks } of pluginsOf(event.sessionID))
      for (const hook of hooks.get(name) ?? [])
        await timed(async () => (hook as (given: SessionHooks[Name]) => Promise<void> | void)(event));
  }

  /** Sends an event and waits until every plugin has dealt with it. */
  async function emit(
    type: string,
    data: EventData & { readonly reason?: string },
    eventId = id('evt'),
  ): Promise<void> {
    const event: ServiceEvent = { id: eventId, type, created: Date.now(), data };
    await timed(async () => void (await Promise.all([...streams].map((stream) => stream.send(event)))));
  }

  /** What the model gets, from what is stored: as the host does, anew for each request. */
  async function request(session: string, hook: 'context' | 'compaction' = 'context'): Promise<Request> {
    const messages = sessionOf(session).messages.map(
      ({ id, type, text = '', metadata }) =>
        new Message({ id, role: type === 'user' ? 'user' : 'assistant', content: [{ type: 'text', text }], metadata }),
    );
    const event = { sessionID: session, system: [{ type: 'text' as const, text: 'You are an agent.' }], messages };
    await run(hook, event);
    if (!event.messages.every((message) => message instanceof Message)) throw new Error('Not a message of the host.');
    return {
      system: event.system.map(({ text }) => text),
      messages: event.messages.map(({ role, content }) => ({ role, text: textOf(content) })),
    };
  }

  async function admit(session: string, text: string): Promise<string> {
    const messageID = id('msg');
    const event: SessionHooks['prompt'] = { sessionID: session, messageID, prompt: { text } };
    await run('prompt', event);
    const { prompt, metadata } = event;
    await emit('session.inbox.enqueued', { sessionID: session, inboxID: messageID });
    queued.set(messageID, { id: messageID, type: 'user', text: prompt.text, ...(metadata && { metadata }) });
    return messageID;
  }
  const queued = new Map<string, StoredMessage & { id: string }>();

  async function deliver(session: string, messageID: string): Promise<void> {
    const message = queued.get(messageID);
    if (message) sessionOf(session).messages.push(message);
    queued.delete(messageID);
    await emit('session.inbox.delivered', { sessionID: session, inboxID: messageID });
  }

  return {
    emit,
    request,
    admit,
    deliver,
    run,
    sessions,
    /** What plugins said in the user's place. */
    prompted,
    /** Milliseconds that the plugins took since this was asked last. */
    spent(): number {
      const since = spent;
      spent = 0;
      return since;
    },
    /** What `setup` is given for a folder. A session of the folder meets only the plugins of the folder. */
    context(
      directory: string,
      options: unknown = {},
    ): PluginContext & { readonly tools: Map<string, PluginTool>; readonly commands: Map<string, Command> } {
      const plugin = { hooks: new Map<string, AnyHook[]>(), tools: new Map<string, PluginTool>(), directory };
      const commands = new Map<string, Command>();
      plugins.add(plugin);
      const registered = (end: () => void): Promise<Registration> => Promise.resolve({ dispose: async () => end() });
      return {
        options,
        location: { directory, project: { id: 'global', directory } },
        tools: plugin.tools,
        commands,
        session: {
          hook(name, hook) {
            plugin.hooks.set(name, [...(plugin.hooks.get(name) ?? []), hook]);
            return registered(() => void plugin.hooks.delete(name));
          },
          get: async ({ sessionID }) => ({ id: sessionID, ...sessionOf(sessionID), messages: undefined }),
          context: async ({ sessionID }) => structuredClone(sessionOf(sessionID).messages),
          async prompt({ sessionID, text }) {
            prompted.push({ sessionID, text });
            return admit(sessionID, text);
          },
        },
        event: {
          subscribe() {
            const stream = openStream(() => streams.delete(stream));
            streams.add(stream);
            return stream.events;
          },
        },
        tool: {
          transform(edit) {
            const editor: ToolEditor = { add: (tool) => void plugin.tools.set(tool.name, tool) };
            edit(editor);
            return registered(() => plugin.tools.clear());
          },
        },
        command: {
          transform(edit) {
            edit({ add: (command) => void commands.set(command.name, command) });
            return registered(() => commands.clear());
          },
        },
      };
    },
    async newSession(directory: string, parentID?: string): Promise<string> {
      const session = id('ses');
      sessions.set(session, { location: { directory }, messages: [], ...(parentID && { parentID }) });
      await emit('session.created', { sessionID: session });
      return session;
    },
    /** A user's message up to the first request that holds it. */
    async prompt(session: string, text: string): Promise<{ message: string; request: Request }> {
      const message = await admit(session, text);
      await emit('session.execution.started', { sessionID: session });
      await deliver(session, message);
      return { message, request: await request(session) };
    },
    /** One message of the agent: words, or a call of a tool with its end. */
    async step(
      session: string,
      content: { text: string } | { tool: string; input: unknown; output: string; error?: boolean },
    ): Promise<string> {
      const assistantMessageID = id('msg');
      const of = { sessionID: session, assistantMessageID };
      await emit('session.step.started', { ...of, agent: 'build', model: { id: 'model', providerID: 'stub' } });
      if ('tool' in content) {
        const call = { ...of, id: id('call') };
        await emit('session.tool.input.started', { ...call, name: content.tool });
        await emit('session.tool.called', { ...call, input: content.input });
        if (content.error)
          await emit('session.tool.failed', { ...call, error: { type: 'x', message: content.output } });
        else await emit('session.tool.success', { ...call, content: [{ type: 'text', text: content.output }] });
      } else {
        await emit('session.text.delta', { ...of, ordinal: 0, text: content.text.slice(0, 5) });
        await emit('session.text.ended', { ...of, ordinal: 0, text: content.text });
        sessionOf(session).messages.push({ id: assistantMessageID, type: 'assistant', text: content.text });
      }
      await emit('session.step.ended', { ...of, tokens: { input: 100, output: 20 } });
      return assistantMessageID;
    },
    end: (session: string, how: 'succeeded' | 'failed' | 'interrupted' = 'succeeded') =>
      emit(`session.execution.${how}`, {
        sessionID: session,
        ...(how === 'failed' && { error: { type: 'provider', message: 'The stub refuses.' } }),
        ...(how === 'interrupted' && { reason: 'user' }),
      }),
    /** Replaces what was said by a summary. */
    async compact(session: string, summary: string): Promise<Request> {
      const inputID = id('msg');
      const asked = await request(session, 'compaction');
      await emit('session.compaction.started', { sessionID: session, inputID });
      sessionOf(session).messages.splice(0, Number.POSITIVE_INFINITY, {
        id: inputID,
        type: 'compaction',
        text: summary,
      });
      await emit('session.compaction.ended', { sessionID: session, inputID, text: summary });
      return asked;
    },
  };
}

export type SecondHost = ReturnType<typeof openSecondHost>;

interface EventStream {
  readonly events: AsyncIterable<ServiceEvent>;
  /** Settles when the reader has dealt with the event, which shows when it asks for the next one. */
  send(event: ServiceEvent): Promise<void>;
}

function openStream(closed: () => void): EventStream {
  const waiting: { event: ServiceEvent; dealtWith: () => void }[] = [];
  let under: (() => void) | undefined;
  let give: ((result: IteratorResult<ServiceEvent>) => void) | undefined;
  const next = (): void => {
    const [first] = waiting;
    if (!give || !first) return;
    waiting.shift();
    under = first.dealtWith;
    give({ done: false, value: first.event });
    give = undefined;
  };
  const end = () => {
    closed();
    under?.();
    for (const { dealtWith } of waiting.splice(0)) dealtWith();
    give?.({ done: true, value: undefined });
  };
  return {
    events: {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise((resolve) => {
            under?.();
            under = undefined;
            give = resolve;
            next();
          }),
        async return() {
          end();
          return { done: true, value: undefined };
        },
      }),
    },
    send: (event) =>
      new Promise((resolve) => {
        waiting.push({ event, dealtWith: resolve });
        next();
      }),
  };
}

const textOf = (content: ModelMessage['content']): string =>
  typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('');
