export type Tags = Readonly<Record<string, string>>;

/** A sink for metrics. Implementations must never throw: a metric must not break an answer. */
export interface Metrics {
  /** Counts something that happened, once or `by` times. */
  increment(name: CounterName, tags?: Tags, by?: number): void;
  /** Notes how long a stage took, in milliseconds, or how much of something there was. */
  record?(name: DistributionName, value: number, tags?: Tags): void;
  /** Says how much of something there is now. */
  gauge?(name: GaugeName, value: number, tags?: Tags): void;
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
  /** Recalls for prompts of agents, by `outcome` (meaning, words, late, failed). */
  | 'opencode.memory.recall'
  | 'opencode.memory.memo.hit'
  | 'opencode.memory.memo.miss'
  | 'opencode.memory.episodes.committed'
  /** Texts that were embedded once more, since the memory's embedder is changed. */
  | 'opencode.memory.reembed.texts'
  /** By `queue` and `fate` (the failure policy: waits, retried, given up). */
  | 'opencode.memory.jobs.failed'
  | 'opencode.memory.spool.drained'
  | 'opencode.memory.schedule.ticks'
  /** Worn vector indexes that were rebuilt, by `label`. */
  | 'opencode.memory.indexes.renewed'
  /** Restore tests of nightly archives, by `outcome` (whole, failed). */
  | 'opencode.memory.archive.drills'
  /** Written into the store of archives. */
  | 'opencode.memory.archive.bytes'
  /** Uploads that were sent once more. */
  | 'opencode.memory.archive.retries'
  /** What differed between archives and their manifests, by `step`. */
  | 'opencode.memory.archive.problems';

/** Milliseconds by `stage` (record, extract, embed, commit, write …); episodes in a commit. */
export type DistributionName =
  | 'opencode.memory.stage'
  | 'opencode.memory.commit.episodes'
  /** Milliseconds by `step` (export, put, verify, drill, load …) and `outcome` (ok, failed). */
  | 'opencode.memory.archive.duration';

export type GaugeName =
  /** Jobs by `queue` and `state`. */
  | 'opencode.memory.queue.jobs'
  /** Seconds. */
  | 'opencode.memory.queue.oldest_waiting'
  | 'opencode.memory.last_commit_age'
  | 'opencode.memory.spool.episodes'
  /** Seconds since the last successful restore test, of the memory whose last test is oldest. */
  | 'opencode.memory.archive.verified_age'
  /** By `model`: 0 closed, 1 half open, 2 open. */
  | 'opencode.memory.model.breaker';

export type MetricName = CounterName;

/** For callers who want no figures. */
export const NO_METRICS: Metrics = { increment: () => {} };

/** Counts in this process, by name, without tags. */
export function countingMetrics(): Metrics & { count(name: MetricName): number } {
  const counts = new Map<MetricName, number>();
  return {
    increment: (name, _tags, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    count: (name) => counts.get(name) ?? 0,
  };
}
