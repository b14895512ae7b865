import type { PageContext } from './handlers.ts';
import type { CallInput } from './schemas.ts';
import { costOfUse } from './sessions.ts';

/** The cost of reading the texts that were added since a time. */
export async function readCostSince({ memory }: PageContext, { group, since }: CallInput<'spending'>) {
  const use = await memory.episodes.getUse(new Date(since), { group });
  return { episodes: use.episodes, cost: costOfUse(use.calls, memory.config.prices) };
}
