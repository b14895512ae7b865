import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A message as a coding agent sends it. */
export interface AgentMessage {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[] | null;
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
}

export interface AgentRequest {
  readonly messages: readonly AgentMessage[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

/** The model's reply: text (which may stop after the first word), a tool call, or an error. */
export type Reply =
  | { readonly text: string; readonly isHeld?: boolean }
  | { readonly tool: string; readonly input: object }
  | { readonly status: number; readonly message: string };

export interface StubModel {
  readonly url: string;
  /** All requests except those for titles. */
  readonly requests: AgentRequest[];
  close(): Promise<void>;
}

/** The model of a coding agent. It streams the replies of `reply` like OpenAI. */
export async function startStubModel(reply: (request: AgentRequest) => Reply): Promise<StubModel> {
  const requests: AgentRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    if (!request.url?.endsWith('/chat/completions')) return void response.writeHead(404).end('{}');
    const modelRequest = JSON.parse(body) as AgentRequest;
    const isTitle = textOf(modelRequest.messages[0]).includes('title generator');
    if (!isTitle) requests.push(modelRequest);
    await answer(response, isTitle ? { text: 'A title' } : reply(modelRequest));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(response: ServerResponse, reply: Reply): Promise<void> {
  if ('status' in reply) {
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify({ error: { message: reply.message, type: 'stub', code: null } }));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta: object, finish: string | null = null) =>
    response.write(
      `data: ${JSON.stringify({ id: 'stub', object: 'chat.completion.chunk', model: 'stub', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
    );
  send({ role: 'assistant', content: '' });
  if ('tool' in reply) {
    const call = { name: reply.tool, arguments: JSON.stringify(reply.input) };
    send({ tool_calls: [{ index: 0, id: `call_${randomUUID()}`, type: 'function', function: call }] });
    send({}, 'tool_calls');
  } else {
    const [first = '', ...rest] = reply.text.match(/\S+\s*/g) ?? [];
    send({ content: first });
    if (reply.isHeld) return;
    for (const word of rest) send({ content: word });
    send({}, 'stop');
  }
  const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  response.write(`data: ${JSON.stringify({ id: 'stub', object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
  response.end('data: [DONE]\n\n');
}

/** The text of a message, joined from its parts. */
export function textOf(message: AgentMessage | undefined): string {
  if (typeof message?.content === 'string') return message.content;
  return (message?.content ?? []).map(({ text }) => text ?? '').join('\n');
}

/** All that the model was shown. */
export const shownTo = ({ messages }: AgentRequest): string => messages.map(textOf).join('\n');
