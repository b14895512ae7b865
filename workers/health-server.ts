import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostRefusal } from '../src/allowed-hosts.ts';
import type { Config } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';
import { SECOND } from '../src/time.ts';
import type { Health } from './health.ts';
import type { Readiness } from './readiness.ts';

/** The sources of the answers. */
export interface HealthSources {
  health(): Promise<Health & Record<string, unknown>>;
  readiness(): Promise<Readiness>;
  metrics(): Promise<{ readonly text: string; readonly contentType: string }>;
}

export interface HealthServer {
  /** `http://127.0.0.1:9464`; null for none. */
  readonly address: string | null;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * Answers `GET /health` (200, or 503 when it is red), `GET /live` (200 while the process runs), `GET /ready` (200 while both stores accept
 * writes, else 503) and `GET /metrics`. Only for hosts that `hostRefusal` allows. A port that is taken, as by another worker, is replaced by a free one, with a notice; port 0 means none.
 * @throws ConfigError when the host cannot be listened on
 */
export async function startHealthServer(
  { health: { host, port }, allowedHosts }: Pick<Config, 'health' | 'allowedHosts'>,
  sources: HealthSources,
  onNotice: (sentence: string) => void,
): Promise<HealthServer> {
  if (port === 0) return { address: null, close: async () => {} };
  const allowed = [...allowedHosts, host.toLowerCase()];
  const server = createServer((request, response) => void respond(request, response, sources, allowed));
  server.headersTimeout = 10 * SECOND;
  server.unref();
  const opened = await listen(server, host, port);
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${opened}`;
  if (opened !== port) onNotice(`Port ${port} is taken; /health and /metrics answer at ${address}.`);
  return {
    address,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const attempt = (listenPort: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listenPort, host, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  try {
    return await attempt(port).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return attempt(0);
      throw error;
    });
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `/health cannot answer at ${host}:${port} (${code}); check MEMORY_HEALTH_HOST and MEMORY_HEALTH_PORT.`,
      { cause: error },
    );
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  sources: HealthSources,
  allowed: readonly string[],
): Promise<void> {
  const refusal = hostRefusal(request.headers, allowed);
  const answering = refusal === undefined ? answer(request, sources) : Promise.resolve(text(403, refusal));
  const { status, contentType, body } = await answering.catch(() => text(500, 'It could not be measured.'));
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer({ method, url = '/' }: IncomingMessage, sources: HealthSources): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET is answered.');
  switch (url.split('?')[0]) {
    case '/health': {
      const health = await sources.health();
      const status = health.status === 'red' ? 503 : 200;
      return { status, contentType: 'application/json', body: `${JSON.stringify(health)}\n` };
    }
    case '/live':
      return text(200, 'It runs.');
    case '/ready': {
      const { isReady, message } = await sources.readiness();
      return text(isReady ? 200 : 503, message);
    }
    case '/metrics': {
      const { text: body, contentType } = await sources.metrics();
      return { status: 200, contentType, body };
    }
    default:
      return text(404, 'There are /health, /live, /ready and /metrics.');
  }
}

const text = (status: number, body: string): Answer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});
