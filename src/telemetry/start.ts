import { SECOND } from '../time.ts';
import { redactPluginSpans } from './plugin-spans.ts';
import { tracer } from './tracer.ts';

type Environment = Record<string, string | undefined>;

/** Where Datadog's agent is; each says that there is one. */
const AGENT = ['DD_TRACE_AGENT_URL', 'DD_AGENT_HOST', 'DD_TRACE_AGENT_PORT'];

/** What holds where the environment says nothing else. */
const DEFAULTS: Environment = {
  DD_SERVICE: 'memory-manager',
  // The queue's spans belong to the same service and not to one of their own.
  DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED: 'true',
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_CRASHTRACKING_ENABLED: 'false',
  DD_RUNTIME_METRICS_ENABLED: 'false',
  // A repository's address may hold a token.
  DD_TRACE_GIT_METADATA_ENABLED: 'false',
  // Our log names the trace itself.
  DD_LOGS_INJECTION: 'false',
  // These are off without that too (see below); named here, they are not even looked for in what is loaded.
  DD_TRACE_IOREDIS_ENABLED: 'false',
  DD_TRACE_REDIS_ENABLED: 'false',
  DD_TRACE_NET_ENABLED: 'false',
  DD_TRACE_DNS_ENABLED: 'false',
  DD_TRACE_OPENAI_ENABLED: 'false',
};

/** How long the tracer may keep a process that has nothing else to do. */
const SENDS_WITHIN = 1 * SECOND;

const toStderr = (message: unknown): void => void process.stderr.write(`${String(message)}\n`);

/** True when Datadog's own environment asks for traces. */
export function isTraced(environment: Environment = process.env): boolean {
  const { DD_TRACE_ENABLED: enabled = '' } = environment;
  if (/^(false|0)$/i.test(enabled)) return false;
  return /^(true|1)$/i.test(enabled) || AGENT.some((name) => Boolean(environment[name]));
}

/**
 * Starts Datadog's tracer, unless one runs already. What it is to see has to be loaded after this.
 *
 * Of its plugins only BullMQ's is on: those for ioredis, redis, net and dns put what is stored into their spans, and that for openai
 * what the server says of a request. Our own spans tell these calls without that.
 */
export async function startTracing(environment: Environment = process.env): Promise<void> {
  if (tracer()) return;
  for (const [name, value] of Object.entries(DEFAULTS)) environment[name] ??= value;
  // @ts-expect-error It has no types; it lets the tracer see what ES modules import.
  await import('dd-trace/register.js');
  const { default: datadog } = await import('dd-trace');
  // Also what DD_TRACE_DEBUG makes it say: stdout is for answers and for MCP's messages.
  datadog.init({ plugins: false, logger: { debug: toStderr, info: toStderr, warn: toStderr, error: toStderr } });
  datadog.use('bullmq', true);
  redactPluginSpans();
  // The tracer sends its last spans and figures when nothing else is left to do; an agent that is silent must not keep us.
  process.once('beforeExit', () => setTimeout(() => process.exit(), SENDS_WITHIN).unref());
}
