import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Span } from 'dd-trace';
import { SECOND } from '../time.ts';
import { redactError } from './redact-error.ts';
import { tracer } from './tracing.ts';

type Environment = Record<string, string | undefined>;

/** The address of Datadog's agent; any of these means that there is one. */
const AGENT = ['DD_TRACE_AGENT_URL', 'DD_AGENT_HOST', 'DD_TRACE_AGENT_PORT'];

/** Our defaults; the environment overrides them. */
const DEFAULTS: Environment = {
  DD_SERVICE: 'memory-manager',
  // The queue's spans belong to the same service.
  DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED: 'true',
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_CRASHTRACKING_ENABLED: 'false',
  DD_RUNTIME_METRICS_ENABLED: 'false',
  // A repository's URL may contain a token.
  DD_TRACE_GIT_METADATA_ENABLED: 'false',
  // Our log names the trace itself.
  DD_LOGS_INJECTION: 'false',
  // Off anyway (see below); with these the tracer does not even look for the modules.
  DD_TRACE_IOREDIS_ENABLED: 'false',
  DD_TRACE_REDIS_ENABLED: 'false',
  DD_TRACE_NET_ENABLED: 'false',
  DD_TRACE_DNS_ENABLED: 'false',
  DD_TRACE_OPENAI_ENABLED: 'false',
};

/** How long the tracer may delay the end of a process. */
const SENDS_WITHIN = 1 * SECOND;

const toStderr = (message: unknown): void => void process.stderr.write(`${String(message)}\n`);

/** True when Datadog's own environment asks for traces. */
export function isTraced(environment: Environment = process.env): boolean {
  const { DD_TRACE_ENABLED: enabled = '' } = environment;
  if (/^(false|0)$/i.test(enabled)) return false;
  return /^(true|1)$/i.test(enabled) || AGENT.some((name) => Boolean(environment[name]));
}

/**
 * Starts Datadog's tracer unless one is running. Instrumented modules must be loaded afterwards.
 *
 * Only its plugin for BullMQ is on: the plugins for ioredis, redis, net and dns put stored content into spans, and the one for openai
 * the server's messages. Our own spans cover these calls without content.
 */
export async function startTracing(environment: Environment = process.env): Promise<void> {
  if (tracer()) return;
  for (const [name, value] of Object.entries(DEFAULTS)) environment[name] ??= value;
  // @ts-expect-error It has no types; it lets the tracer see the imports of ES modules.
  await import('dd-trace/register.js');
  const { default: datadog } = await import('dd-trace');
  // Including DD_TRACE_DEBUG's output: stdout is for answers and for MCP's messages.
  datadog.init({ plugins: false, logger: { debug: toStderr, info: toStderr, warn: toStderr, error: toStderr } });
  datadog.use('bullmq', true);
  redactPluginSpans();
  // The tracer sends its last spans and metrics before the process ends; a silent agent must not delay the end.
  process.once('beforeExit', () => setTimeout(() => process.exit(), SENDS_WITHIN).unref());
}

/** The channel on which dd-trace publishes every finished span. */
const FINISH = 'dd-trace:span:finish';
/** Errors with which BullMQ postpones a job; they are not failures. */
const NOT_NOW = ['DelayedError', 'RateLimitError', 'WaitingError', 'WaitingChildrenError'];

/**
 * Removes possible content from the spans of dd-trace's plugin for BullMQ, which records message and stack of a job's error.
 * Works for tracers started before or after, by us or by the program that uses the library.
 * @returns a function that ends it
 */
export function redactPluginSpans(): () => void {
  // A new function per caller, so that unsubscribing one keeps the others.
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
