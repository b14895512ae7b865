import * as z from 'zod/mini';
import type { Config } from '../../config.ts';
import { NOTE_KINDS } from '../../episode.ts';
import { isForeseen } from '../../errors.ts';
import { inert } from '../../redaction/inert.ts';
import { withoutRecallMarks } from '../../redaction/recalled.ts';
import { redact } from '../../redaction/redact.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { Scope } from '../scope.ts';
import { spoolEpisode } from '../store-turn.ts';
import type { Background } from './background.ts';
import type { HostTool, ToolUse } from './host.ts';

export const TOOL_TIMEOUT_MS = 1.9 * SECOND;
const scope = z.optional(z.enum(['project', 'user']));
const noteKind = z.optional(z.enum(NOTE_KINDS));
const count = z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(50)));
const text = z.string().check(z.minLength(1), z.maxLength(20_000));

export interface ToolParts {
  readonly config: Config;
  readonly scope: Scope;
  readonly background: Background;
  readonly timeoutMs: number;
}

/** The four tools. Each answers in time, in words also when nothing can be had, and never throws. */
export function memoryTools(parts: ToolParts): Record<string, HostTool> {
  const groupOf = (scopeOption: 'project' | 'user' | undefined) =>
    scopeOption === 'user' ? parts.scope.userGroup : parts.scope.group;
  const { background, timeoutMs } = parts;
  const tool = <Shape extends Record<string, z.ZodMiniType>>(...definition: ToolDefinition<Shape>) =>
    hostTool(timeoutMs, ...definition);

  return {
    memory_search: tool(
      'Search what earlier sessions left in the long-term memory: facts with their dates, about this project and this user. query: a question or a few words; limit: how many (default 8); scope: "project" or "user" (default both).',
      { query: text, limit: count, scope },
      async ({ query, limit = 8, scope: scopeOption }) =>
        (await background.stores()).search(
          scopeOption ? [groupOf(scopeOption)] : [parts.scope.group, parts.scope.userGroup],
          redact(query),
          limit,
        ),
    ),
    memory_add: tool(
      'Remember something for later sessions. What is said in this conversation is remembered anyway; use this when the user asks to remember something, or for a decision in words of your own. text: whole sentences that can be understood alone; scope: "project" (default), or "user" for what holds in every project of this user, such as preferences. kind: "fact", "decision" (with its reason), "task" (open until it is replaced) or "rule" (a standing instruction of the user, in force once they confirm it); replaces: uuid of an episode or a fact that this replaces.',
      { text, scope, kind: noteKind, replaces: z.optional(z.uuid()) },
      async ({ text: note, scope: scopeOption, kind, replaces }, use) => {
        const content = redact(withoutRecallMarks(note)).trim();
        if (content === '' || /^(?:\[private\]\s*)+$/.test(content)) return 'Nothing was kept: all of it is private.';
        const kept = spoolEpisode(
          parts.config.home,
          groupOf(scopeOption),
          {
            content,
            metadata: { kind: 'note', host: 'opencode', session: use.sessionID },
            key: `${use.sessionID}/${use.callID ?? `${use.messageID}/${content.slice(0, 100)}`}`,
            saga: use.sessionID,
            referenceTime: new Date(),
          },
          {
            ...{ source: 'text', sourceDescription: 'opencode', limit: parts.config.spoolLimit },
            ...(kind && { kind }),
            ...(replaces && { replaces }),
          },
        );
        background.wake();
        const pending =
          kind === 'rule'
            ? ` The rule is pending: it counts once the user runs \`memory-manager confirm ${kept.uuid} --group ${groupOf(scopeOption)}\`${scopeOption === 'user' ? '' : ` or writes "confirm ${kept.uuid}"`}.`
            : '';
        return `Kept as episode ${kept.uuid} in the memory of ${scopeOption === 'user' ? 'the user' : 'the project'}; it can be found once a worker has read it.${pending}`;
      },
    ),
    memory_forget: tool(
      'Forget what the memory holds. Without confirm it only shows what would go; show that to the user and call again with confirm: true when they agree. Give one of query (only finds what could be meant), episode, fact, entity (a uuid, or the name of an episode or entity). scope: "project" (default) or "user".',
      {
        query: z.optional(text),
        episode: z.optional(text),
        fact: z.optional(text),
        entity: z.optional(text),
        confirm: z.optional(z.boolean()),
        scope,
      },
      async ({ confirm = false, scope: scopeOption, ...target }) =>
        (await background.stores()).forget(groupOf(scopeOption), target, confirm, timeoutMs - 100),
    ),
    memory_list: tool(
      'List the latest episodes in the memory, newest first, with the uuid that memory_forget takes. limit: how many (default 10); scope: "project" (default) or "user".',
      { limit: count, scope },
      async ({ limit = 10, scope: scopeOption }) => (await background.stores()).list(groupOf(scopeOption), limit),
    ),
  };
}

type ToolDefinition<Shape extends Record<string, z.ZodMiniType>> = [
  description: string,
  args: Shape,
  work: (input: z.output<z.ZodMiniObject<Shape>>, use: ToolUse) => Promise<string>,
];

function hostTool<Shape extends Record<string, z.ZodMiniType>>(
  timeoutMs: number,
  ...[description, args, work]: ToolDefinition<Shape>
): HostTool {
  const shape = z.object(args);
  return {
    description,
    args,
    async execute(input, use) {
      try {
        const parsed = shape.safeParse(input ?? {});
        if (!parsed.success)
          return `The arguments cannot be used: check ${parsed.error.issues[0]?.path.join('.') || 'them'}.`;
        const answer = work(parsed.data, use).then(inert);
        return await withTimeout(timeoutMs, answer, () => 'memory unavailable: it did not answer in time.');
      } catch (error) {
        return `memory unavailable: ${isForeseen(error) ? error.message : 'it failed in a way that nobody foresaw.'}`;
      }
    },
  };
}
