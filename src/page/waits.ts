import { isOperationalError } from '../errors.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import type { MemoryManager } from '../memory.ts';
import type { WaitState } from './schemas.ts';

const AT_ONCE = 4;
/** Maximum number of unread episodes of a list that are looked up in the queue, latest first. */
const LOOKED_UP = 40;

/** No reason is known for an episode without a job, such as one that Graphiti wrote. */
export async function waitOf(memory: MemoryManager, uuid: string, group: string | undefined): Promise<WaitState> {
  try {
    const { state, reason = null } = await memory.episodes.getState(uuid, { group });
    return { isFailed: state === 'failed', reason };
  } catch (error) {
    if (!isOperationalError(error)) throw error;
    return { isFailed: false, reason: null };
  }
}

/** The failures of unread episodes of a list, by uuid. Nothing is looked up while the queue has no dead letters. */
export async function failuresOf(memory: MemoryManager, uuids: readonly string[], group: string | undefined) {
  if (uuids.length === 0 || !(await hasDeadLetters(memory))) return new Map<string, WaitState>();
  const waits = await mapConcurrently(
    uuids.slice(0, LOOKED_UP),
    AT_ONCE,
    async (uuid) => [uuid, await waitOf(memory, uuid, group)] as const,
  );
  return new Map(waits);
}

async function hasDeadLetters(memory: MemoryManager): Promise<boolean> {
  try {
    return (await memory.getJobCounts('store')).failed > 0;
  } catch (error) {
    if (!isOperationalError(error)) throw error;
    return false;
  }
}
