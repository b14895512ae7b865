import type { Graphs } from '../src/graph/graphs.ts';
import { needsRebuildByDay, renewIndexes } from '../src/graph/renew-indexes.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { SECOND } from '../src/time.ts';
import type { Leases } from '../src/valkey/lease.ts';
import { runPeriodically } from './run-periodically.ts';

const PAUSE = 10 * SECOND;

export interface IndexRenewal {
  /** Episodes were committed to the group's graph. */
  touched(group: string): void;
  end(): Promise<void>;
}

/** Regularly checks the vector indexes of graphs that were written to, and rebuilds worn ones. */
export function startIndexRenewal(
  { graphs, leases }: { readonly graphs: Pick<Graphs, 'group'>; readonly leases: Pick<Leases, 'take'> },
  metrics: Metrics,
  pause = PAUSE,
): IndexRenewal {
  const touched = new Set<string>();
  const { end } = runPeriodically(pause, async () => {
    for (const group of [...touched]) {
      touched.delete(group);
      try {
        for (const label of await renewIndexes(graphs.group(group), leases, needsRebuildByDay))
          metrics.increment('opencode.memory.indexes.renewed', { label });
      } catch {
        // The graph is unavailable, or its lease is taken; the other graphs come first before the next try.
        touched.add(group);
      }
    }
  });
  return { touched: (group) => touched.add(group), end };
}
