import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../wait.ts';
import { type MetricLine, readMetricLines } from './metric-lines.ts';
import { readSpans, type Span } from './spans.ts';

/** A server that behaves like Datadog's agent and keeps what the real dd-trace sends. */
export interface FakeDatadog {
  /** For DD_TRACE_AGENT_URL. */
  readonly url: string;
  readonly spans: readonly Span[];
  readonly metrics: readonly MetricLine[];
  /** All raw request bodies, for tests that something is not in them. */
  readonly bodies: readonly Buffer[];
  /** Method and path of every call. */
  readonly calls: readonly string[];
  /** Waits for a span. dd-trace sends spans when the process ends, or every two seconds. */
  span(isMatch: (span: Span) => boolean, what?: string): Promise<Span>;
  /** The current sum of a counter's lines with these tags. */
  counted(name: string, tags?: Record<string, string>): number;
  /** All spans of a trace by start time. */
  trace(id: string): Span[];
  reset(): void;
  close(): Promise<void>;
}

export async function startFakeDatadog(): Promise<FakeDatadog> {
  const [spans, metrics, bodies, calls]: [Span[], MetricLine[], Buffer[], string[]] = [[], [], [], []];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = request.url?.split('?')[0];
    calls.push(`${request.method} ${path}`);
    bodies.push(body);
    if (path === '/v0.4/traces') spans.push(...readSpans(body));
    if (path === '/dogstatsd/v2/proxy') metrics.push(...readMetricLines(body.toString()));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(REPLIES[path ?? ''] ?? {}));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    bodies,
    calls,
    span: (isMatch, what = 'a span') => until(what, () => spans.find(isMatch)),
    counted: (name, tags = {}) =>
      metrics
        .filter((line) => line.name === name && Object.entries(tags).every(([key, value]) => line.tags[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
    trace: (id) => spans.filter(({ trace }) => trace === id).sort((a, b) => a.start - b.start),
    reset() {
      for (const list of [spans, metrics, bodies, calls]) list.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const REPLIES: Readonly<Record<string, object>> = {
  '/info': { endpoints: ['/v0.4/traces', '/dogstatsd/v2/proxy'] },
  '/v0.4/traces': { rate_by_service: { 'service:,env:': 1 } },
};
