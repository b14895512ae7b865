import { randomUUID } from 'node:crypto';
import { tracer } from './tracer.ts';

/** Trace context that travels with a job: W3C's `traceparent` and Datadog's own keys. */
export type Carrier = Readonly<Record<string, string>>;

/**
 * Of the active span; without one, as in a process without a tracer, `other` or else the beginning of a new trace (W3C Trace Context,
 * 3.2), which the worker then goes on with.
 */
export function carrier(fallback?: Carrier): Carrier {
  const datadog = tracer();
  const active = datadog?.scope().active();
  if (!datadog || !active) return fallback ?? { traceparent: `00-${digits()}-${digits().slice(16)}-01` };
  const injected: Record<string, string> = {};
  datadog.inject(active, 'text_map', injected);
  return injected;
}

/** 32 hexadecimal digits. A uuid is drawn from what Node keeps ready, ten times faster than random bytes. */
const digits = (): string => randomUUID().replaceAll('-', '');

/** The trace's number in hexadecimal digits, as the log and `dead-letter show` name it. */
export function traceIdOf(carrier: Carrier | undefined): string | undefined {
  return /^00-([0-9a-f]{32})-/.exec(carrier?.traceparent ?? '')?.[1];
}

/** How a carrier stands among a job's options, where dd-trace's plugin for BullMQ looks for it too. */
export function jobTelemetry(carried: Carrier): { metadata: string; omitContext: true } {
  return { metadata: JSON.stringify({ _datadog: carried }), omitContext: true };
}

/** @param telemetry a job's `opts.telemetry` */
export function carrierOf(telemetry: { metadata?: string } | undefined): Carrier | undefined {
  try {
    return (JSON.parse(telemetry?.metadata ?? '{}') as { _datadog?: Carrier })._datadog;
  } catch {
    return undefined;
  }
}
