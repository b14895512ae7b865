import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import type { EmbeddingRequest } from '../../support/fake-openai/protocol.ts';
import { embeddingsFor } from './settings.ts';

let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

const request = (index: number, from = fake) => from.calls[index]?.body as EmbeddingRequest;

test('short texts go in one request, in base64, with the configured dimension', async () => {
  const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`);

  const vectors = await openaiEmbedder(embeddingsFor(fake)).embed(texts);

  expect(vectors).toHaveLength(200);
  expect(fake.calls).toHaveLength(1);
  expect(request(0)).toMatchObject({ model: 'text-embedding-3-small', dimensions: 1024, encoding_format: 'base64' });
});

test('many and long texts go in requests of at most 256 texts and 200,000 characters, in order', async () => {
  const texts = [
    ...Array.from({ length: 600 }, (_, index) => `text ${index}`),
    ...Array(20).fill('long '.repeat(6000)),
  ];
  const embedder = openaiEmbedder(embeddingsFor(fake));

  const vectors = await embedder.embed(texts);

  const sent = fake.calls.map((_, index) => request(index).input as string[]);
  expect(Math.max(...sent.map((input) => input.length))).toBeLessThanOrEqual(256);
  expect(Math.max(...sent.map((input) => input.join('').length))).toBeLessThanOrEqual(200_000);
  expect(Math.max(...sent.flat().map((text) => text.length))).toBe(24_000);
  expect([vectors[7], vectors[599]]).toEqual(await embedder.embed(['text 7', 'text 599']));
});

test('line breaks become spaces, and empty texts become text that servers accept', async () => {
  await openaiEmbedder(embeddingsFor(fake)).embed(['one\r\n\ntwo', '', ' \n']);

  expect(request(0).input).toEqual(['one two', '.', '.']);
});

test('vectors are sorted by their index', async () => {
  const row = (index: number, at: number) => ({ index, embedding: [0, 0, 0].with(at, 1) });
  fake.fail({ kind: 'body', body: { data: [row(1, 1), row(0, 0)] } });

  expect(await openaiEmbedder(embeddingsFor(fake, { dimension: 3 })).embed(['a', 'b'])).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
});

describe('the dimension of vectors', () => {
  test.each(['refuse', 'ignore'] as const)(
    'is cut by the client, with the same result, if the server would %s the request for it',
    async (dimensions) => {
      const other = await startFakeOpenAI({ dimensions });
      const [whole = []] = await openaiEmbedder(embeddingsFor(fake)).embed(['Harbor uses Valkey']);
      const embedder = openaiEmbedder(embeddingsFor(other));

      const [cut = []] = await embedder.embed(['Harbor uses Valkey']);
      await embedder.embed(['again']);
      await other.close();

      expect(cut).toHaveLength(1024);
      for (const [index, value] of cut.entries()) expect(value).toBeCloseTo(whole[index] ?? 0, 6);
      expect(other.calls).toHaveLength(dimensions === 'refuse' ? 3 : 2);
    },
  );

  test('is not requested from a model that does not support it', async () => {
    await openaiEmbedder(embeddingsFor(fake, { model: 'nomic-embed-text', dimension: 768 })).embed(['Harbor']);

    expect(request(0)).not.toHaveProperty('dimensions');
  });
});

test('a server without base64 support is supported', async () => {
  const plain = await startFakeOpenAI({ base64: false });
  const [numbers = []] = await openaiEmbedder(embeddingsFor(plain)).embed(['Harbor']);
  const [packed = []] = await openaiEmbedder(embeddingsFor(fake)).embed(['Harbor']);
  await plain.close();

  for (const [index, value] of numbers.entries()) expect(value).toBeCloseTo(packed[index] ?? 0, 6);
});
