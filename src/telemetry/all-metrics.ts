import type { Metrics } from './metrics.ts';

/** Sends every figure to each of them. What one of them throws is left aside: a metric cannot break an answer. */
export function allMetrics(...all: readonly (Metrics | undefined)[]): Metrics {
  const each = all.filter((one) => one !== undefined);
  const tell = (say: (metrics: Metrics) => void) => {
    for (const metrics of each)
      try {
        say(metrics);
      } catch {
        // Nobody waits for a figure.
      }
  };
  return {
    increment: (name, tags, by) => tell((metrics) => metrics.increment(name, tags, by)),
    record: (name, value, tags) => tell((metrics) => metrics.record?.(name, value, tags)),
    gauge: (name, value, tags) => tell((metrics) => metrics.gauge?.(name, value, tags)),
  };
}
