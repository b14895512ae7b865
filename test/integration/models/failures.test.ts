import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddingSettings } from '../../../src/models/declarations.ts';
import type { OpenAISettings } from '../../../src/models/openai/declaration.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import {
  ERROR_CONTENT,
  type FakeOpenAI,
  type Fault,
  type FaultName,
  startFakeOpenAI,
} from '../../support/fake-openai/index.ts';
import { wrongServers } from '../../support/wrong-servers.ts';
import { embeddingsFor, settingsFor } from './settings.ts';

const SECRET = 'Mira keeps the launch code in a drawer';
const KEY = 'sk-very-secret-0123456789';

let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

/** What reading an episode ends with. */
async function failure(settings: Partial<OpenAISettings> = {}): Promise<Error> {
  const model = openaiLanguageModel(settingsFor(fake, { apiKey: KEY, ...settings }));
  return model
    .extract({ content: SECRET, source: 'text', referenceTime: new Date(0) })
    .then(() => new Error('nothing went wrong'))
    .catch((error: Error) => error);
}

const HOST = /The server at 127\.0\.0\.1:\d+/.source;

describe('each failure of a language model has its own class and message', () => {
  test.each<[FaultName | Fault, string, RegExp]>([
    ['wrong-key', 'ConfigError', / refused the key in OPENAI_API_KEY; set one that is valid\.$/],
    [
      'forbidden',
      'ConfigError',
      / does not allow this key to use the model gpt-4\.1-mini; check the key's permissions/,
    ],
    [
      'unknown-model',
      'ConfigError',
      / does not know the model gpt-4\.1-mini; check MEMORY_LLM_MODEL and OPENAI_BASE_URL\.$/,
    ],
    [
      { kind: 'refused', status: 400, message: 'model "gpt" not found, try pulling it first' },
      'ConfigError',
      / does not know the model gpt-4\.1-mini/,
    ],
    ['quota', 'ModelUnavailableError', / says that the account's quota is used up; add credit or raise its limit/],
    [{ kind: 'refused', status: 402, message: 'Insufficient Balance' }, 'ModelUnavailableError', /quota is used up/],
    [
      { kind: 'rate-limit' },
      'ModelBusyError',
      / is busy or asks for fewer calls of gpt-4\.1-mini; it is called again later\.$/,
    ],
    [{ kind: 'server-error', status: 503, retryAfter: '2' }, 'ModelBusyError', / is busy/],
    [
      { kind: 'server-error', status: 500 },
      'ModelUnavailableError',
      / reports an internal error \(500\); it is called again later\.$/,
    ],
    [{ kind: 'server-error', status: 503 }, 'ModelUnavailableError', /an internal error \(503\)/],
    [{ kind: 'refused', status: 409 }, 'ModelUnavailableError', /an internal error \(409\)/],
    [
      'too-long',
      'TextTooLongError',
      /^The text is too long for the model gpt-4\.1-mini; choose another in MEMORY_LLM_MODEL\.$/,
    ],
    [{ kind: 'refused', status: 413 }, 'TextTooLongError', /^The text is too long/],
    [
      'filtered-prompt',
      'UnusableReplyError',
      / refused the text for its content, before the model gpt-4\.1-mini saw it\.$/,
    ],
    [
      'html',
      'ModelFailedError',
      / gave an answer that is not of OpenAI's protocol; check that OPENAI_BASE_URL has the right path/,
    ],
    [{ kind: 'body', body: '{"choices":[{"mess' }, 'ModelFailedError', /not of OpenAI's protocol/],
    [
      { kind: 'body', body: { error: { message: ERROR_CONTENT } } },
      'ModelFailedError',
      / refused the request for the model /,
    ],
    ['reset', 'ModelUnavailableError', / cannot be reached \([A-Z_]+\); check the network and OPENAI_BASE_URL\.$/],
  ])('%j', async (fault, name, sentence) => {
    fake.fail(fault);

    const error = await failure();

    expect(error).toMatchObject({ name, message: expect.stringMatching(sentence) });
    if (!['UnusableReplyError', 'TextTooLongError'].includes(name))
      expect(error.message).toMatch(new RegExp(`^${HOST}`));
    expect(fake.calls).toHaveLength(1);
  });

  test('a refusal in unknown words that persists with fewer features', async () => {
    const odd = { kind: 'refused', status: 400, code: 'odd_thing' } as const;
    fake.fail(odd, odd, odd, odd, odd, odd);

    expect(await failure()).toMatchObject({
      name: 'ModelFailedError',
      message: expect.stringMatching(
        / for the model gpt-4\.1-mini \(400 odd_thing invalid_request_error req_fake\)\.$/,
      ),
    });
    expect(fake.calls).toHaveLength(6);
  });

  test('no server listens', async () => {
    const host = `127.0.0.1:${wrongServers.nothing()}`;

    const error = await failure({ baseUrl: `http://${host}/v1` });

    expect(error).toMatchObject({
      name: 'ModelUnavailableError',
      message: `The server at ${host} cannot be reached (ECONNREFUSED); check the network and OPENAI_BASE_URL.`,
    });
  });

  test('the path of the API is wrong', async () => {
    const error = await failure({ baseUrl: fake.url.replace('/v1', '/v2') });

    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringContaining('OPENAI_BASE_URL') });
  });

  test('the server requires a key and none is set', async () => {
    const strict = await startFakeOpenAI({ key: 'sk-right' });

    const without = await failure({ baseUrl: strict.url, apiKey: undefined });
    const wrong = await failure({ baseUrl: strict.url });
    const right = await failure({ baseUrl: strict.url, apiKey: 'sk-right' });
    await strict.close();

    expect(without.message).toMatch(/ needs a key; set OPENAI_API_KEY\.$/);
    expect(wrong.message).toMatch(/refused the key/);
    expect(right.message).toBe('nothing went wrong');
  });

  test('the model is closed during a call', async () => {
    fake.fail('hang');
    const model = openaiLanguageModel(settingsFor(fake));
    const reading = model.extract({ content: SECRET, source: 'text', referenceTime: new Date(0) });
    reading.catch(() => {});
    await expect.poll(() => fake.calls.length).toBe(1);

    await model.close();

    await expect(reading).rejects.toMatchObject({
      name: 'ModelUnavailableError',
      message: 'The model gpt-4.1-mini was closed during a call.',
    });
  });
});

