import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A stub model's reply. With `isHeld` the answer begins and never ends. */
export type Reply =
  | { readonly text: string; readonly isHeld?: boolean }
  | { readonly tool: string; readonly input: object }
  | { readonly status: number; readonly message: string };

/** A request for an answer, in the same form for all model interfaces. */
export interface ModelRequest {
  /** Everything that the model is shown: instructions, messages, results of tools. */
  readonly shown: string;
  /** The last message, as text. */
  readonly last: string;
  /** Whether the last message is the result of a tool. */
  readonly isToolResult: boolean;
  readonly tools: readonly string[];
}

export interface StubModel {
  /** The base address, without a path. */
  readonly url: string;
  /** The requests of the agent and its sub-agents, in order. */
  readonly requests: ModelRequest[];
  close(): Promise<void>;
}

/** How one model interface reads requests and writes answers. */
export interface ModelInterface {
  /** Undefined for a request outside the conversation, which `aside` answers. */
  read(path: string, body: unknown): ModelRequest | undefined;
  write(response: ServerResponse, reply: Reply): void;
  aside(response: ServerResponse, path: string, body: unknown): void;
}

/** A model server on the loopback address that sends the replies of `reply`. */
export async function startStubServer(
  { read, write, aside }: ModelInterface,
  reply: (request: ModelRequest) => Reply,
): Promise<StubModel> {
  const requests: ModelRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url ?? '/', 'http://stub').pathname;
    const text = Buffer.concat(chunks).toString('utf8');
    const body: unknown = request.method === 'POST' && text !== '' ? JSON.parse(text) : undefined;
    const modelRequest = request.method === 'POST' ? read(path, body) : undefined;
    if (!modelRequest) return aside(response, path, body);
    requests.push(modelRequest);
    write(response, reply(modelRequest));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes server-sent events whose name is the `type` of their data. */
export function eventStream(response: ServerResponse): (event: { readonly type: string }) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return (event) => response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The words of a text, each with the space after it. */
export const wordsOf = (text: string): readonly string[] => text.match(/\S+\s*/g) ?? [];
