import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Extraction } from '../../../src/models/language-model.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import {
  type FakeOpenAI,
  type FakeOpenAIOptions,
  type Fault,
  startFakeOpenAI,
} from '../../support/fake-openai/index.ts';
import type { ChatRequest, EmbeddingRequest } from '../../support/fake-openai/protocol.ts';
import { embeddingsFor, settingsFor } from './settings.ts';

const MARCH = new Date('2025-03-05T09:00:00Z');
const EPISODE = {
  content: 'Mira Okafor [Person] LIVES_IN Lagos [City]: Mira Okafor lives in Lagos',
  source: 'text',
  referenceTime: MARCH,
} as const;

let fake: FakeOpenAI;
async function start(options: FakeOpenAIOptions = {}): Promise<FakeOpenAI> {
  fake = await startFakeOpenAI(options);
  return fake;
}
beforeEach(async () => void (await start()));
afterEach(() => fake.close());

const read = (model = openaiLanguageModel(settingsFor(fake))) => model.extract(EPISODE);
const failure = (reading: Promise<unknown>) =>
  reading.then(() => new Error('nothing went wrong')).catch((error) => error);
const factsOf = ({ facts }: Extraction) => facts.map(({ fact }) => fact);
const FACTS = ['Mira Okafor lives in Lagos'];

describe('an error sent with status 200 is handled like an error status', () => {
  test.each<[string, unknown, string]>([
    ['429', { error: { message: 'Provider returned error', code: 429 } }, 'ModelBusyError'],
    ['502', { error: { message: 'Provider returned error', code: 502 } }, 'ModelUnavailableError'],
    [
      '502 in the choice',
      {
        choices: [
          { index: 0, finish_reason: 'error', error: { code: 502 }, message: { role: 'assistant', content: '' } },
        ],
      },
      'ModelUnavailableError',
    ],
    ['a text', { error: 'rate_limit reached' }, 'ModelBusyError'],
  ])('%s', async (_, body, name) => {
    fake.fail({ kind: 'body', body });

    expect(await failure(read())).toMatchObject({ name });
  });

  test('in a chunk of the stream', async () => {
    fake.fail({
      kind: 'error-in-stream',
      error: { choices: [{ index: 0, delta: { content: '' }, error: { code: 502 } }] },
    });

    expect(await failure(read())).toMatchObject({ name: 'ModelUnavailableError' });
  });

  test('for embeddings', async () => {
    fake.fail({ kind: 'body', body: { error: { message: 'Rate limited', code: 429 } } });

    expect(await failure(openaiEmbedder(embeddingsFor(fake)).embed(['a']))).toMatchObject({ name: 'ModelBusyError' });
  });
});

describe('the answer is found wherever servers put it', () => {
  test.each(['in-reasoning', 'in-parts', 'in-tool-call'] as const)('%s, streamed and in one piece', async (kind) => {
    fake.fail(kind);
    expect(factsOf(await read())).toEqual(FACTS);
    await fake.close();

    await start({ stream: 'ignore' });
    fake.fail(kind);
    expect(factsOf(await read())).toEqual(FACTS);
  });

  test('a server that sends empty replies to schema requests is asked in JSON mode from then on', async () => {
    await fake.close();
    await start({
      faultOf: ({ purpose, body }) =>
        purpose === 'extract' && (body as ChatRequest).response_format?.type === 'json_schema' ? 'empty' : undefined,
    });
    const model = openaiLanguageModel(settingsFor(fake));

    const { use } = await read(model);
    await read(model);

    expect(fake.calls.map(({ format }) => format)).toEqual(['json_schema', 'json_object', 'json_object']);
    expect(use).toHaveLength(2);
  });

  test('a text with an empty reply in every format does not downgrade the format of other texts', async () => {
    fake.fail('empty', 'empty', 'empty');
    const model = openaiLanguageModel(settingsFor(fake));

    expect(await failure(read(model))).toMatchObject({ name: 'UnusableReplyError' });
    await read(model);

    expect(fake.calls.at(-1)?.format).toBe('json_schema');
  });
});

