import * as z from 'zod/mini';
import { NOTE_KINDS, type NoteKind } from '../../../episode.ts';
import { InvalidInputError, StoreUnreachableError } from '../../../errors.ts';
import type { MemoryManager } from '../../../memory.ts';
import type { EpisodeReceipt } from '../../../queue/producer.ts';
import { dateArgument, parseTimeArgument, textArgument } from '../arguments.ts';
import { replyShape } from '../reply-shapes.ts';
import { defineTool, READ_TIMEOUT } from '../tool.ts';

/** The fields of a receipt. */
export const RECEIPT_FIELDS = { uuid: z.string(), name: z.string(), group_id: z.string(), state: z.string() };

export const addMemoryTool = defineTool({
  name: 'add_memory',
  title: 'Remember a text',
  description:
    'Stores a text as an episode and returns a receipt at once; its facts can be found within seconds. Write full sentences that can be understood alone.',
  effect: 'adds',
  input: z.object({
    name: textArgument('A short title'),
    episode_body: textArgument(
      'The content: text, "Name: words" lines for source message, or a JSON document for source json',
    ),
    group_id: z.optional(textArgument('The memory to store it in')),
    source: z.optional(textArgument('text (default), message or json')),
    source_description: z.optional(textArgument('Where the text comes from')),
    uuid: z.optional(
      textArgument('uuid of the episode: storing the same episode again has no effect; default: a new one'),
    ),
    reference_time: z.optional(dateArgument('When the text was true; default: now')),
    saga: z.optional(textArgument('The saga (chain of episodes) of the episode, such as a session')),
    kind: z.optional(
      textArgument(
        'fact, decision (with its reason), task (open until replaced) or rule (a standing instruction or preference of the user, in force once the user confirms it)',
      ),
    ),
    replaces: z.optional(textArgument('uuid of an episode or fact that this replaces; it is shown as ended')),
  }),
  output: replyShape(RECEIPT_FIELDS),
  limit: READ_TIMEOUT,
  async run(args, call) {
    const { memory, note } = call;
    const group = call.group(args.group_id);
    const referenceTime = parseTimeArgument(args.reference_time, 'reference_time');
    const source = sourceOf(args.source);
    if (source !== (args.source ?? 'text').toLowerCase()) note(`"${args.source}" is not a source; stored as text.`);
    const kind = kindOf(args.kind);
    if (kind === 'rule') note(RULE_IS_PENDING);
    const receipt = await enqueueOrSpool(memory, (spool) =>
      memory.enqueueEpisode(
        args.episode_body,
        { name: args.name },
        {
          ...{ group, source, spool, sourceDescription: args.source_description ?? 'mcp' },
          ...(kind !== undefined && { kind }),
          ...(args.replaces !== undefined && { replaces: args.replaces }),
          ...(args.uuid !== undefined && { uuid: args.uuid }),
          ...(args.saga !== undefined && { saga: args.saga }),
          ...(referenceTime && { referenceTime }),
        },
      ),
    );
    return {
      message: receipt.spooled
        ? `Episode '${args.name}' is on this machine's disk, because Valkey does not answer, and is queued as soon as it does`
        : `Episode '${args.name}' queued for processing in group '${group}'`,
      ...receiptOf(receipt, group),
    };
  },
});

export function receiptOf({ uuid, name, spooled }: EpisodeReceipt, group: string) {
  return { uuid, name, group_id: group, state: spooled ? 'spooled' : 'waiting' };
}

/**
 * Enqueues an episode, or spools it to disk if Valkey does not answer. The receipt says whether it is still on disk. What Valkey
 * refuses is refused at once, because a refusal at a later drain would reach no caller.
 */
export async function enqueueOrSpool(
  memory: MemoryManager,
  store: (spool: boolean) => Promise<EpisodeReceipt>,
): Promise<EpisodeReceipt> {
  await connected(memory);
  const receipt = await store(false).catch((error) => {
    if (error instanceof StoreUnreachableError) return store(true);
    throw error;
  });
  if (!receipt.spooled) return receipt;
  const { remaining, error } = await memory.drainSpool();
  const { spooled: _, ...queued } = receipt;
  return remaining > 0 || error !== undefined ? receipt : queued;
}

const connecting = new WeakMap<MemoryManager, Promise<unknown>>();

/** Loading and connecting take longer than storing waits for Valkey, so the first call connects. */
function connected(memory: MemoryManager): Promise<unknown> {
  const connection = connecting.get(memory) ?? memory.drainSpool();
  connecting.set(memory, connection);
  return connection;
}

/** A rule that an agent adds holds only once the user confirms it. */
const RULE_IS_PENDING =
  'The rule is pending. Ask the user to confirm it: with `memory-manager confirm` and its uuid, or by writing "confirm" and the uuid.';

function kindOf(name: string | undefined): NoteKind | undefined {
  const kind = NOTE_KINDS.find((candidate) => candidate === name?.toLowerCase());
  if (name === undefined || kind) return kind;
  throw new InvalidInputError('kind must be fact, decision, rule or task.');
}

const sourceOf = (name = 'text') =>
  (['message', 'json'] as const).find((source) => source === name.toLowerCase()) ?? 'text';
