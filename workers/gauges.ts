import { openNightlyExports } from '../src/queue/nightly-exports.ts';
import { jobCounts, liveWorkers, oldestWaiting, spendingToday } from '../src/queue/queue-state.ts';
import type { OpenQueues } from '../src/queue/queues.ts';
import type { Spool } from '../src/queue/spool/spool.ts';
import { countOutcomes, readOutcomes } from '../src/telemetry/agent-outcomes.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { HOUR, SECOND } from '../src/time.ts';
import { withTimeout } from '../src/with-timeout.ts';

/** A server that has not answered by then counts as down. */
const ANSWERS_WITHIN = 2 * SECOND;

/** Reports which servers answer. Never throws. */
export async function reportServers(
  pings: Readonly<Record<'valkey' | 'falkordb', () => Promise<unknown>>>,
  metrics: Metrics,
): Promise<void> {
  const report = async (server: 'valkey' | 'falkordb') => {
    const answer = pings[server]().then(
      () => true,
      () => false,
    );
    const isUp = await withTimeout(ANSWERS_WITHIN, answer, () => false);
    metrics.gauge?.('opencode.memory.server.up', isUp ? 1 : 0, { server });
  };
  await Promise.all([report('valkey'), report('falkordb')]);
}

/** Reports gauges that are read from Valkey, the spool and the agents' outcomes in `home`. While Valkey is down, fewer. Never throws. */
export async function reportGauges(queues: OpenQueues, spool: Spool, metrics: Metrics, home: string): Promise<void> {
  try {
    reportAgents(home, metrics);
    metrics.gauge?.('opencode.memory.spool.episodes', spool.count());
    const { lastCommit, now } = await liveWorkers(queues);
    if (lastCommit !== null) metrics.gauge?.('opencode.memory.last_commit_age', (now - lastCommit) / SECOND);
    const verified = [...(await openNightlyExports(queues).restoreTests()).values()].flatMap(
      (drill) => drill.verified?.at.getTime() ?? [],
    );
    if (verified.length > 0)
      metrics.gauge?.('opencode.memory.archive.verified_age', (now - Math.min(...verified)) / SECOND);
    const { budget } = await spendingToday(queues);
    if (budget) {
      metrics.gauge?.('opencode.memory.budget.spent', budget.spent);
      metrics.gauge?.('opencode.memory.budget.limit', budget.limit);
    }
    for (const queue of ['store', 'export'] as const) {
      const [counts, since] = await Promise.all([jobCounts(queues, queue), oldestWaiting(queues, queue)]);
      for (const [state, count] of Object.entries(counts))
        metrics.gauge?.('opencode.memory.queue.jobs', count, { queue, state });
      const waited = since === null ? 0 : Math.max(0, now - since) / SECOND;
      metrics.gauge?.('opencode.memory.queue.oldest_waiting', waited, { queue });
    }
  } catch {
    // The metrics keep their values meanwhile, and `/health` says why.
  }
}

/** Of the last hour, on this machine. Each combination is set, also to 0: a gauge that is no longer set keeps its value. */
function reportAgents(home: string, metrics: Metrics): void {
  const outcomes = readOutcomes(home);
  const recent = outcomes.filter(({ at }) => at > Date.now() - HOUR);
  for (const host of new Set(outcomes.map((outcome) => outcome.host)))
    for (const work of ['capture', 'recall'] as const) {
      const counts = countOutcomes(
        recent.filter((outcome) => outcome.host === host),
        work,
      );
      for (const [outcome, count] of Object.entries(counts))
        metrics.gauge?.('opencode.memory.agent.outcomes', count, { host, work, outcome });
    }
}

/** Joins texts in Prometheus' format: all queues have the same metrics, and Prometheus needs all values of a metric together. */
export function mergeMetrics(texts: readonly string[]): string {
  const metrics = new Map<string, { about: Set<string>; values: string[] }>();
  for (const line of texts.join('\n').split('\n')) {
    const name = /^(?:# (?:HELP|TYPE) )?([\w:]+)/.exec(line)?.[1];
    if (name === undefined) continue;
    const metric = metrics.get(name) ?? { about: new Set(), values: [] };
    metrics.set(name, metric);
    if (line.startsWith('#')) metric.about.add(line);
    else metric.values.push(line);
  }
  return [...metrics.values()].flatMap(({ about, values }) => [...about, ...values, '']).join('\n');
}
