import type { Metrics } from './metrics.ts';
import { tracer } from './tracer.ts';

/** To Datadog's agent, as soon as the process has a tracer; nowhere until then. The tracer gathers and sends every ten seconds. */
export const DOGSTATSD: Metrics = {
  increment: (name, tags, by = 1) => tracer()?.dogstatsd.increment(name, by, tags),
  record: (name, value, tags) => tracer()?.dogstatsd.distribution(name, value, tags),
  gauge: (name, value, tags) => tracer()?.dogstatsd.gauge(name, value, tags),
};
