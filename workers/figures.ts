import type { Producer } from '../src/queue/producer.ts';
import type { Spool } from '../src/queue/spool/spool.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import { SECOND } from '../src/time.ts';

/** Says how much there is of what only Valkey and the disk know. While Valkey is away, less. Never throws. */
export async function noteFigures(producer: Producer, spool: Spool, metrics: Metrics): Promise<void> {
  try {
    metrics.gauge?.('opencode.memory.spool.episodes', spool.count());
    const { lastCommit, now } = await producer.alive();
    if (lastCommit !== null) metrics.gauge?.('opencode.memory.last_commit_age', (now - lastCommit) / SECOND);
    const verified = [...(await producer.nights.restoreTests()).values()].flatMap(
      (drill) => drill.verified?.at.getTime() ?? [],
    );
    if (verified.length > 0)
      metrics.gauge?.('opencode.memory.archive.verified_age', (now - Math.min(...verified)) / SECOND);
    for (const queue of ['store', 'export'] as const) {
      const [counts, since] = await Promise.all([producer.counts(queue), producer.oldestWaiting(queue)]);
      for (const [state, count] of Object.entries(counts))
        metrics.gauge?.('opencode.memory.queue.jobs', count, { queue, state });
      const waited = since === null ? 0 : Math.max(0, now - since) / SECOND;
      metrics.gauge?.('opencode.memory.queue.oldest_waiting', waited, { queue });
    }
  } catch {
    // The metrics stand still meanwhile, and `/health` says why.
  }
}

/** Texts in Prometheus' format as one: of several queues each has the same metrics, of which it wants all values together. */
export function joined(texts: readonly string[]): string {
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
