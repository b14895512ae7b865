import { journaledBefore, journaledGroups } from '../src/journal/lost-changes.ts';
import type { NightlyState } from '../src/queue/nightly-exports.ts';
import type { OpenQueues } from '../src/queue/queues.ts';
import type { RestoreTest } from '../src/schedule/restore-tests.ts';

/** Finds the memories that a night should have exported and did not. */
export type FindMissedExports = (
  night: NightlyState,
  restoreTests: ReadonlyMap<string, RestoreTest>,
) => Promise<string[]>;

/*
 * A night exports the memories of a listing. If the listing is wrong, the night's own counts still agree, so they are compared with two
 * records that do not come from the listing: restore tests and journals. Only those from before the night count, since a memory may be
 * newer than the night.
 */

/** Scans Valkey's keys once for each night. */
export function openMissedExportsCheck({ ask }: Pick<OpenQueues, 'ask'>): FindMissedExports {
  let scanned: { readonly tick: number; readonly journaled: readonly string[] } | undefined;

  return async ({ last, groups }, restoreTests) => {
    if (!last || !groups) return [];
    const [tick, exported] = [last.getTime(), new Set(groups)];
    if (scanned?.tick !== tick) {
      const unlisted = (await ask(journaledGroups)).filter((group) => !exported.has(group));
      scanned = { tick, journaled: await ask((valkey) => journaledBefore(valkey, unlisted, tick)) };
    }
    const tested = [...restoreTests].filter(([group, test]) => !exported.has(group) && testedAt(test) < tick);
    return [...new Set([...tested.map(([group]) => group), ...scanned.journaled])].sort();
  };
}

const testedAt = ({ verified, failed }: RestoreTest): number => (failed ?? verified)?.at.getTime() ?? Number.NaN;
