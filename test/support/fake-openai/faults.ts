import { type Response, refusal } from './protocol.ts';

/**
 * Faults of a call: `refuse` answers with an error, `spoil` corrupts the reply's text, `odd` the reply around it,
 * `break` the connection.
 */
export type Fault =
  | { readonly kind: 'rate-limit'; readonly retryAfter?: string; readonly retryAfterMs?: number }
  | { readonly kind: 'server-error'; readonly status?: number; readonly retryAfter?: string }
  | { readonly kind: 'refused'; readonly status: number; readonly code?: string; readonly message?: string }
  /** The reply's text is this one. */
  | { readonly kind: 'content'; readonly text: string }
  /** The server reports this error in the middle of a streamed answer. */
  | { readonly kind: 'error-in-stream'; readonly error: unknown; readonly event?: 'error' }
  /** Delay of each chunk of the answer, in milliseconds. */
  | { readonly kind: 'slow'; readonly piece: number }
  /** The whole body is this one. Default status: 200. */
  | { readonly kind: 'body'; readonly body: unknown; readonly status?: number }
  | { readonly kind: FaultName };

export type FaultName =
  | 'quota'
  | 'wrong-key'
  | 'forbidden'
  | 'unknown-model'
  | 'too-long'
  | 'filtered-prompt'
  | 'hang'
  /** Silent in the middle of the answer. */
  | 'hang-in-body'
  | 'reset'
  /** The connection is cut in the middle of the answer. */
  | 'cut'
  /** A streamed answer ends in the middle as if it were complete. */
  | 'unfinished'
  /** The end of a streamed answer is not marked, or only by `[DONE]`, or `[DONE]` arrives and the connection stays open. */
  | 'no-done'
  | 'no-finish-reason'
  | 'hang-after-done'
  /** The connection is cut after the whole text but before the token counts. */
  | 'cut-after-text'
  | 'garbage-in-stream'
  /** The answer is never streamed. */
  | 'no-pieces'
  | 'truncated'
  | 'wrong-types'
  | 'null'
  | 'prose'
  | 'fenced'
  | 'refusal'
  | 'length'
  | 'content-filter'
  | 'empty'
  | 'empty-choices'
  | 'no-usage'
  | 'html'
  | 'no-json-schema'
  | 'no-stream'
  | 'no-stream-options'
  | 'no-temperature'
  /** The answer is in `reasoning_content`, in a list of parts, or in a tool call, and the content is empty. */
  | 'in-reasoning'
  | 'in-parts'
  | 'in-tool-call';

/** OpenAI's errors quote keys and texts, which must not be passed on. */
export const ERROR_CONTENT = 'sk-leaked-key and the secret text of the episode';

export function refusalFor(fault: Fault): Response | undefined {
  const bad = (status: number, code: string | null, message: string, param: string | null = null) =>
    refusal(status, 'invalid_request_error', code, `${message} ${ERROR_CONTENT}`, param);
  switch (fault.kind) {
    case 'rate-limit':
      return {
        ...refusal(429, 'requests', 'rate_limit_exceeded', `Rate limit reached. ${ERROR_CONTENT}`),
        headers: {
          ...(fault.retryAfter !== undefined && { 'retry-after': fault.retryAfter }),
          ...(fault.retryAfterMs !== undefined && { 'retry-after-ms': String(fault.retryAfterMs) }),
        },
      };
    case 'quota':
      return refusal(
        429,
        'insufficient_quota',
        'insufficient_quota',
        `You exceeded your current quota. ${ERROR_CONTENT}`,
      );
    case 'server-error':
      return {
        ...refusal(fault.status ?? 500, 'server_error', null, `The server had an error. ${ERROR_CONTENT}`),
        headers: fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter },
      };
    case 'refused':
      return bad(fault.status, fault.code ?? null, fault.message ?? 'No.');
    case 'wrong-key':
      return bad(401, 'invalid_api_key', 'Incorrect API key provided:');
    case 'forbidden':
      return bad(403, 'unsupported_country_region_territory', 'Country, region, or territory not supported.');
    case 'unknown-model':
      return bad(404, 'model_not_found', 'The model does not exist or you do not have access to it.', 'model');
    case 'too-long':
      return bad(400, 'context_length_exceeded', "This model's maximum context length is 128 tokens.", 'messages');
    case 'filtered-prompt':
      return bad(400, 'content_policy_violation', 'Rejected by the safety system.');
    case 'no-json-schema':
      return bad(400, null, "'response_format' of type 'json_schema' is not supported.", 'response_format');
    case 'no-stream':
      return bad(400, 'unsupported_value', 'Your organization must be verified to stream this model.', 'stream');
    case 'no-stream-options':
      return bad(400, 'unknown_parameter', "Unknown parameter: 'stream_options'.", 'stream_options');
    case 'no-temperature':
      return bad(400, 'unsupported_value', "'temperature' does not support 0 with this model.", 'temperature');
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Welcome</body></html>' };
    case 'body':
      return { status: fault.status ?? 200, body: fault.body };
    default:
      return undefined;
  }
}

/** The reply's text as the fault leaves it. */
export function corruptedReply(text: string, fault: Fault | undefined): string {
  switch (fault?.kind) {
    case 'content':
      return fault.text;
    case 'truncated':
    case 'length':
    case 'content-filter':
      return text.slice(0, Math.floor(text.length / 2));
    case 'wrong-types':
      return text
        .replace(/"(?:name|fact|text)":"[^"]*"/g, (member) => `${member.split(':')[0]}:7`)
        .replace(/\d+/, '"x"');
    case 'null':
      return 'null';
    case 'prose':
      return `Sure! Here is what I found {as you asked}:\n${text}\nLet me know if you need more {or less}.`;
    case 'fenced':
      return `\`\`\`json\n${text}\n\`\`\``;
    case 'empty':
      return '';
    default:
      return text;
  }
}
