import * as z from 'zod/mini';
import type { Forgotten } from '../../../memory/forget.ts';
import type { MemoryManager } from '../../../memory.ts';
import { SECOND } from '../../../time.ts';
import { text, texts } from '../arguments.ts';
import { replyShape } from '../shapes.ts';
import { DONE_WITHIN, defineTool } from '../tool.ts';

const group = z.optional(text('The memory that it is in'));
const counts = z.looseObject({ episodes: z.number(), facts: z.number(), entities: z.number() });

/** How much went. What it said is not told once more. */
const countsOf = ({ episodes, facts, entities, keptFacts, reopenedFacts, summaries }: Forgotten) => ({
  ...{ episodes: episodes.length, facts: facts.length, entities: entities.length },
  ...{ kept_facts: keptFacts, reopened_facts: reopenedFacts, summaries },
});

export const deleteEpisode = defineTool({
  name: 'delete_episode',
  title: 'Forget an episode',
  description: 'Takes an episode out of the memory, with all that nothing else supports. Cannot be undone.',
  effect: 'removes',
  input: z.object({ uuid: text('uuid of the episode'), group_id: group }),
  output: replyShape({ forgotten: counts }),
  limit: DONE_WITHIN,
  async run({ uuid, group_id }, { memory, group: groupOf }) {
    const forgotten = await memory.forget({ episode: uuid }, { group: groupOf(group_id), timeoutMs: DONE_WITHIN });
    return { message: `Episode with UUID ${uuid} deleted successfully`, forgotten: countsOf(forgotten) };
  },
});

export const deleteEntityEdge = defineTool({
  name: 'delete_entity_edge',
  title: 'Forget a fact',
  description: 'Takes one fact out of the memory, at all times at which it held. Cannot be undone.',
  effect: 'removes',
  input: z.object({ uuid: text('uuid of the fact'), group_id: group }),
  output: replyShape({ forgotten: counts, told_by: z.array(z.string()) }),
  limit: DONE_WITHIN,
  async run({ uuid, group_id }, { memory, group: groupOf, note }) {
    const forgotten = await memory.forget({ fact: uuid }, { group: groupOf(group_id), timeoutMs: DONE_WITHIN });
    const remaining = forgotten.telling.map((episode) => episode.uuid);
    if (remaining.length > 0)
      note('The texts of the episodes in told_by say it still; delete_episode takes them out too.');
    const message = `Entity edge with UUID ${uuid} deleted successfully`;
    return { message, forgotten: countsOf(forgotten), told_by: remaining };
  },
});

const AT_ONCE = 8;
const STOPS_AFTER = 30 * SECOND;

export const clearGraph = defineTool({
  name: 'clear_graph',
  title: 'Forget everything',
  description: 'Forgets all episodes, entities and facts of a memory. Cannot be undone. Ask the user first.',
  effect: 'removes',
  input: z.object({ group_ids: z.optional(texts('The memories to clear')) }),
  output: replyShape({ episodes: z.number(), entities: z.number(), done: z.boolean() }),
  limit: DONE_WITHIN,
  async run({ group_ids }, { memory, groups, group: groupOf }) {
    const names = groups(group_ids ?? [groupOf(undefined)]);
    const until = performance.now() + STOPS_AFTER;
    const gone = { episodes: 0, entities: 0, done: true };
    for (const name of names) {
      const cleared = await clear(memory, name, until);
      gone.episodes += cleared.episodes;
      gone.entities += cleared.entities;
      gone.done &&= cleared.done;
    }
    const message = gone.done
      ? `Graph data cleared successfully for group IDs: ${names.join(', ')}`
      : `${gone.episodes} episodes are forgotten and more are left; call clear_graph again.`;
    return { message, ...gone };
  },
});

/** By forgetting each: so nothing stays in archives, memos or the queue's past that could bring it back. */
async function clear(memory: MemoryManager, group: string, until: number) {
  const options = { group, timeoutMs: DONE_WITHIN };
  let [episodes, entities] = [0, 0];
  while (performance.now() < until) {
    const next = await memory.episodes.list({ group, limit: AT_ONCE });
    await Promise.all(next.map(({ uuid }) => memory.forget({ episode: uuid }, options)));
    episodes += next.length;
    if (next.length > 0) continue;
    // Those that no episode speaks of, such as imported ones.
    const [left] = await memory.getEntities(undefined, { group, limit: 1, cache: false });
    if (!left) return { episodes, entities, done: true };
    await memory.forget({ entity: left.uuid }, options);
    entities += 1;
  }
  return { episodes, entities, done: false };
}
