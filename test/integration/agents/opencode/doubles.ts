import type { HostClient, MessagePart } from '../../../../src/agents/opencode/host.ts';
import { server } from '../../../../src/agents/opencode/plugin-hooks.ts';
import { setupWith } from '../../../../src/agents/opencode/v2/setup.ts';
import { hostOf } from './host.ts';
import { openSecondHost } from './host-2.ts';

/** A host as the plugin's contract sees it: both of opencode's major versions have one. */
export interface Double {
  /** Loads the plugin for a folder; what is stored of earlier sessions stays. Undefined when the plugin does not run there. */
  load(directory: string, options?: object): Promise<Loaded | undefined>;
  /** What the plugin wrote into the host's log. */
  readonly log: readonly string[];
}

export interface Loaded {
  newSession(parent?: string): Promise<string>;
  /** A user's message. Returns what the model gets with it beside the user's words. */
  prompt(session: string, text: string): Promise<readonly string[]>;
  /** A whole turn; the same is returned. */
  turn(session: string, user: string, assistant: string): Promise<readonly string[]>;
  /** Replaces what was said by a summary. Returns what the request for the summary has from the plugin. */
  compact(session: string): Promise<string>;
  tool(name: string, input: object, call?: string): Promise<string>;
  unload(): Promise<void>;
}

export const DOUBLES = { 'opencode 1': firstDouble, 'OpenCode 2': secondDouble } as const;
export type Version = keyof typeof DOUBLES;

function firstDouble(): Double {
  const log: string[] = [];
  const stored = new Map<string, MessagePart[]>();
  const client: HostClient = {
    app: { log: async ({ body }) => log.push(body.message) },
    session: {
      get: async ({ path: { id } }) => ({ data: { id } }),
      messages: async ({ path: { id } }) => ({ data: [{ parts: stored.get(id) ?? [] }] }),
    },
  };
  return {
    log,
    async load(directory, options) {
      const hooks = await server({ directory, client }, options);
      if (!hooks.dispose) return undefined;
      const host = hostOf(hooks);
      const shown = (session: string, parts: readonly MessagePart[]) => {
        stored.set(session, [...(stored.get(session) ?? []), ...parts]);
        return parts.slice(1).map(({ text = '' }) => text);
      };
      return {
        newSession: host.newSession,
        prompt: async (session, text) => shown(session, (await host.prompt(session, text)).parts),
        turn: async (session, user, assistant) => shown(session, (await host.turn(session, user, assistant)).parts),
        async compact(session) {
          const output = { context: [] as string[] };
          await hooks['experimental.session.compacting']?.({ sessionID: session }, output);
          stored.delete(session);
          await host.event('session.compacted', { sessionID: session });
          return output.context.join('\n');
        },
        tool: async (name, input, callID = 'call_1') =>
          (await hooks.tool?.[name]?.execute({ ...input }, { sessionID: 'ses_1', messageID: 'msg_1', callID })) ?? '',
        unload: async () => hooks.dispose?.(),
      };
    },
  };
}

function secondDouble(): Double {
  const log: string[] = [];
  const host = openSecondHost();
  return {
    log,
    async load(directory, options) {
      const context = host.context(directory, options);
      const close = await setupWith(context, (message) => log.push(message));
      if (!close) return undefined;
      const deliver = async (session: string, text: string) => {
        const { request } = await host.prompt(session, text);
        const sent = request.messages.at(-1)?.text ?? '';
        return sent === text ? [] : [sent.slice(text.length).trim()];
      };
      return {
        newSession: (parent) => host.newSession(directory, parent),
        async prompt(session, text) {
          const shown = await deliver(session, text);
          await host.end(session);
          return shown;
        },
        async turn(session, user, assistant) {
          const shown = await deliver(session, user);
          await host.step(session, { text: assistant });
          await host.end(session);
          return shown;
        },
        async compact(session) {
          const { system, messages } = await host.compact(session, 'We talked.');
          return [...system, ...messages.map(({ text }) => text)].join('\n');
        },
        tool: async (name, input, id = 'call_1') =>
          (await context.tools.get(name)?.execute(input, { sessionID: 'ses_1', messageID: 'msg_1', id }))?.content ??
          '',
        unload: close,
      };
    },
  };
}
