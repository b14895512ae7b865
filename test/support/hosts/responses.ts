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

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly output?: string | readonly { readonly text?: string }[];
}

interface Tool {
  readonly type: string;
  readonly name?: string;
  /** The members of a namespace, such as the tools of an MCP server. */
  readonly tools?: readonly Tool[];
}

interface ResponsesRequest {
  readonly instructions?: string;
  readonly input: readonly Item[];
  readonly tools?: readonly Tool[];
}

/** A server with OpenAI's Responses API, for Codex. */
export const startResponsesStub = (reply: (request: ModelRequest) => Reply): Promise<StubModel> =>
  startStubServer(RESPONSES, reply);

const RESPONSES: ModelInterface = {
  read(path, body) {
    if (!path.endsWith('/responses')) return undefined;
    const { instructions = '', input, tools = [] } = body as ResponsesRequest;
    const last = input.at(-1) ?? {};
    return {
      shown: [instructions, ...input.map(textOf)].join('\n'),
      last: textOf(last),
      isToolResult: last.type?.endsWith('_output') ?? false,
      tools: tools.flatMap(namesOf),
    };
  },
  write(response, reply) {
    if ('status' in reply)
      return sendJson(response, reply.status, { error: { message: reply.message, type: 'stub', code: null } });
    stream(response, reply);
  },
  aside(response, path) {
    if (path.endsWith('/models')) return sendJson(response, 200, { models: [] });
    sendJson(response, 404, { error: { message: 'not here' } });
  },
};

const USAGE = {
  ...{ input_tokens: 100, input_tokens_details: { cached_tokens: 0 } },
  ...{ output_tokens: 10, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 110 },
};

function stream(response: ServerResponse, reply: Exclude<Reply, { status: number }>): void {
  const send = eventStream(response) as (event: { type: string } & Record<string, unknown>) => void;
  const id = `resp_${randomUUID()}`;
  send({ type: 'response.created', response: { id } });
  const item = itemOf(reply);
  send({
    type: 'response.output_item.added',
    output_index: 0,
    item: 'tool' in reply ? item : { ...item, content: [] },
  });
  for (const delta of 'tool' in reply ? [] : wordsOf(reply.text)) {
    send({ type: 'response.output_text.delta', item_id: item.id, output_index: 0, content_index: 0, delta });
    if (!('tool' in reply) && reply.isHeld) return;
  }
  send({ type: 'response.output_item.done', output_index: 0, item });
  send({ type: 'response.completed', response: { id, usage: USAGE } });
  response.end();
}

/** A tool of a namespace is named `namespace/tool`. */
function itemOf(reply: Exclude<Reply, { status: number }>) {
  if (!('tool' in reply)) {
    const content = [{ type: 'output_text', text: reply.text }];
    return { type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', content };
  }
  const [name = '', namespace] = reply.tool.split('/').reverse();
  return {
    ...{ type: 'function_call', id: `fc_${randomUUID()}`, call_id: `call_${randomUUID()}`, name },
    ...{ ...(namespace && { namespace }), arguments: JSON.stringify(reply.input) },
  };
}

const namesOf = ({ type, name, tools = [] }: Tool): string[] =>
  tools.length > 0 ? tools.map((tool) => `${name}/${tool.name}`) : [name ?? type];

function textOf({ content, output }: Item): string {
  const parts = content ?? output ?? '';
  return typeof parts === 'string' ? parts : parts.map(({ text }) => text ?? '').join('\n');
}
