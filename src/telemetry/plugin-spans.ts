import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Span } from 'dd-trace';
import { redactError } from './redact-error.ts';

/** On which dd-trace 5 tells of every span just before it keeps it. */
const FINISH = 'dd-trace:span:finish';
/** What BullMQ takes for "not now": the job waits, and nothing has failed. */
const NOT_NOW = ['DelayedError', 'RateLimitError', 'WaitingError', 'WaitingChildrenError'];

/**
 * Takes out of the spans of dd-trace's plugin for BullMQ what could be content: it notes what a job threw with its message and its
 * stack. Works for a tracer that is started before or after, by us or by the program around us.
 * @returns what ends it
 */
export function redactPluginSpans(): () => void {
  // A function of each caller's own: one that ends must not end it for the others.
  const redact = (span: unknown) => redactSpan(span as Span);
  subscribe(FINISH, redact);
  return () => unsubscribe(FINISH, redact);
}

function redactSpan(span: Span): void {
  const context = span.context() as { getTag?(name: string): unknown };
  const error = context.getTag?.('error');
  if (context.getTag?.('component') !== 'bullmq' || !(error instanceof Error)) return;
  if (NOT_NOW.includes(error.name)) return void span.addTags({ error: false, 'memory.waits': true });
  const { name, message } = redactError(error);
  span.addTags({ error: true, 'error.type': name, 'error.message': message });
}
