import { randomUUID } from 'node:crypto';
import type {
  AssistantMessage,
  Hooks,
  MessagePart,
  PromptOutput,
  ToolState,
} from '../../../../src/agents/opencode/host.ts';

/** Tells a plugin's hooks what opencode 1.18 tells them, in the order in which it does, and takes the time that they take. */
export function hostOf(hooks: Hooks) {
  let count = 0;
  let spent = 0;
  const run = randomUUID().slice(0, 8);
  const id = (kind: string) => {
    count += 1;
    return `${kind}_${run}${String(count).padStart(6, '0')}`;
  };

  async function timed(work: () => Promise<void> | undefined): Promise<void> {
    const began = performance.now();
    // The host waits for hooks, though not for `event`; what its promise still does is counted too.
    await work();
    spent += performance.now() - began;
  }
  const event = (type: string, properties: unknown) => timed(() => hooks.event?.({ event: { type, properties } }));

  async function prompt(session: string, text: string, more: Partial<MessagePart> = {}): Promise<PromptOutput> {
    const message = id('msg');
    const output: PromptOutput = {
      message: {
        id: message,
        sessionID: session,
        role: 'user',
        time: { created: Date.now() },
        agent: 'build',
        model: { providerID: 'stub', modelID: 'model' },
      },
      parts: [{ id: id('prt'), sessionID: session, messageID: message, type: 'text', text, ...more }],
    };
    await timed(() => hooks['chat.message']?.({ sessionID: session, agent: 'build' }, output));
    await event('message.updated', { info: output.message });
    return output;
  }

  function answer(session: string, user: string, more: Partial<AssistantMessage> = {}): AssistantMessage {
    return {
      id: id('msg'),
      sessionID: session,
      role: 'assistant',
      parentID: user,
      time: { created: Date.now() },
      providerID: 'stub',
      modelID: 'model',
      mode: 'build',
      tokens: { input: 0, output: 0 },
      ...more,
    };
  }

  async function part(session: string, messageID: string, more: Partial<MessagePart>): Promise<void> {
    await event('message.part.updated', {
      part: { id: id('prt'), sessionID: session, messageID, type: 'text', ...more },
    });
  }

  async function say(session: string, info: AssistantMessage, text: string): Promise<void> {
    await event('message.updated', { info });
    await part(session, info.id, { type: 'step-start' });
    const textPart = id('prt');
    for (let piece = 1; piece <= 40; piece += 1)
      await event('message.part.delta', { sessionID: session, messageID: info.id, partID: textPart, delta: 'word ' });
    await part(session, info.id, { id: textPart, text: text.slice(0, 5) });
    await part(session, info.id, { id: textPart, text });
    await part(session, info.id, { type: 'step-finish' });
    const tokens = { input: 100, output: 20 };
    await event('message.updated', { info: { ...info, tokens, time: { ...info.time, completed: Date.now() } } });
  }

  return {
    event,
    prompt,
    answer,
    part,
    say,
    /** Milliseconds that the hooks took since this was asked last. */
    spent(): number {
      const since = spent;
      spent = 0;
      return since;
    },
    async newSession(parentID?: string): Promise<string> {
      const session = id('ses');
      await event('session.created', { info: { id: session, ...(parentID && { parentID }) } });
      return session;
    },
    async tool(session: string, message: string, tool: string, state: Partial<ToolState>): Promise<void> {
      const call = id('prt');
      for (const status of ['pending', 'running', 'completed'])
        await part(session, message, { id: call, type: 'tool', tool, state: { status, ...state } });
    },
    async idle(session: string): Promise<void> {
      await event('session.status', { sessionID: session, status: { type: 'idle' } });
      await event('session.idle', { sessionID: session });
    },
    /** A turn of words only. */
    async turn(session: string, user: string, assistant: string): Promise<PromptOutput> {
      await event('session.status', { sessionID: session, status: { type: 'busy' } });
      const output = await prompt(session, user);
      await say(session, answer(session, output.message.id), assistant);
      await this.idle(session);
      return output;
    },
    /** A turn with a tool, which is two of the agent's messages. */
    /** One message of the agent in so many parts. */
    async turnOfMany(session: string, user: string, count: number): Promise<void> {
      const output = await prompt(session, user);
      const first = answer(session, output.message.id);
      await event('message.updated', { info: first });
      for (let at = 0; at < count; at += 1)
        await event('message.part.updated', {
          part: { id: `prt_${at}`, sessionID: session, messageID: first.id, type: 'text', text: `part ${at}` },
        });
      await event('message.updated', { info: { ...first, time: { created: Date.now(), completed: Date.now() } } });
      await this.idle(session);
    },
    async turnWithTool(session: string, user: string, assistant: string, state: Partial<ToolState>): Promise<void> {
      const output = await prompt(session, user);
      const first = answer(session, output.message.id);
      await event('message.updated', { info: first });
      await this.tool(session, first.id, 'bash', state);
      await event('message.updated', { info: { ...first, time: { created: Date.now(), completed: Date.now() } } });
      await say(session, answer(session, output.message.id), assistant);
      await this.idle(session);
    },
  };
}