describe('the requested wait of a server is passed on', () => {
  test.each<[object, number | null]>([
    [{ retryAfter: '7' }, 7000],
    [{ retryAfter: '0.25' }, 250],
    [{ retryAfterMs: 1500, retryAfter: '9' }, 1500],
    [{ retryAfter: 'soon' }, null],
    [{}, null],
  ])('%j', async (headers, wait) => {
    fake.fail({ kind: 'rate-limit', ...headers });

    expect(await failure()).toMatchObject({ name: 'ModelBusyError', retryAfterMs: wait });
  });
});

describe('an unusable reply has a reason', () => {
  test.each<[FaultName | Fault, number, string]>([
    ['refusal', 2, 'in 2 attempts: the model declined to answer.'],
    ['length', 2, 'in 2 attempts: the reply was cut off at the longest that the model writes.'],
    ['content-filter', 2, "in 2 attempts: the server's content filter cut the reply off."],
    ['empty', 3, 'in 3 attempts: the reply was empty.'],
    ['empty-choices', 3, 'in 3 attempts: the reply was empty.'],
    ['truncated', 3, 'in 3 attempts: the reply is not JSON.'],
    ['null', 3, 'in 3 attempts: the reply is not an object.'],
    [
      { kind: 'content', text: '{"entities":[{"name":7}],"facts":[]}' },
      3,
      'in 3 attempts: entities.0.name is not a string.',
    ],
    [{ kind: 'content', text: '{"entities":[]}' }, 3, 'in 3 attempts: facts is not an array.'],
  ])('%j', async (fault, calls, reason) => {
    fake.fail(fault, fault, fault, fault);

    const error = await failure();

    expect(error).toMatchObject({
      name: 'UnusableReplyError',
      message: `The model gpt-4.1-mini gave no usable reply ${reason}`,
    });
    expect(fake.calls).toHaveLength(calls);
  });
});

test("an error never contains the key, the text or the server's message, however it is printed", async () => {
  const faults: (Fault | FaultName)[] = [
    ...(['wrong-key', 'forbidden', 'unknown-model', 'quota', 'too-long', 'filtered-prompt', 'html', 'reset'] as const),
    { kind: 'rate-limit' },
    { kind: 'server-error' },
    { kind: 'refused', status: 400, code: 'sk-leaked-key' },
    { kind: 'body', body: `{"${SECRET}` },
  ];
  for (const fault of faults) {
    fake.reset();
    fake.fail(...Array(6).fill(fault));
    const error = await failure();

    expect(error.cause).toBeInstanceOf(Error);
    const printed = inspect(error, { depth: 10, showHidden: true });
    expect(printed).not.toMatch(/launch code|sk-|secret text/);
  }
});

describe('each failure of an embedder has its own class and message', () => {
  const embed = (settings: Partial<EmbeddingSettings> = {}) =>
    openaiEmbedder(embeddingsFor(fake, settings))
      .embed(['Harbor', SECRET])
      .catch((error: Error) => error);

  test.each<[FaultName | Fault, string, RegExp]>([
    ['unknown-model', 'ConfigError', /know the model text-embedding-3-small; check MEMORY_EMBEDDING_MODEL/],
    ['wrong-key', 'ConfigError', /refused the key/],
    [{ kind: 'rate-limit', retryAfter: '1' }, 'ModelBusyError', /fewer calls of text-embedding-3-small/],
    ['truncated', 'ModelFailedError', /^The embedding model text-embedding-3-small gave 1 vectors for 2 texts\.$/],
    ['html', 'ModelFailedError', /not of OpenAI's protocol/],
    [{ kind: 'body', body: { data: [{ embedding: null }, {}] } }, 'ModelFailedError', /not of OpenAI's protocol/],
    [{ kind: 'body', body: { data: 'rubbish' } }, 'ModelFailedError', /not of OpenAI's protocol/],
    [
      { kind: 'body', body: { data: [{ embedding: [1, 2, 3] }, { embedding: [1, 2, 3] }] } },
      'ModelFailedError',
      /gives vectors of 3 numbers, not 1024; set MEMORY_EMBEDDING_DIM to 3 or less\.$/,
    ],
    [
      { kind: 'body', body: { data: [{ embedding: Array(1024).fill(0) }, { embedding: Array(1024).fill('x') }] } },
      'ModelFailedError',
      /gave a vector without direction\.$/,
    ],
  ])('%j', async (fault, name, sentence) => {
    fake.fail(fault);

    expect(await embed()).toMatchObject({ name, message: expect.stringMatching(sentence) });
  });
});
