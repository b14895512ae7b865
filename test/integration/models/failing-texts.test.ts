import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachingEmbedder } from '../../../src/models/caching-embedder.ts';
import { embedEach } from '../../../src/models/embed-each.ts';
import { guardedEmbedder, guardedLanguageModel } from '../../../src/models/guarded-model.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { NO_METRICS } from '../../../src/telemetry/metrics.ts';
import { openVitalSigns } from '../../../src/telemetry/vital-signs.ts';
import { type FakeCall, type FakeOpenAI, type Fault, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { embeddingsFor, settingsFor } from './settings.ts';

const FAILURE: Fault = { kind: 'server-error', status: 500 };
const POISON = 'a recipe with hemlock';
const isPoisoned = ({ body }: Pick<FakeCall, 'body'>) => JSON.stringify(body).includes('hemlock');

let fake: FakeOpenAI;
let faultOf: (call: Pick<FakeCall, 'body'>) => Fault | undefined;
beforeEach(async () => {
  faultOf = (call) => (isPoisoned(call) ? FAILURE : undefined);
  fake = await startFakeOpenAI({ faultOf: (call) => faultOf(call) });
});
afterEach(() => fake.close());

/** As a worker has them: behind a breaker, and the embedder also behind a cache. */
function openModels() {
  const signs = openVitalSigns();
  const parts = { signs, metrics: NO_METRICS, prices: {} };
  const embedder = guardedEmbedder(openaiEmbedder(embeddingsFor(fake)), parts);
  return {
    embedder,
    caching: cachingEmbedder(embedder),
    language: guardedLanguageModel(openaiLanguageModel(settingsFor(fake)), parts, CHAT_MODEL),
    breaker: (model: string) => signs.read().models[model]?.breaker,
  };
}
const CHAT_MODEL = 'gpt-4.1-mini';
const EMBEDDING_MODEL = 'text-embedding-3-small';

const nameOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: Error) => error.name,
  );
const textsAround = (poison: string, place: number, count = 256) =>
  Array.from({ length: count }, (_, index) => (index === place ? poison : `text ${index}`));

test('an episode on which the chat server always fails counts its attempts; others are read and the circuit breaker stays closed', async () => {
  const { language, breaker } = openModels();
  const read = (content: string) => nameOf(language.extract({ content, source: 'text', referenceTime: new Date(0) }));
  const outcomes: string[] = [];

  for (let round = 0; round < 12; round += 1) {
    outcomes.push(await read(POISON));
    expect(await read(`Harbor uses part ${round}.`)).toBe('answered');
  }

  expect(outcomes.slice(0, 2)).toEqual(['ModelUnavailableError', 'ModelUnavailableError']);
  expect(new Set(outcomes.slice(2))).toEqual(new Set(['ModelFailedError']));
  expect(breaker(CHAT_MODEL)).toBe('closed');
});

test('an episode on which the chat server always fails does not open the circuit breaker even if no other text is read meanwhile', async () => {
  const { language, breaker } = openModels();
  const read = (content: string) => nameOf(language.extract({ content, source: 'text', referenceTime: new Date(0) }));

  for (let attempt = 0; attempt < 20; attempt += 1) await read(POISON);

  expect(breaker(CHAT_MODEL)).toBe('closed');
  expect(await read('Harbor uses Redis.')).toBe('answered');
});

describe('a batch with a text on which the server always fails', () => {
  test.each([0, 1, 100, 255])(
    'gets the vectors of all other texts at the third attempt: position %i',
    async (place) => {
      const { caching, embedder, breaker } = openModels();
      const texts = textsAround(POISON, place);
      const tries = [await nameOf(embedEach(caching, texts)), await nameOf(embedEach(caching, texts))];
      fake.reset();

      const vectors = await embedEach(caching, texts);

      expect(tries).toEqual(['ModelUnavailableError', 'ModelUnavailableError']);
      expect(vectors.flatMap((vector, index) => (vector ? [] : [index]))).toEqual([place]);
      expect(fake.calls.length).toBeLessThan(40);
      expect(breaker(EMBEDDING_MODEL)).toBe('closed');
      const others = texts.filter((text) => text !== POISON);
      expect(vectors.filter((vector) => vector !== undefined)).toEqual(await embedder.embed(others));
    },
  );

  test('is split down to each failing text, also without a cache', async () => {
    const { embedder } = openModels();
    const texts = textsAround(POISON, 3, 20).with(4, `${POISON} too`).with(17, `${POISON} again`);
    for (const _ of [1, 2]) await nameOf(embedEach(embedder, texts));

    const vectors = await embedEach(embedder, texts);

    expect(vectors.flatMap((vector, index) => (vector ? [] : [index]))).toEqual([3, 4, 17]);
  });

  test('that the server refuses for its content loses only the refused text', async () => {
    faultOf = (call) => (isPoisoned(call) ? { kind: 'filtered-prompt' } : undefined);
    const { embedder } = openModels();

    const vectors = await embedEach(embedder, textsAround(POISON, 5, 20));

    expect(vectors.flatMap((vector, index) => (vector ? [] : [index]))).toEqual([5]);
  });

  test('keeps a good text whose call failed once by chance', async () => {
    const { embedder } = openModels();
    const texts = textsAround(POISON, 0, 2);
    for (const _ of [1, 2]) await nameOf(embedEach(embedder, texts));
    let chance = 2;
    faultOf = ({ body }) => {
      const input = 'input' in body ? body.input : [];
      const isSoundOne = input.length === 1 && input[0] === 'text 1';
      return isPoisoned({ body }) || (isSoundOne && chance-- > 0) ? FAILURE : undefined;
    };

    const vectors = await embedEach(embedder, texts);

    expect(vectors.map((vector) => vector !== undefined)).toEqual([false, true]);
  });
});

describe('an outage', () => {
  test('is waited out with at most two calls per attempt, however often the batch is tried', async () => {
    faultOf = () => FAILURE;
    const { embedder } = openModels();
    const texts = textsAround('sound', 0);

    for (let attempt = 0; attempt < 7; attempt += 1) {
      const before = fake.calls.length;
      expect(await nameOf(embedEach(embedder, texts))).toBe('ModelUnavailableError');
      expect(fake.calls.length - before).toBeLessThanOrEqual(2);
    }
  });

  test('that begins while a batch is split ends the attempt after a few calls, and skips no text', async () => {
    const { embedder } = openModels();
    const texts = textsAround(POISON, 200);
    for (const _ of [1, 2]) await nameOf(embedEach(embedder, texts));
    fake.reset();
    // The batch, the embedder's own probe and the one before the split.
    faultOf = (call) => (fake.calls.length >= 3 || isPoisoned(call) ? FAILURE : undefined);

    expect(await nameOf(embedEach(embedder, texts))).toBe('ModelUnavailableError');

    expect(fake.calls.length).toBeLessThanOrEqual(7);
  });
});

test('an embedder that fails on every text fails as a whole', async () => {
  faultOf = () => ({ kind: 'body', body: { data: 'rubbish' } });
  const { embedder } = openModels();

  expect(await nameOf(embedEach(embedder, ['Harbor', 'Redis']))).toBe('ModelFailedError');
  expect(fake.calls).toHaveLength(2);
});
