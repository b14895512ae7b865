import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { hostRefusal } from '../../allowed-hosts.ts';
import { hasBearerToken } from '../../bearer-token.ts';
import { ConfigError } from '../../errors.ts';
import { SECOND } from '../../time.ts';
import { ACCEPT_BOTH_TYPES, isAcceptable, negotiateResponse } from './content-negotiation.ts';
import type { McpServers } from './server.ts';
import { normalizedMessage } from './tidy-messages.ts';

const HOST = '127.0.0.1';
const ENDS_WITHIN = 3 * SECOND;

export interface HttpServer {
  /** `http://127.0.0.1:8000/mcp` */
  readonly url: string;
  /** Answers the open requests, then ends; after a few seconds it ends in any case. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly token: string;
  /** Bytes of a request. */
  readonly longest: number;
  /** Allowed host names in addition to this machine's and IP addresses. */
  readonly allowedHosts: readonly string[];
}

/**
 * Serves any number of clients on this machine. Each request stands alone: nothing is kept between two of them, so that clients
 * do not notice a restart of the server.
 * @throws ConfigError when the port is taken
 */
export async function serveOverHttp(
  servers: McpServers,
  { port, token, longest, allowedHosts }: HttpOptions,
): Promise<HttpServer> {
  const handler = createMcpHandler(() => servers.open(), { maxRequestBodySize: longest });
  const answer = toNodeHandler(
    {
      async fetch(request, options) {
        const accept = request.headers.get('accept');
        if (request.method !== 'POST') return handler.fetch(request, options);
        if (!isAcceptable(accept))
          return Response.json(failure('This server answers with application/json.'), { status: 406 });
        return negotiateResponse(await handler.fetch(await forwarded(request), options), accept);
      },
    },
    { maxRequestBodySize: longest },
  );

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const refusal = hostRefusal(request.headers, allowedHosts);
    if (refusal !== undefined) return refuse(response, 403, failure(refusal));
    const path = request.url?.split('?', 1)[0];
    if (path === '/health') return refuse(response, 200, { status: 'healthy', service: 'memory-manager' });
    if (path !== '/mcp' && path !== '/mcp/') return refuse(response, 404, failure('There is nothing here but /mcp.'));
    if (!hasBearerToken(request.headers.authorization, token)) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="memory-manager"');
      return refuse(
        response,
        401,
        failure('The bearer token is missing or wrong; memory-manager mcp --help tells where it is.'),
      );
    }
    await answer(request, response);
  });
  await listening(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${taken}/mcp`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await servers.settled(ENDS_WITHIN);
      await handler.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), SECOND).unref();
      await closed;
    },
  };
}

/** The request as the SDK takes it. */
async function forwarded(request: Request): Promise<Request> {
  const headers = new Headers(request.headers);
  headers.set('accept', ACCEPT_BOTH_TYPES);
  const body = normalizedText(await request.text());
  headers.delete('content-length');
  return new Request(request.url, { method: request.method, headers, body, signal: request.signal });
}

/** The SDK refuses texts that are not JSON. */
function normalizedText(text: string): string {
  try {
    return JSON.stringify(normalizedMessage(JSON.parse(text)));
  } catch {
    return text;
  }
}

const failure = (message: string) => ({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });

function refuse(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigError(`Port ${port} is taken; name another, such as --http ${port + 1}.`, { cause: error })
          : error,
      ),
    );
    server.listen(port, HOST, resolve);
  });
}
