import type { Span as DatadogSpan, Tracer } from 'dd-trace';
import type { Carrier } from './carrier.ts';
import { redactError } from './redact-error.ts';
import { tracer } from './tracer.ts';

/** A piece of work that is seen in Datadog. Without a tracer every call does nothing. */
export interface Span {
  tag(name: string, value: string | number | boolean): void;
  /** Joins it with a span of another trace. */
  link(other: Carrier | undefined): void;
}

export interface SpanOptions {
  /** What the work was done for; default: the name's last part. Few different ones: never an id or content. */
  readonly resource?: string;
  readonly tags?: Readonly<Record<string, string | number | boolean>>;
  /** The span that it belongs to where none is active here, or in any case with `detached`. */
  readonly childOf?: Carrier | undefined;
  /** True: a child of `childOf` whatever is active. */
  readonly detached?: boolean;
  readonly links?: readonly (Carrier | undefined)[];
}

const NO_SPAN: Span = { tag: () => {}, link: () => {} };

/** Does `work` within a span; its failure is noted without anything that could be content. */
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
        // Last: what is noted of a span after its end is not sent.
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