describe('after an unknown refusal', () => {
  const odd: Fault = { kind: 'refused', status: 400, message: 'Proto field is not repeating, cannot start list.' };

  test('chat is asked with fewer features, and that is remembered', async () => {
    await fake.close();
    await start({
      faultOf: ({ body }) => ((body as ChatRequest).response_format?.type === 'json_schema' ? odd : undefined),
    });
    const model = openaiLanguageModel(settingsFor(fake));

    expect(factsOf(await read(model))).toEqual(FACTS);
    const calls = fake.calls.length;
    await read(model);

    expect(fake.calls.length - calls).toBe(1);
  });

  test.each<[string, unknown]>([
    ['a list', [{ error: { code: 400, message: 'Unknown name "response_schema"', status: 'INVALID_ARGUMENT' } }]],
    ['a detail', { detail: [{ loc: ['body', 'response_format'], msg: 'Extra inputs are not permitted' }] }],
    ['a message', { object: 'error', message: 'xgrammar takes no such schema', code: 400 }],
    ['a text', 'no structured output here'],
  ])('sent as %s, chat is asked without a schema', async (_, body) => {
    await fake.close();
    await start({
      faultOf: ({ body: asked }) =>
        (asked as ChatRequest).response_format?.type === 'json_schema'
          ? { kind: 'body', status: 422, body }
          : undefined,
    });

    expect(factsOf(await read())).toEqual(FACTS);
    expect(fake.calls.at(-1)?.format).toBe('json_object');
  });

  test('from a server that accepted the schema before, the text counts as the cause', async () => {
    const model = openaiLanguageModel(settingsFor(fake));
    await read(model);
    fake.fail(odd);

    expect(await failure(read(model))).toMatchObject({ name: 'ModelFailedError' });
    expect(fake.calls).toHaveLength(2);
  });

  test('that persists without the features, the next request has all of them again', async () => {
    const model = openaiLanguageModel(settingsFor(fake));
    fake.fail(odd, odd, odd, odd, odd, odd);

    expect(await failure(read(model))).toMatchObject({ name: 'ModelFailedError' });
    await read(model);

    expect(fake.calls.at(-1)?.body).toMatchObject({
      stream: true,
      temperature: 0,
      response_format: { type: 'json_schema' },
    });
  });

  test('a key refused with status 400 is reported as a wrong key', async () => {
    const body = [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.' } }];
    fake.fail({ kind: 'body', status: 400, body });

    expect(await failure(read())).toMatchObject({ name: 'ConfigError', message: expect.stringContaining('key') });
    expect(fake.calls).toHaveLength(1);
  });
});

describe('one invalid row does not affect the others', () => {
  test('loses no other row of an extraction', async () => {
    const facts = [
      {
        source: 'Mira Okafor',
        target: 'Lagos',
        relation: 'LIVES_IN',
        fact: FACTS[0],
        valid_at: null,
        invalid_at: null,
      },
      { source: 'Mira Okafor', target: null, relation: 'HAS_STATUS', fact: 'She is slow.' },
    ];
    const entities = [{ name: 'Mira Okafor', type: 'Person' }, { name: 'Lagos', type: 'City' }, { name: 7 }];
    fake.fail({ kind: 'content', text: JSON.stringify({ entities, facts, ended: [] }) });

    const extraction = await read();

    expect(factsOf(extraction)).toEqual(FACTS);
    expect(extraction.use).toMatchObject([{ rowsDropped: 2 }]);
  });

  test('loses no other row of a verdict, whose numbers may be strings', async () => {
    const rome = {
      source: 'Mira',
      target: 'Rome',
      relation: 'LIVES_IN',
      fact: 'Mira lives in Rome',
      validAt: null,
      invalidAt: null,
    };
    const lagos = { ...rome, target: 'Lagos', fact: 'Mira lives in Lagos' };
    const facts = [{ question: '1', repeats: 'none', contradicts: ['1', 'x'] }, { question: 'one' }];
    fake.fail({ kind: 'content', text: JSON.stringify({ entities: [], facts }) });

    const verdict = await openaiLanguageModel(settingsFor(fake)).resolve({
      entities: [],
      facts: [{ fact: rome, candidates: [lagos] }],
    });

    expect(verdict.facts).toEqual([{ repeats: null, contradicts: [0] }]);
  });
});

describe('an embedding server with lower limits', () => {
  const texts = Array.from({ length: 45 }, (_, index) => `service ${index}`);
  const inputOf = ({ body }: { body: unknown }) => [(body as EmbeddingRequest).input].flat();
  const taking = (most: number, refusal: Fault) =>
    start({ faultOf: ({ body }) => (inputOf({ body }).length > most ? refusal : undefined) });

  test.each<[string, Fault]>([
    [
      'batch size is invalid, it should not be larger than 10',
      { kind: 'refused', status: 400, message: 'batch size is invalid, it should not be larger than 10' },
    ],
    ['unknown words', { kind: 'body', status: 422, body: { message: 'nope', type: 'Validation' } }],
    ['413', { kind: 'body', status: 413, body: '' }],
  ])('gets smaller batches, and the size is remembered (%s)', async (_, refusal) => {
    const expected = await openaiEmbedder(embeddingsFor(fake)).embed(texts);
    await fake.close();
    await taking(10, refusal);
    const embedder = openaiEmbedder(embeddingsFor(fake));

    expect(await embedder.embed(texts)).toEqual(expected);
    const before = fake.calls.length;
    await embedder.embed(texts);

    expect(fake.calls.slice(before).every(({ status }) => status === 200)).toBe(true);
  });

  test('without base64 is asked for plain numbers', async () => {
    await fake.close();
    await start({
      faultOf: ({ body }) =>
        (body as EmbeddingRequest).encoding_format === 'base64'
          ? { kind: 'refused', status: 400, message: 'encoding_format is not supported' }
          : undefined,
    });
    const embedder = openaiEmbedder(embeddingsFor(fake));

    await embedder.embed(['a']);
    await embedder.embed(['b']);

    expect(fake.calls.map(({ body }) => (body as EmbeddingRequest).encoding_format)).toEqual([
      'base64',
      'float',
      'float',
    ]);
  });

  test('gets a text that is too long cut, and the other texts in full', async () => {
    const long: Fault = { kind: 'body', status: 500, body: { error: { message: 'input is too large to process' } } };
    await fake.close();
    await start({ faultOf: ({ body }) => (inputOf({ body }).some((text) => text.length > 1500) ? long : undefined) });

    const vectors = await openaiEmbedder(embeddingsFor(fake)).embed(['short', 'word '.repeat(1000), 'other']);

    expect(vectors).toHaveLength(3);
    const sent = fake.calls.filter(({ status }) => status === 200).flatMap(inputOf);
    expect(sent).toContain('short');
    expect(sent).toContain('other');
  });
});

describe('a request that can never succeed', () => {
  test.each([
    [
      'Request too large for gpt-4.1-mini on tokens per min (TPM): Limit 2000, Requested 34238. The input must be reduced.',
    ],
    ['Rate limit reached: Limit 2,000, Used 0, Requested 34,238.'],
  ])('because it exceeds the limit per minute is split: %s', async (message) => {
    await fake.close();
    await start({
      faultOf: ({ body }) =>
        JSON.stringify((body as ChatRequest).messages).length > 9_000
          ? { kind: 'refused', status: 429, message }
          : undefined,
    });
    const filler = 'Nothing of note happened on this day. '.repeat(100);
    const content = `${EPISODE.content}\n\n${filler}\n\nMira Okafor WORKS_ON Harbor [Project]: Mira Okafor works on Harbor`;

    const { facts } = await openaiLanguageModel(settingsFor(fake)).extract({ ...EPISODE, content });

    expect(facts).toHaveLength(2);
  });

  test('and cannot be split fails as a text that is too long', async () => {
    fake.fail({ kind: 'refused', status: 429, message: 'Request too large: tokens must be reduced.' });

    expect(await failure(read())).toMatchObject({ name: 'TextTooLongError' });
  });

  test('a server that always fails on one text and answers others: the text counts attempts, and the server does not count as down', async () => {
    await fake.close();
    await start({
      faultOf: ({ body }) =>
        JSON.stringify(body).includes('InputArea') ? { kind: 'server-error', status: 500 } : undefined,
    });
    const embedder = openaiEmbedder(embeddingsFor(fake));
    const embed = () => failure(embedder.embed(['Ann edits InputArea']));

    expect([(await embed()).name, (await embed()).name]).toEqual(['ModelUnavailableError', 'ModelUnavailableError']);
    const third = await embed();

    expect(third.name).toBe('ModelFailedError');
    expect(third.message).toContain('fails on this text every time');
    expect(third.message).not.toContain('InputArea');
  });

  test.each<[string, Fault]>([
    ['with 500', { kind: 'server-error', status: 500 }],
    ['under status 200', { kind: 'body', body: { error: { message: 'Provider returned error', code: 502 } } }],
  ])('a server that fails on everything %s counts as down, however often it is asked', async (_, fault) => {
    await fake.close();
    await start({ faultOf: () => fault });
    const model = openaiLanguageModel(settingsFor(fake));

    for (let attempt = 0; attempt < 5; attempt += 1)
      expect(await failure(read(model))).toMatchObject({ name: 'ModelUnavailableError' });
  });
});
