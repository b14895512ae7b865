import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostRefusal } from '../allowed-hosts.ts';
import { hasBearerToken } from '../bearer-token.ts';
import { ConfigError, isOperationalError } from '../errors.ts';
import type { MemoryManager } from '../memory.ts';
import { SECOND } from '../time.ts';
import { isConflict } from './conflicts.ts';
import { type PageDocument, readPage } from './document.ts';
import { HANDLERS, openPageState, type PageContext } from './handlers.ts';
import { openLiveUpdates } from './live-updates.ts';
import { CALLS, type CallName, LIMITS } from './schemas.ts';

const HOST = '127.0.0.1';
const API = '/api/v1/';

export interface PageServer {
  /** The address with the token in its fragment, which browsers never send. */
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

export interface PageOptions {
  /** 0 chooses a free port. */
  readonly port: number;
  /** Refuses calls that change anything. */
  readonly isReadOnly: boolean;
  readonly version: string;
  /** Allowed host names in addition to this machine's and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** Returns the memory at its new address once the servers have moved. Called before each call and every two seconds; the page closes the memory. */
  readonly findMoved?: () => MemoryManager | undefined;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
} as const;

/**
 * Serves the page and its calls on this machine. Each start makes a new token, and only a page opened with the token gets data.
 * @throws ConfigError when the port is taken or the page was not built
 */
export async function servePage(
  memory: MemoryManager,
  { port, isReadOnly, version, allowedHosts, findMoved = () => undefined }: PageOptions,
): Promise<PageServer> {
  const page = readPage();
  const token = randomBytes(32).toString('base64url');
  let open = openContext(memory);
  let isClosed = false;

  function openContext(memory: MemoryManager) {
    const { close: closeState, ...state } = openPageState(memory);
    const context: PageContext = { memory, isReadOnly, version, ...state };
    const news = openLiveUpdates(memory.config, context.archiveWork, () => void current());
    return { context, news, closeState };
  }
  /** After `down` and `up` the servers may have other ports and passwords. Ending the streams makes the pages reconnect and reload. */
  function current() {
    const moved = isClosed ? undefined : findMoved();
    if (moved === undefined) return open;
    const before = open;
    open = openContext(moved);
    before.news.close();
    void closeContext(before);
    return open;
  }
  async function closeContext({ context, closeState }: typeof open): Promise<void> {
    await Promise.allSettled([closeState(), ...(context.memory === memory ? [] : [context.memory.close()])]);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = hostRefusal(request.headers, allowedHosts) ?? refusedOrigin(request);
    if (refusal !== undefined) throw new Refusal(403, 'ERR_HOST', refusal);
    const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
    if (!path.startsWith('/api/')) return sendPage(request, response, page);
    if (!hasBearerToken(request.headers.authorization, token))
      throw new Refusal(
        401,
        'ERR_TOKEN',
        'The token is missing or wrong; open the address that `memory-manager ui` prints.',
      );
    const name = path.startsWith(API) ? path.slice(API.length) : '';
    if (name === 'news' && request.method === 'GET') return current().news.follow(response);
    if (!Object.hasOwn(CALLS, name)) throw new Refusal(404, 'ERR_NO_SUCH_CALL', 'There is no such call.');
    send(response, 200, await runCall(current().context, name as CallName, request, query));
  }

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    answer(request, response).catch((error) => sendFailure(response, error));
  });
  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${taken}/#token=${token}`,
    token,
    async close() {
      isClosed = true;
      const closed = new Promise((resolve) => server.close(resolve));
      open.news.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), SECOND).unref();
      await closed;
      await closeContext(open);
    },
  };
}

/** Another port on this machine is another program, so its pages are refused too. */
function refusedOrigin({ headers: { origin, host, 'sec-fetch-site': site }, url = '/' }: IncomingMessage) {
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  const isForeignCall = url.startsWith('/api/') && (site === 'cross-site' || site === 'same-site');
  return isForeign || isForeignCall ? 'Other pages may not use this one.' : undefined;
}

async function runCall(context: PageContext, name: CallName, request: IncomingMessage, query: string) {
  const { method, input } = CALLS[name];
  if (request.method !== method) throw new Refusal(405, 'ERR_METHOD', `This call is made with ${method}.`);
  if (method === 'POST' && context.isReadOnly)
    throw new Refusal(403, 'ERR_READ_ONLY', 'The page was started with --read-only; nothing can be changed here.');
  const given = method === 'POST' ? await readBody(request) : Object.fromEntries(new URLSearchParams(query));
  const parsed = input.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const member = issue?.path.join('.') || 'request';
    throw new Refusal(400, 'ERR_INVALID_INPUT', `The value of "${member}" cannot be used here.`);
  }
  const run = HANDLERS[name] as (context: PageContext, input: unknown) => Promise<object>;
  return run(context, parsed.data);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'ERR_MEDIA_TYPE', 'A change is sent as application/json.');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > LIMITS.request) throw new Refusal(413, 'ERR_TOO_LONG', 'The request is too long.');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    throw new Refusal(400, 'ERR_INVALID_INPUT', 'The request is no JSON.');
  }
}

function sendPage({ method, headers }: IncomingMessage, response: ServerResponse, page: PageDocument): void {
  if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'ERR_METHOD', 'The page is read with GET.');
  const isGzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': page.policy,
    Vary: 'Accept-Encoding',
    ...(isGzip && { 'Content-Encoding': 'gzip' }),
  });
  response.end(method === 'HEAD' ? undefined : isGzip ? page.gzipped : page.html);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Expected failures carry a sentence for the user. The page learns no details of other failures. */
function sendFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of a refused request is not read, so the connection cannot be reused.
  if (error instanceof Refusal) response.setHeader('Connection', 'close');
  const { status, code, message } = failureOf(error);
  send(response, status, { code, message });
}

function failureOf(error: unknown): { readonly status: number; readonly code: string; readonly message: string } {
  if (error instanceof Refusal) return error;
  if (isConflict(error)) return { status: 409, code: error.code, message: error.message };
  if (!isOperationalError(error))
    return { status: 500, code: 'ERR_UNEXPECTED', message: 'The server failed for an unexpected reason.' };
  const { code = 'ERR_FAILED' } = error as { readonly code?: string };
  return { status: code === 'ERR_INVALID_INPUT' ? 404 : 503, code, message: error.message };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigError(`Port ${port} is taken; name another, such as --port ${port + 1}, or 0 for a free one.`, {
              cause: error,
            })
          : error,
      ),
    );
    server.listen(port, HOST, resolve);
  });
}
