import { answer, episodeIn } from './answers.ts';
import { corruptedReply, type Fault, refusalFor } from './faults.ts';
import {
  type ChatRequest,
  type Completion,
  type JsonSchema,
  type Response,
  refusal,
  schemaProblem,
} from './protocol.ts';
import type { CallPurpose, FakeCall, FakeState } from './server.ts';

const PURPOSES: Readonly<Record<string, CallPurpose>> = {
  extraction: 'extract',
  verdict: 'resolve',
  summaries: 'summarize',
  scores: 'score',
};

export interface FakeReply {
  readonly call: Omit<FakeCall, 'completionTokens' | 'status' | 'fault'>;
  answer(fault: Fault | undefined): Response;
}

export function replyTo({ options, knowledge }: FakeState, body: ChatRequest): FakeReply {
  const format = body.response_format?.type ?? 'text';
  const { name, schema } = body.response_format?.json_schema ?? schemaInWords(body);
  const promptTokens = estimateTokens(body.messages.map(({ content }) => content).join(''));
  // The first user message contains the material; later messages are about a reply.
  const material = body.messages.find(({ role }) => role === 'user')?.content ?? '';

  function refused(): Response | undefined {
    const bad = (message: string) => refusal(400, 'invalid_request_error', null, message, 'response_format');
    if (format === 'json_schema' && options.jsonSchema === false)
      return bad("'response_format' of type 'json_schema' is not supported with this model.");
    if (body.stream_options && (!body.stream || options.streamOptions === false))
      return refusalFor({ kind: 'no-stream-options' });
    if (body.stream && options.stream === 'refuse') return refusalFor({ kind: 'no-stream' });
    if (format === 'json_object' && options.jsonObject === false) return bad("'response_format.type' must be 'text'.");
    const problem = format === 'json_schema' ? schemaProblem(schema) : undefined;
    if (problem) return bad(`Invalid schema for response_format '${name}': ${problem}`);
    if (format === 'json_object' && !/json/i.test(JSON.stringify(body.messages)))
      return bad("'messages' must contain the word 'json' in some form.");
    return undefined;
  }

  return {
    call: {
      purpose: PURPOSES[name] ?? 'unknown',
      model: body.model,
      repair: body.messages.some(({ role }) => role === 'assistant'),
      format,
      promptTokens,
      texts: 0,
      body,
    },
    answer(fault) {
      const no = refused();
      if (no) return no;
      knowledge.learn(episodeIn(material));
      return completion(
        body.model,
        corruptedReply(JSON.stringify(answer(name, material, schema, knowledge)), fault),
        promptTokens,
        fault,
      );
    },
  };
}

/** The schema in the text of the last message, for requests without structured output. */
function schemaInWords({ messages }: ChatRequest): { name: string; schema: JsonSchema } {
  const [, name = '', schema = '{}'] = /<schema name="(\w+)">(.*)<\/schema>/.exec(messages.at(-1)?.content ?? '') ?? [];
  return { name, schema: JSON.parse(schema) as JsonSchema };
}

function completion(model: string, content: string, promptTokens: number, fault: Fault | undefined): Response {
  const isRefused = fault?.kind === 'refusal';
  const ends = { length: 'length', 'content-filter': 'content_filter' } as const;
  const finish_reason = fault && fault.kind in ends ? ends[fault.kind as keyof typeof ends] : 'stop';
  const message = isRefused
    ? { role: 'assistant', content: null, refusal: 'I cannot help with that.' }
    : { role: 'assistant', refusal: null, ...placed(content, fault) };
  const completionTokens = estimateTokens(content);
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  const body: Completion = {
    id: 'chatcmpl-fake',
    object: 'chat.completion',
    created: 0,
    model,
    choices: fault?.kind === 'empty-choices' ? [] : [{ index: 0, message, logprobs: null, finish_reason }],
    ...(fault?.kind !== 'no-usage' && { usage }),
  };
  return { status: 200, body };
}

/** Puts the answer into the member of the message that the fault names. */
function placed(content: string, fault: Fault | undefined) {
  switch (fault?.kind) {
    case 'in-reasoning':
      return { content: '', reasoning_content: content };
    case 'in-parts':
      return {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm {}.' }] },
          { type: 'text', text: content },
        ],
      };
    case 'in-tool-call':
      return {
        content: null,
        tool_calls: [{ index: 0, type: 'function', function: { name: 'x', arguments: content } }],
      };
    default:
      return { content };
  }
}

export const estimateTokens = (text: string): number => Math.ceil(text.length / 4);
