import type { PageContext } from './handlers.ts';
import type { Checked } from './schemas.ts';
import { costOfUse } from './sessions.ts';

/** What it cost to read the texts that were added since a time, and what all workers have spent today. */
export async function readSpending({ memory }: PageContext, { group, since }: Checked<'spending'>) {
  const [use, { valkey }] = await Promise.all([
    memory.episodes.getUse(new Date(since), { group }),
    memory.getStatus({ group }),
  ]);
  return {
    episodes: use.episodes,
    cost: costOfUse(use.calls, memory.config.prices),
    spentToday: valkey.ok ? valkey.spentToday : null,
    limit: valkey.ok ? (valkey.budget?.limit ?? null) : null,
  };
}
