import * as z from 'zod/mini';
import { InvalidInputError, TimedOutError } from '../../../errors.ts';
import { checkGroup } from '../../../group.ts';
import type { ForgetResult } from '../../../memory/forget.ts';
import type { MemoryManager } from '../../../memory.ts';
import { SECOND } from '../../../time.ts';
import { listArgument, textArgument } from '../arguments.ts';
import { replyShape } from '../reply-shapes.ts';
import { defineTool, TASK_TIMEOUT } from '../tool.ts';

const group = z.optional(textArgument('The memory that contains it'));
const counts = z.looseObject({ episodes: z.number(), facts: z.number(), entities: z.number() });

/** Only the numbers: the forgotten content must not appear in the reply. */
const countsOf = ({ episodes, facts, entities, keptFacts, reopenedFacts, summaries }: ForgetResult) => ({
  ...{ episodes: episodes.length, facts: facts.length, entities: entities.length },
  ...{ kept_facts: keptFacts, reopened_facts: reopenedFacts, summaries },
});

export const deleteEpisodeTool = defineTool({
  name: 'delete_episode',
  title: 'Forget an episode',
  description: 'Removes an episode from the memory, with everything that no other episode supports. Cannot be undone.',
  effect: 'removes',
  input: z.object({ uuid: textArgument('uuid of the episode'), group_id: group }),
  output: replyShape({ forgotten: counts }),
  limit: TASK_TIMEOUT,
  async run({ uuid, group_id }, { memory, group: groupOf }) {
    const forgotten = await memory.forget({ episode: uuid }, { group: groupOf(group_id), timeoutMs: TASK_TIMEOUT });
    return { message: `Episode with UUID ${uuid} deleted successfully`, forgotten: countsOf(forgotten) };
  },
});

export const deleteEntityEdgeTool = defineTool({
  name: 'delete_entity_edge',
  title: 'Forget a fact',
  description: 'Removes one fact from the memory, with all times at which it held. Cannot be undone.',
  effect: 'removes',
  input: z.object({ uuid: textArgument('uuid of the fact'), group_id: group }),
  output: replyShape({ forgotten: counts, told_by: z.array(z.string()) }),
  limit: TASK_TIMEOUT,
  async run({ uuid, group_id }, { memory, group: groupOf, note }) {
    const forgotten = await memory.forget({ fact: uuid }, { group: groupOf(group_id), timeoutMs: TASK_TIMEOUT });
    const masked = forgotten.maskedEpisodes.map(({ uuid }) => uuid);
    if (masked.length > 0)
      note(
        'The episodes in told_by stay without the sentences of this fact; they may say it in other words. delete_episode removes them.',
      );
    const similar = forgotten.similar.map(({ uuid }) => uuid);
    if (similar.length > 0)
      note(
        `These episodes stay as they are, with a sentence that says this and more: ${listed(similar)}. delete_episode removes them.`,
      );
    const message = `Entity edge with UUID ${uuid} deleted successfully`;
    return { message, forgotten: countsOf(forgotten), told_by: masked };
  },
});

const MOST_LISTED = 20;

const listed = (uuids: readonly string[]): string =>
  [
    ...uuids.slice(0, MOST_LISTED),
    ...(uuids.length > MOST_LISTED ? [`and ${uuids.length - MOST_LISTED} more`] : []),
  ].join(', ');

/** Milliseconds for all memories of a call, within the tool's limit. */
const CLEARS_WITHIN = 45 * SECOND;

export const clearGraphTool = defineTool({
  name: 'clear_graph',
  title: 'Forget everything',
  description: 'Forgets all episodes, entities and facts of a memory. Cannot be undone. Ask the user first.',
  effect: 'removes',
  input: z.object({ group_ids: z.optional(listArgument('The memories to clear')) }),
  output: replyShape({ episodes: z.number(), entities: z.number(), done: z.boolean() }),
  limit: TASK_TIMEOUT,
  async run({ group_ids }, { memory, groups, group: groupOf }) {
    const names = groups(group_ids ?? [groupOf(undefined)]).map(checkGroup);
    const until = performance.now() + CLEARS_WITHIN;
    const removed = { episodes: 0, entities: 0, done: true };
    for (const name of names) {
      const cleared = await clear(memory, name, Math.max(1, Math.round(until - performance.now())));
      removed.episodes += cleared?.episodes ?? 0;
      removed.entities += cleared?.entities ?? 0;
      removed.done &&= cleared !== undefined;
    }
    const message = removed.done
      ? `Graph data cleared successfully for group IDs: ${names.join(', ')}`
      : 'A worker is still clearing the data; call clear_graph again.';
    return { message, ...removed };
  },
});

const NOTHING = { episodes: 0, entities: 0 };

/** Forgets a whole memory, in one task of a worker. Undefined if the worker needs longer; it continues. */
async function clear(memory: MemoryManager, group: string, timeoutMs: number) {
  try {
    return await memory.forgetGroup(group, { timeoutMs });
  } catch (error) {
    if (error instanceof TimedOutError) return undefined;
    // The memory has no stored data, so there is nothing to clear.
    if (error instanceof InvalidInputError) return NOTHING;
    throw error;
  }
}
