import { randomUUID } from 'node:crypto';
import type { Span as DatadogSpan, Tracer } from 'dd-trace';
import { parseJson } from '../json.ts';
import { redactError } from './redact-error.ts';

/**
 * The tracer of this process, if one was started, by us or by the program that uses the library. dd-trace itself keeps it in this
 * global, so that all copies of a library share one; therefore it is not a parameter.
 */
export function tracer(): Tracer | undefined {
  return (globalThis as { _ddtrace?: Tracer })._ddtrace;
}

/** Trace context that travels with a job: W3C's `traceparent` and Datadog's own keys. */
export type Carrier = Readonly<Record<string, string>>;

/**
 * The context of the active span; without one, as in a process without a tracer, `fallback` or else the start of a new trace (W3C
 * Trace Context, 3.2), which the worker continues.
 */
export function carrier(fallback?: Carrier): Carrier {
  const datadog = tracer();
  const active = datadog?.scope().active();
  if (!datadog || !active) return fallback ?? { traceparent: `00-${digits()}-${digits().slice(16)}-01` };
  const injected: Record<string, string> = {};
  datadog.inject(active, 'text_map', injected);
  return injected;
}

/** 32 hexadecimal digits. `randomUUID` uses Node's pool of random bytes, which is ten times faster than `randomBytes`. */
const digits = (): string => randomUUID().replaceAll('-', '');

/** The trace id in hexadecimal digits, as the log and `dead-letter show` print it. */
export function traceIdOf(carrier: Carrier | undefined): string | undefined {
  return /^00-([0-9a-f]{32})-/.exec(carrier?.traceparent ?? '')?.[1];
}

/** A carrier in a job's options, where dd-trace's plugin for BullMQ expects it. */
export function jobTelemetry(carried: Carrier): { metadata: string; omitContext: true } {
  return { metadata: JSON.stringify({ _datadog: carried }), omitContext: true };
}

/** @param telemetry a job's `opts.telemetry` */
export function carrierOf(telemetry: { metadata?: string } | undefined): Carrier | undefined {
  return (parseJson(telemetry?.metadata ?? '{}') as { _datadog?: Carrier } | null | undefined)?._datadog;
}

/** A span in Datadog. Without a tracer its methods do nothing. */
export interface Span {
  tag(name: string, value: string | number | boolean): void;
  /** Links the span to a span of another trace. */
  link(other: Carrier | undefined): void;
}

export interface SpanOptions {
  /** The purpose of the work; default: the last part of the name. Few distinct values: never an id or content. */
  readonly resource?: string;
  readonly tags?: Readonly<Record<string, string | number | boolean>>;
  /** The parent if no span is active here, or in any case with `detached`. */
  readonly childOf?: Carrier | undefined;
  /** True: `childOf` is the parent even if another span is active. */
  readonly detached?: boolean;
  readonly links?: readonly (Carrier | undefined)[];
}

const NO_SPAN: Span = { tag: () => {}, link: () => {} };

/** Does `work` in a span. A failure is recorded without anything that could be content. */
export function trace<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  const datadog = tracer();
  if (!datadog) return work(NO_SPAN);
  const { resource = name.slice(name.lastIndexOf('.') + 1), tags, childOf, detached = false, links = [] } = options;
  const active = datadog.scope().active();
  const parent = active && !detached ? active : extract(datadog, childOf);
  const span = datadog.startSpan(name, {
    ...(parent && { childOf: parent }),
    tags: { 'resource.name': resource, 'span.type': 'worker', ...tags },
  });
  for (const other of links) link(datadog, span, other);
  const fail = (error: unknown): never => {
    const { name: type, message } = redactError(error);
    span.addTags({ error: true, 'error.type': type, 'error.message': message });
    throw error;
  };
  const own: Span = { tag: (key, value) => void span.setTag(key, value), link: (other) => link(datadog, span, other) };
  return datadog.scope().activate(span, () => {
    try {
      const result = work(own);
      if (!(result instanceof Promise)) return end(span, result);
      return result.catch(fail).finally(() => span.finish()) as T;
    } catch (error) {
      try {
        return fail(error);
      } finally {
        // Last: tags set after the end of a span are not sent.
        span.finish();
      }
    }
  });
}

function end<T>(span: DatadogSpan, result: T): T {
  span.finish();
  return result;
}

function extract(datadog: Tracer, carrier: Carrier | undefined) {
  return carrier && (datadog.extract('text_map', carrier) ?? undefined);
}

function link(datadog: Tracer, span: DatadogSpan, other: Carrier | undefined): void {
  const context = extract(datadog, other);
  if (context) span.addLink({ context });
}

/**
 * Does the work of one of the library's public functions in a span.
 * @param resource the function's name in snake_case
 */
export function traceRequest<T>(resource: string, work: () => Promise<T>): Promise<T> {
  return trace('memory.request', { resource }, work);
}
