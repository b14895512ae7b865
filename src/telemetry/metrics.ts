import { tracer } from './tracing.ts';

export type MetricTags = Readonly<Record<string, string>>;

/** A sink for metrics. Implementations must never throw: a metric must not break an answer. */
export interface Metrics {
  /** Counts an event, once or `by` times. */
  increment(name: CounterName, tags?: MetricTags, by?: number): void;
  /** Records one value of a distribution: a duration in milliseconds, or a size. */
  record?(name: DistributionName, value: number, tags?: MetricTags): void;
  /** Sets the current value. */
  gauge?(name: GaugeName, value: number, tags?: MetricTags): void;
}

export type CounterName =
  | 'opencode.memory.cache_hit'
  | 'opencode.memory.cache_miss'
  /** By `model`, `purpose` and `outcome` (ok, failed, refused by the breaker). */
  | 'opencode.memory.model.calls'
  /** By `model`, `purpose` and `kind` (prompt, completion). */
  | 'opencode.memory.model.tokens'
  /** Dollars, by `model`. */
  | 'opencode.memory.model.cost'
  /** Rows of replies that could not be read and were left out, by `model` and `purpose`. */
  | 'opencode.memory.model.rows_dropped'
  /** Texts that got no vector because the embedder always fails on them, by `model`. */
  | 'opencode.memory.model.texts_skipped'
  /** Recalls for prompts of agents, by `outcome` (meaning, words, late, failed). */
  | 'opencode.memory.recall'
  | 'opencode.memory.memo.hit'
  | 'opencode.memory.memo.miss'
  | 'opencode.memory.episodes.committed'
  /** Episodes that were removed because they had expired, by `group`. */
  | 'opencode.memory.episodes.expired'
  /** Texts embedded again while the memory's embedder is changed. */
  | 'opencode.memory.reembed.texts'
  /** By `queue` and `fate`, the failure policy: waits (postponed), retried, given up (dead letter). */
  | 'opencode.memory.jobs.failed'
  | 'opencode.memory.spool.drained'
  | 'opencode.memory.schedule.ticks'
  /** Worn vector indexes that were rebuilt, by `label`. */
  | 'opencode.memory.indexes.renewed'
  /** Changes that a graph had lost, as after a failover of FalkorDB, and that were replayed from the journal. */
  | 'opencode.memory.journal.replayed'
  /** Restore tests of nightly archives, by `outcome` (whole, failed). */
  | 'opencode.memory.archive.drills'
  /** Bytes written to the archive store. */
  | 'opencode.memory.archive.bytes'
  /** Repeated uploads. */
  | 'opencode.memory.archive.retries'
  /** Differences between archives and their manifests, by `step`. */
  | 'opencode.memory.archive.problems';

/** Milliseconds by `stage` (record, extract, embed, commit, write …); episodes in a commit. */
export type DistributionName =
  | 'opencode.memory.stage'
  | 'opencode.memory.commit.episodes'
  /** Milliseconds by `step` (export, put, verify, drill, load …) and `outcome` (ok, failed). */
  | 'opencode.memory.archive.duration';

export type GaugeName =
  /** By `server` (valkey, falkordb): 1 while it answers, otherwise 0. */
  | 'opencode.memory.server.up'
  /** Jobs by `queue` and `state`. */
  | 'opencode.memory.queue.jobs'
  /** Seconds. */
  | 'opencode.memory.queue.oldest_waiting'
  | 'opencode.memory.last_commit_age'
  | 'opencode.memory.spool.episodes'
  /** Captures and recalls of this machine's agents in the last hour, by `host`, `work` (capture, recall) and `outcome` (ok, late, failed). */
  | 'opencode.memory.agent.outcomes'
  /** Memories whose graph lacks changes that it had applied. */
  | 'opencode.memory.graphs.lost'
  /** Seconds since the last successful restore test, of the memory whose last test is oldest. */
  | 'opencode.memory.archive.verified_age'
  /** Dollars: what workers have spent on models today (UTC), and may spend (MEMORY_BUDGET). */
  | 'opencode.memory.budget.spent'
  | 'opencode.memory.budget.limit'
  /** By `model`: 0 closed, 1 half open, 2 open. */
  | 'opencode.memory.model.breaker';

/** A sink that drops all metrics. */
export const NO_METRICS: Metrics = { increment: () => {} };

/** Counts in this process, by name, without tags. */
export function countingMetrics(): Metrics & { count(name: CounterName): number } {
  const counts = new Map<CounterName, number>();
  return {
    increment: (name, _tags, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    count: (name) => counts.get(name) ?? 0,
  };
}

/** Sends every metric to all sinks. Errors of a sink are ignored: a metric cannot break an answer. */
export function combineMetrics(...sinks: readonly (Metrics | undefined)[]): Metrics {
  const present = sinks.filter((sink) => sink !== undefined);
  const forEachSink = (send: (metrics: Metrics) => void) => {
    for (const metrics of present)
      try {
        send(metrics);
      } catch {
        // A metric cannot break an answer.
      }
  };
  return {
    increment: (name, tags, by) => forEachSink((metrics) => metrics.increment(name, tags, by)),
    record: (name, value, tags) => forEachSink((metrics) => metrics.record?.(name, value, tags)),
    gauge: (name, value, tags) => forEachSink((metrics) => metrics.gauge?.(name, value, tags)),
  };
}

/** Sends to Datadog's agent once the process has a tracer. The tracer sends every ten seconds. */
export const DOGSTATSD: Metrics = {
  increment: (name, tags, by = 1) => tracer()?.dogstatsd.increment(name, by, tags),
  record: (name, value, tags) => tracer()?.dogstatsd.distribution(name, value, tags),
  gauge: (name, value, tags) => tracer()?.dogstatsd.gauge(name, value, tags),
};
