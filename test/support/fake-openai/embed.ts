import { estimateTokens, type FakeReply } from './chat.ts';
import { base64, fakeVector } from './embeddings.ts';
import { type EmbeddingRequest, refusal } from './protocol.ts';
import type { FakeState } from './server.ts';

/** OpenAI's limit per request. */
const MOST_TEXTS = 2048;
const MOST_TOKENS = 300_000;

export function embeddingsFor({ options }: FakeState, body: EmbeddingRequest): FakeReply {
  const texts = typeof body.input === 'string' ? [body.input] : body.input;
  const promptTokens = estimateTokens(texts.join(''));
  const bad = (message: string, param: string) => refusal(400, 'invalid_request_error', null, message, param);

  function refused() {
    if (texts.length === 0 || texts.some((text) => text === '')) return bad("'$.input' is invalid.", 'input');
    if (texts.length > MOST_TEXTS || promptTokens > MOST_TOKENS) return bad('Too many inputs.', 'input');
    if (texts.some((text) => estimateTokens(text) > 8192))
      return bad('maximum context length is 8192 tokens.', 'input');
    if (body.dimensions !== undefined && options.dimensions === 'refuse')
      return bad('This model does not support specifying dimensions.', 'dimensions');
    return undefined;
  }

  return {
    call: { purpose: 'embed', model: body.model, repair: false, format: '', promptTokens, texts: texts.length, body },
    answer(fault) {
      const no = refused();
      if (no) return no;
      const dimensions = options.dimensions === 'ignore' ? undefined : body.dimensions;
      const speaksBase64 = options.base64 !== false && body.encoding_format === 'base64';
      const data = texts.map((text, index) => {
        const vector = fakeVector(text, body.model, dimensions);
        return { object: 'embedding', index, embedding: speaksBase64 ? base64(vector) : vector };
      });
      const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
      // Fewer vectors than texts, like a server that truncates batches.
      const kept = fault?.kind === 'truncated' ? data.slice(1) : data;
      return { status: 200, body: { object: 'list', data: kept, model: body.model, usage } };
    },
  };
}
