import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  eventStream,
  type ModelInterface,
  type ModelRequest,
  type Reply,
  type StubModel,
  sendJson,
  startStubServer,
  wordsOf,
} from './stub-server.ts';

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
}

interface MessagesRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly system?: string | readonly Block[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
  readonly tools?: readonly { readonly name: string }[];
}

/** A server with Anthropic's Messages API, for Claude Code. */
export const startAnthropicStub = (reply: (request: ModelRequest) => Reply): Promise<StubModel> =>
  startStubServer(MESSAGES, reply);

const USAGE = { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 10 };

const MESSAGES: ModelInterface = {
  read(path, body) {
    if (path !== '/v1/messages') return undefined;
    const { system = '', messages, tools = [] } = body as MessagesRequest;
    // The host's requests for titles and similar tasks have no tools.
    if (tools.length === 0) return undefined;
    const last = messages.at(-1)?.content ?? '';
    return {
      shown: [system, ...messages.map(({ content }) => content)].map(textOf).join('\n'),
      last: textOf(last),
      isToolResult: Array.isArray(last) && last.some(({ type }: Block) => type === 'tool_result'),
      tools: tools.map(({ name }) => name),
    };
  },
  write(response, reply) {
    if ('status' in reply) {
      const error = { type: 'invalid_request_error', message: reply.message };
      return sendJson(response, reply.status, { type: 'error', error });
    }
    stream(response, reply);
  },
  aside(response, path, body) {
    if (path.endsWith('/count_tokens')) return sendJson(response, 200, { input_tokens: 100 });
    if (path !== '/v1/messages') return sendJson(response, 404, { type: 'error', error: { type: 'not_found_error' } });
    if ((body as MessagesRequest).stream) return stream(response, { text: 'A title' });
    sendJson(response, 200, { ...messageOf(), content: [{ type: 'text', text: 'A title' }], stop_reason: 'end_turn' });
  },
};

const messageOf = () => ({
  ...{ id: `msg_${randomUUID()}`, type: 'message', role: 'assistant', model: 'claude-stub', content: [] as object[] },
  ...{ stop_reason: null as string | null, stop_sequence: null, usage: USAGE },
});

function stream(response: ServerResponse, reply: Exclude<Reply, { status: number }>): void {
  const send = eventStream(response) as (event: { type: string } & Record<string, unknown>) => void;
  send({ type: 'message_start', message: messageOf() });
  const isTool = 'tool' in reply;
  const block = isTool
    ? { type: 'tool_use', id: `toolu_${randomUUID()}`, name: reply.tool, input: {} }
    : { type: 'text', text: '' };
  send({ type: 'content_block_start', index: 0, content_block: block });
  const deltas = isTool
    ? [{ type: 'input_json_delta', partial_json: JSON.stringify(reply.input) }]
    : wordsOf(reply.text).map((text) => ({ type: 'text_delta', text }));
  for (const delta of deltas) {
    send({ type: 'content_block_delta', index: 0, delta });
    if (!isTool && reply.isHeld) return;
  }
  send({ type: 'content_block_stop', index: 0 });
  send({
    type: 'message_delta',
    delta: { stop_reason: isTool ? 'tool_use' : 'end_turn', stop_sequence: null },
    usage: { output_tokens: 10 },
  });
  send({ type: 'message_stop' });
  response.end();
}

function textOf(content: string | readonly Block[]): string {
  if (typeof content === 'string') return content;
  return content.map((block) => block.text ?? (block.content === undefined ? '' : textOf(block.content))).join('\n');
}
