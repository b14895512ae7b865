import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { ConfigError } from '../errors.ts';
import { SECOND } from '../time.ts';
import type { McpServers } from './server.ts';
import { showsToken } from './token.ts';

const HOST = '127.0.0.1';
const ENDS_WITHIN = 3 * SECOND;

export interface HttpServer {
  /** `http://127.0.0.1:8000/mcp` */
  readonly url: string;
  /** Answers what is under way, then ends; within a few seconds whatever clients do. */
  close(): Promise<void>;
}

export interface HttpOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly token: string;
  /** Bytes of a request. */
  readonly longest: number;
}

/**
 * Serves any number of clients on this machine. Each request stands alone: nothing is kept between two of them, so that clients
 * do not notice when the server is started anew.
 * @throws ConfigError when the port is taken
 */
export async function serveOverHttp(servers: McpServers, { port, token, longest }: HttpOptions): Promise<HttpServer> {
  const handler = createMcpHandler(() => servers.open(), { maxRequestBodySize: longest });
  const answer = toNodeHandler(handler, { maxRequestBodySize: longest });
  // A web page of any site can reach this port, but only under a name or from an origin of its own.
  const [isOurHost, isOurOrigin] = [localhostHostValidation(), localhostOriginValidation()];

  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    if (!isOurHost(request, response) || !isOurOrigin(request, response)) return;
    const path = request.url?.split('?', 1)[0];
    if (path === '/health') return refuse(response, 200, { status: 'healthy', service: 'memory-manager' });
    if (path !== '/mcp' && path !== '/mcp/') return refuse(response, 404, failure('There is nothing here but /mcp.'));
    if (!showsToken(request.headers.authorization, token)) {
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
