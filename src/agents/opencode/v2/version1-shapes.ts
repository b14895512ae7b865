import * as z from 'zod/mini';
import type { HostClient, HostInput, HostTool, MessagePart, PromptOutput } from '../host.ts';
import type { PluginContext, PluginLocation, PluginTool, PromptEvent, StoredMessage } from './host.ts';
import { recalledTextOf } from './recalled-text.ts';
import { type SessionInfos, unwrapData } from './session-info.ts';

// Converts between the shapes of opencode 1, for which the plugin is written, and those of OpenCode 2.

/** The input of `server`. */
export function toHostInput(
  context: PluginContext,
  { directory, project }: PluginLocation,
  infos: SessionInfos,
  log: (message: string) => void,
): HostInput {
  const client: HostClient = {
    app: { log: async ({ body }) => log(body.message) },
    session: {
      async get({ path: { id } }) {
        const info = await infos.of(id);
        return info ? { data: { id, ...(info.parentID && { parentID: info.parentID }) } } : {};
      },
      async messages({ path: { id } }) {
        const stored = unwrapData(await context.session.context?.({ sessionID: id }));
        return { data: (Array.isArray(stored) ? stored : []).map((message) => ({ parts: partsOf(id, message) })) };
      },
    },
  };
  return { directory, client, worktree: project?.directory, project: project?.id ? { id: project.id } : undefined };
}

/** The user's text and the text that was recalled for it. */
function partsOf(sessionID: string, message: StoredMessage): MessagePart[] {
  if (message.type !== 'user') return [];
  const texts = [message.text ?? '', recalledTextOf(message) ?? ''].filter((text) => text !== '');
  return texts.map((text, index) => ({ id: `prt_${index}`, sessionID, messageID: '', type: 'text', text }));
}

/** A user's message. */
export function toPromptOutput({ sessionID, messageID, prompt }: PromptEvent): PromptOutput {
  const part = { id: 'prt_0', sessionID, messageID };
  const files = (prompt.files ?? []).filter(({ uri, name }) => name !== undefined || !uri.startsWith('data:'));
  return {
    message: { id: messageID, sessionID, role: 'user', time: { created: Date.now() } },
    parts: [
      { ...part, type: 'text', text: prompt.text },
      ...files.map(({ uri, name = uri }) => ({ ...part, type: 'file', filename: name })),
    ],
  };
}

/** A tool with plain JSON Schema: OpenCode 2 refuses the schemas of another copy of zod. */
export function toPluginTool(name: string, { description, args, execute }: HostTool): PluginTool {
  const { $schema: _, ...input } = z.toJSONSchema(z.object(args as Record<string, z.ZodMiniType>), { io: 'input' });
  return {
    ...{ name, description, input, options: { codemode: false } },
    async execute(given, { sessionID, messageID, id }) {
      const use = { sessionID, messageID, ...(id !== undefined && { callID: id }) };
      return { content: await execute((given ?? {}) as Record<string, unknown>, use) };
    },
  };
}
