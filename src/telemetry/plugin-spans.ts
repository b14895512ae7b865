import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Span } from 'dd-trace';
import { redactError } from './redact-error.ts';

/** The channel on which dd-trace 5 publishes every span just before it is kept. */
const FINISH = 'dd-trace:span:finish';
/** Errors by which BullMQ postpones a job; nothing has failed. */
const NOT_NOW = ['DelayedError', 'RateLimitError', 'WaitingError', 'WaitingChildrenError'];

/**
 * Takes out of the spans of dd-trace's plugin for BullMQ what could be content: it notes what a job threw with its message and its
 * stack. Works for a tracer that is started before or after, by us or by the program around us.
 * @returns what ends it
 */
export function redactPluginSpans(): () => void {
  // A new function for each caller, so that unsubscribing one leaves the others.
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
