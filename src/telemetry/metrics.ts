/** Where counts go. Implementations must never throw: a metric cannot break an answer. */
export interface Metrics {
  increment(name: MetricName, tags?: Readonly<Record<string, string>>): void;
}

export type MetricName = 'opencode.memory.cache_hit' | 'opencode.memory.cache_miss';

/** Counts in this process, by name; the tags are left aside. */
export function countingMetrics(): Metrics & { count(name: MetricName): number } {
  const counts = new Map<MetricName, number>();
  return {
    increment: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    count: (name) => counts.get(name) ?? 0,
  };
}
