import type { Redis } from 'ioredis';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';
import { DAY } from '../time.ts';
import { groupKey } from '../valkey/keys.ts';
import { writeCached } from './cache.ts';

const shape = z.object({
  /** `claude-code`, `opencode`, `mcp` or another. */
  host: z.string(),
  session: z.nullable(z.string()),
  /** Milliseconds since 1970. */
  at: z.number(),
  text: z.string(),
});

/** The last briefing that an agent got of a group, for people who look into their memory. */
export type DeliveredBriefing = z.output<typeof shape>;

const KEPT = 30 * DAY;

/**
 * Among the group's cached answers, so that whatever removes those removes this text too: `forget`, `redact`, and erasing the group.
 * Unlike them the text outlives later commits, since it records what was delivered, not what is true.
 */
const deliveredKey = (valkey: Redis, group: string): string => `${groupKey(valkey, 'query', group)}:told`;

/**
 * Stored only if the group still has the version that the briefing was made of: the briefing of an earlier version may contain what was
 * forgotten meanwhile.
 */
export async function writeDelivered(
  valkey: Redis,
  group: string,
  version: string,
  delivered: DeliveredBriefing,
): Promise<void> {
  await writeCached(valkey, group, deliveredKey(valkey, group), {
    version,
    answer: JSON.stringify(delivered),
    ttlMs: KEPT,
  });
}

export async function readDelivered(valkey: Redis, group: string): Promise<DeliveredBriefing | undefined> {
  const kept = await valkey.get(deliveredKey(valkey, group));
  return kept === null ? undefined : shape.safeParse(parseJson(kept.slice(kept.indexOf('\n') + 1))).data;
}
