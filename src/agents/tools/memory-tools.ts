import * as z from 'zod/mini';
import { NOTE_KINDS } from '../../episode.ts';
import { withoutRecallMarks } from '../../redaction/recall-marks.ts';
import { redact } from '../../redaction/redact.ts';
import { spoolEpisode } from '../capture/store-turn.ts';
import type { Scope } from '../scope.ts';
import type { ForgetRequest } from './forget.ts';

const scope = z.optional(z.enum(['project', 'user']));
const noteKind = z.optional(z.enum(NOTE_KINDS));
const count = z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(50)));
const text = z.string().check(z.minLength(1), z.maxLength(20_000));

/** A tool that any plugin host can offer. The host's adapter checks the input, limits the time and turns failures into sentences. */
export interface MemoryTool {
  readonly description: string;
  readonly input: z.ZodMiniObject;
  run(input: unknown, call: ToolCallContext): Promise<string>;
}

/** The position of a call in the host's session. */
export interface ToolCallContext {
  readonly session: string;
  readonly message: string;
  readonly id?: string | undefined;
}

/** The calls that the tools make to the stores. */
export interface ToolStores {
  search(groups: readonly string[], query: string, limit: number): Promise<string>;
  list(group: string, limit: number): Promise<string>;
  forget(group: string, target: ForgetRequest, isConfirmed: boolean, limit: number): Promise<string>;
}

export interface ToolParts {
  /** The host's name, stored with each text. */
  readonly host: string;
  readonly scope: Scope;
  readonly home: string;
  readonly spoolLimit: number;
  readonly timeoutMs: number;
  stores(): Promise<ToolStores>;
  /** Drains the spool as soon as possible. */
  wake(): void;
}

/** The four tools of plugins. Results are texts for a model. */
export function memoryTools({ host, scope: scopes, home, spoolLimit, timeoutMs, stores, wake }: ToolParts) {
  const groupOf = (scopeOption: 'project' | 'user' | undefined) =>
    scopeOption === 'user' ? scopes.userGroup : scopes.group;

  return {
    memory_search: tool(
      'Search what earlier sessions left in the long-term memory: facts with their dates, about this project and this user. query: a question or a few words; limit: how many (default 8); scope: "project" or "user" (default both).',
      { query: text, limit: count, scope },
      async ({ query, limit = 8, scope: scopeOption }) =>
        (await stores()).search(
          scopeOption ? [groupOf(scopeOption)] : [scopes.group, scopes.userGroup],
          redact(query),
          limit,
        ),
    ),
    memory_add: tool(
      'Remember something for later sessions. What is said in this conversation is remembered anyway; use this when the user asks to remember something, or for a decision in words of your own. text: whole sentences that can be understood alone; scope: "project" (default), or "user" for what holds in every project of this user, such as preferences. kind: "fact", "decision" (with its reason), "task" (open until it is replaced) or "rule" (a standing instruction of the user, in force once they confirm it); replaces: uuid of an episode or a fact that this replaces.',
      { text, scope, kind: noteKind, replaces: z.optional(z.uuid()) },
      async ({ text: note, scope: scopeOption, kind, replaces }, call) => {
        const content = redact(withoutRecallMarks(note)).trim();
        if (content === '' || /^(?:\[private\]\s*)+$/.test(content)) return 'Nothing was kept: all of it is private.';
        const spooled = spoolEpisode(
          home,
          groupOf(scopeOption),
          {
            content,
            metadata: { kind: 'note', host, session: call.session },
            key: `${call.session}/${call.id ?? `${call.message}/${content.slice(0, 100)}`}`,
            saga: call.session,
            referenceTime: new Date(),
          },
          {
            ...{ source: 'text', sourceDescription: host, limit: spoolLimit },
            ...(kind && { kind }),
            ...(replaces && { replaces }),
          },
        );
        wake();
        const pending =
          kind === 'rule'
            ? ` The rule is pending: it counts once the user runs \`memory-manager confirm ${spooled.uuid} --group ${groupOf(scopeOption)}\`${scopeOption === 'user' ? '' : ` or writes "confirm ${spooled.uuid}"`}.`
            : '';
        return `Kept as episode ${spooled.uuid} in the memory of ${scopeOption === 'user' ? 'the user' : 'the project'}; it can be found once a worker has read it.${pending}`;
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
        (await stores()).forget(groupOf(scopeOption), target, confirm, timeoutMs - 100),
    ),
    memory_list: tool(
      'List the latest episodes in the memory, newest first, with the uuid that memory_forget takes. limit: how many (default 10); scope: "project" (default) or "user".',
      { limit: count, scope },
      async ({ limit = 10, scope: scopeOption }) => (await stores()).list(groupOf(scopeOption), limit),
    ),
  };
}

/** Checks the types of a tool's input; the result has the common type of all tools. */
const tool = <Shape extends Record<string, z.ZodMiniType>>(
  description: string,
  shape: Shape,
  run: (input: z.output<z.ZodMiniObject<Shape>>, call: ToolCallContext) => Promise<string>,
): MemoryTool => ({ description, input: z.object(shape), run: run as MemoryTool['run'] });
