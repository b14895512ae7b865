import * as z from 'zod/mini';
import { NOTE_KINDS, type NoteKind } from '../../../episode.ts';
import { InvalidInputError, StoreUnreachableError } from '../../../errors.ts';
import type { MemoryManager } from '../../../memory.ts';
import type { EpisodeReceipt } from '../../../queue/producer.ts';
import { date, text, timeOf } from '../arguments.ts';
import { replyShape } from '../shapes.ts';
import { ASKED_WITHIN, defineTool } from '../tool.ts';

/** Of everything that is handed in. */
export const RECEIPT = { uuid: z.string(), name: z.string(), group_id: z.string(), state: z.string() };

export const addMemory = defineTool({
  name: 'add_memory',
  title: 'Remember a text',
  description:
    'Stores a text as an episode and returns its receipt at once; its facts are found within seconds. Write full sentences that are understood alone.',
  effect: 'adds',
  input: z.object({
    name: text('A short title'),
    episode_body: text(
      'What to remember: text, "Name: words" lines for source message, or a JSON document for source json',
    ),
    group_id: z.optional(text('The memory to store it in')),
    source: z.optional(text('text (default), message or json')),
    source_description: z.optional(text('Where it comes from')),
    uuid: z.optional(text('Its identity, for storing the same episode again without effect; default: a new one')),
    reference_time: z.optional(date('When it was true; default: now')),
    saga: z.optional(text('The chain of episodes that it belongs to, such as a session')),
    kind: z.optional(
      text(
        'fact, decision (with its reason), task (open until replaced) or rule (a standing instruction or preference of the user, in force once the user confirms it)',
      ),
    ),
    replaces: z.optional(text('uuid of an episode or fact that this replaces; it is shown as ended')),
  }),
  output: replyShape(RECEIPT),
  limit: ASKED_WITHIN,
  async run(given, call) {
    const { memory, note } = call;
    const group = call.group(given.group_id);
    const referenceTime = timeOf(given.reference_time, 'reference_time');
    const source = sourceOf(given.source);
    if (source !== (given.source ?? 'text').toLowerCase()) note(`"${given.source}" is no source; stored as text.`);
    const kind = kindOf(given.kind);
    if (kind === 'rule') note(RULE_IS_PENDING);
    const receipt = await handIn(memory, (spool) =>
      memory.enqueue(
        given.episode_body,
        { name: given.name },
        {
          ...{ group, source, spool, sourceDescription: given.source_description ?? 'mcp' },
          ...(kind !== undefined && { kind }),
          ...(given.replaces !== undefined && { replaces: given.replaces }),
          ...(given.uuid !== undefined && { uuid: given.uuid }),
          ...(given.saga !== undefined && { saga: given.saga }),
          ...(referenceTime && { referenceTime }),
        },
      ),
    );
    return {
      message: receipt.spooled
        ? `Episode '${given.name}' is kept on this machine's disk, since Valkey does not answer, and queued as soon as it does`
        : `Episode '${given.name}' queued for processing in group '${group}'`,
      ...receiptOf(receipt, group),
    };
  },
});

export function receiptOf({ uuid, name, spooled }: EpisodeReceipt, group: string) {
  return { uuid, name, group_id: group, state: spooled ? 'spooled' : 'waiting' };
}

/**
 * Hands an episode in; to the disk where Valkey does not answer, and then tells whether it still lies there. What Valkey refuses is
 * refused at once: a refusal at the later drain would reach nobody.
 */
export async function handIn(
  memory: MemoryManager,
  store: (spool: boolean) => Promise<EpisodeReceipt>,
): Promise<EpisodeReceipt> {
  await connected(memory);
  const receipt = await store(false).catch((error) => {
    if (error instanceof StoreUnreachableError) return store(true);
    throw error;
  });
  if (!receipt.spooled) return receipt;
  const { left, said } = await memory.drainSpool();
  const { spooled: _, ...queued } = receipt;
  return left > 0 || said !== undefined ? receipt : queued;
}

const connecting = new WeakMap<MemoryManager, Promise<unknown>>();

/** To load and to connect takes longer than storing waits for Valkey: the first call does it. */
function connected(memory: MemoryManager): Promise<unknown> {
  const known = connecting.get(memory) ?? memory.drainSpool();
  connecting.set(memory, known);
  return known;
}

/** What an agent adds is no rule before the user says so. */
const RULE_IS_PENDING =
  'The rule is pending. Ask the user to confirm it: with `memory-manager confirm` and its uuid, or by writing "confirm" and the uuid.';

function kindOf(given: string | undefined): NoteKind | undefined {
  const known = NOTE_KINDS.find((kind) => kind === given?.toLowerCase());
  if (given === undefined || known) return known;
  throw new InvalidInputError('kind must be fact, decision, rule or task.');
}

const sourceOf = (given = 'text') =>
  (['message', 'json'] as const).find((source) => source === given.toLowerCase()) ?? 'text';
