import type { Metrics } from './metrics.ts';

/** Sends every metric to all sinks. Errors of a sink are ignored: a metric cannot break an answer. */
export function allMetrics(...sinks: readonly (Metrics | undefined)[]): Metrics {
  const present = sinks.filter((sink) => sink !== undefined);
  const forEachSink = (send: (metrics: Metrics) => void) => {
    for (const metrics of present)
      try {
        send(metrics);
      } catch {
        // Ignored, as said above.
      }
  };
  return {
    increment: (name, tags, by) => forEachSink((metrics) => metrics.increment(name, tags, by)),
    record: (name, value, tags) => forEachSink((metrics) => metrics.record?.(name, value, tags)),
    gauge: (name, value, tags) => forEachSink((metrics) => metrics.gauge?.(name, value, tags)),
  };
}
