import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isOperationalError } from '../src/errors.ts';
import type { Graphs } from '../src/graph/graphs.ts';
import type { Journal } from '../src/journal/journal.ts';
import { lossesOf, recordedGroups } from '../src/journal/lost-changes.ts';
import { replayTail } from '../src/journal/replay-tail.ts';
import { readCheckedServer, recordCheckedServer } from '../src/journal/server-change.ts';
import { mapConcurrently } from '../src/map-concurrently.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { redactError } from '../src/telemetry/redact-error.ts';
import { MINUTE, SECOND } from '../src/time.ts';
import { isAboutServer } from '../src/valkey/failures.ts';
import { installationKey } from '../src/valkey/keys.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { acquireLocks, releaseCall, renewCall } from '../src/valkey/lock.ts';
import { type PeriodicWork, runPeriodically } from './run-periodically.ts';

/*
 * Graphs that lost their last changes are noticed and repaired here.
 *
 * A FalkorDB that took over, or that was restarted, may lack the last changes of any graph. It shows a new identity (`server-change.ts`). One worker
 * then compares every graph with its journal and replays what is missing; the identity is stored once all are done.
 * A loss in a single graph, as when an old copy was put in its place, is found by a commit or an export, which record it. These groups are
 * repaired in each round. A loss that the journal alone cannot repair stays recorded, for a rebuild.
 */

const PAUSE = 2 * SECOND;
/** Held while all graphs are compared, and renewed for each graph. */
const LOCK_LASTS = 1 * MINUTE;
const MOST_AT_ONCE = 4;

export interface GraphRepairParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly journal: Journal;
  readonly leases: Pick<Leases, 'take'>;
  readonly metrics: Metrics;
  readonly onNotice: (sentence: string) => void;
}

export function startGraphRepair(parts: GraphRepairParts, pause = PAUSE): PeriodicWork {
  const { graphs, valkey, metrics, onNotice } = parts;
  let isEnded = false;
  let lastMessage = '';
  /** A graph whose lease is held for long is left to a later round, which need not compare the others again. */
  let compared = { identity: '', groups: new Set<string>() };

  const { end } = runPeriodically(pause, async () => {
    try {
      const losses = await lossesOf(valkey);
      metrics.gauge?.('opencode.memory.graphs.lost', losses.length);
      const repairable = losses.filter(({ isUnrepaired }) => !isUnrepaired).map(({ group }) => group);
      const identity = await graphs.identity();
      if (identity !== undefined && identity !== (await readCheckedServer(valkey)))
        await checkAll(identity, repairable);
      else for (const group of repairable) await repair(group);
      lastMessage = '';
    } catch (error) {
      // Tried again in the next round. A server that is away is reported by its own check, and at the end connections are closed.
      if (isEnded || isOperationalError(error) || isAboutServer(error)) return;
      const { message } = redactError(error);
      if (message !== lastMessage) onNotice(message);
      lastMessage = message;
    }
  });

  /** The graph of each memory, one worker for all; another one continues if this worker dies. */
  async function checkAll(identity: string, lost: readonly string[]): Promise<void> {
    const [key, owner] = [installationKey(valkey, 'journal:checking'), randomUUID()];
    const [lock] = await acquireLocks(valkey, [key], owner, LOCK_LASTS);
    if (!lock?.isOwner) return;
    if (compared.identity !== identity) compared = { identity, groups: new Set() };
    const { groups: done } = compared;
    try {
      for (const group of lost) done.delete(group);
      const groups = (await recordedGroups(valkey)).filter((group) => !done.has(group));
      // First all that lost changes, so that health and status know them.
      const lacking = await mapConcurrently(groups, MOST_AT_ONCE, async (group) => {
        const isLost = await parts.journal.lacksTail(group, graphs.group(group));
        return isLost ? group : undefined;
      });
      const failures: unknown[] = [];
      const first = new Set(lacking.filter((group) => group !== undefined));
      metrics.gauge?.('opencode.memory.graphs.lost', (await lossesOf(valkey)).length);
      await mapConcurrently([...first, ...groups.filter((group) => !first.has(group))], MOST_AT_ONCE, async (group) => {
        if (isEnded || (await valkey.eval(...renewCall(key, owner, LOCK_LASTS))) !== 1) return;
        try {
          await repair(group);
          done.add(group);
        } catch (error) {
          failures.push(error);
        }
      });
      if (failures.length > 0) throw failures[0];
      // Not if FalkorDB was replaced again meanwhile, or another worker took over.
      const isHeld = (await valkey.eval(...renewCall(key, owner, LOCK_LASTS))) === 1;
      if (!isEnded && isHeld && (await graphs.identity()) === identity) await recordCheckedServer(valkey, identity);
    } finally {
      await valkey.eval(...releaseCall(key, owner, 'released')).catch(() => {});
    }
  }

  async function repair(group: string): Promise<void> {
    const lease = await parts.leases.take(group);
    try {
      const { outcome, changes } = await replayTail(valkey, parts.journal, graphs.group(group), lease);
      if (outcome === 'impossible')
        return onNotice(
          `The graph of the memory "${group}" lacks changes that the journal alone cannot restore; run \`memory-manager archive rebuild --replace --group ${group}\`.`,
        );
      if (changes === 0) return;
      metrics.increment('opencode.memory.journal.replayed', {}, changes);
      onNotice(
        `The graph of the memory "${group}" lacked ${changes === 1 ? '1 change' : `${changes} changes`} that it had applied, as after a failover of FalkorDB; they were replayed from the journal.`,
      );
    } finally {
      await lease.release();
    }
  }

  return {
    end() {
      isEnded = true;
      return end();
    },
  };
}
