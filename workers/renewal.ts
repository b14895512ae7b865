import type { Graphs } from '../src/graph/graphs.ts';
import { isWornByDay, renewIndexes } from '../src/graph/renew.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { SECOND } from '../src/time.ts';
import { regularly } from './regularly.ts';

const PAUSE = 10 * SECOND;

export interface Renewal {
  /** Episodes were committed to the group's graph. */
  touched(group: string): void;
  end(): Promise<void>;
}

/** Regularly checks the vector indexes of graphs that were written to, and rebuilds worn ones. */
export function startRenewal(graphs: Pick<Graphs, 'group'>, metrics: Metrics, pause = PAUSE): Renewal {
  const touched = new Set<string>();
  const { end } = regularly(pause, async () => {
    for (const group of [...touched]) {
      touched.delete(group);
      try {
        for (const label of await renewIndexes(graphs.group(group), isWornByDay))
          metrics.increment('opencode.memory.indexes.renewed', { label });
      } catch {
        // The graph is unavailable; the other graphs come first before the next try.
        touched.add(group);
      }
    }
  });
  return { touched: (group) => touched.add(group), end };
}
