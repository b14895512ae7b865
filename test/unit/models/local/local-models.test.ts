import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ModelUnavailableError } from '../../../../src/errors.ts';
import { localEmbedder } from '../../../../src/models/local/embedder.ts';
import { localLanguageModel } from '../../../../src/models/local/language-model.ts';
import { MINUTE } from '../../../../src/time.ts';
import { shareOfThisThread } from '../../../support/processor.ts';
import { OCTOBER, stated } from './episodes.ts';

function similarity(one: number[] = [], other: number[] = []): number {
  return one.reduce((sum, component, index) => sum + component * (other[index] ?? 0), 0);
}

describe('the local embedder', () => {
  const embedder = localEmbedder();
  afterAll(embedder.close);

  it('places paraphrases nearer to each other than to anything else', async () => {
    const [asked, paraphrase, unrelated] = await embedder.embed([
      'Where do the backups go?',
      'Backups are stored in this place every night.',
      'Alice likes green tea.',
    ]);
    expect(similarity(asked, paraphrase)).toBeGreaterThan(similarity(asked, unrelated) + 0.1);
  });

  it('gives a text the same vector alone and in a batch', async () => {
    const text = 'Harbor keeps its sessions in Valkey.';
    const [alone] = await embedder.embed([text]);
    const among = await embedder.embed([...Array.from({ length: 40 }, (_, index) => `Note ${index}`), text]);
    expect(among).toHaveLength(41);
    expect(similarity(alone, among[40])).toBeCloseTo(1, 5);
  });

  it('gives vectors of length 1 for any text', async () => {
    const vectors = await embedder.embed(['', ' \n', '\0', '\uD800', '😀', 'a'.repeat(1_000_000), 'שלום']);
    expect(vectors.map((vector) => vector.length)).toEqual(Array(7).fill(embedder.dimension));
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  it('gives an empty list for an empty list', async () => {
    expect(await embedder.embed([])).toEqual([]);
  });

  it('does not block the process', async () => {
    const texts = Array.from({ length: 32 }, (_, index) => `Sentence ${index} says something. `.repeat(20));
    expect(await shareOfThisThread(() => embedder.embed(texts))).toBeLessThan(0.5);
  });
});

describe('the local language model', () => {
  const model = localLanguageModel();
  afterAll(model.close);

  it('reads an episode in its worker thread', async () => {
    const reading = await model.extract({ content: 'Alice likes green tea', source: 'text', referenceTime: OCTOBER });
    expect(stated(reading)).toEqual(['Alice LIKES green tea']);
    expect(reading.facts[0]?.validAt).toEqual(OCTOBER);
  });

  it('does not block the process', async () => {
    const content = "I'm sure you're glad we've met. ".repeat(30_000);
    const share = await shareOfThisThread(() => model.extract({ content, source: 'text', referenceTime: OCTOBER }));
    expect(share).toBeLessThan(0.5);
  });
});

describe('a closed model', () => {
  it('rejects calls with a message', async () => {
    const model = localLanguageModel();
    await model.close();
    const refusal = model.extract({ content: 'Alice likes tea', source: 'text', referenceTime: OCTOBER });
    await expect(refusal).rejects.toThrow(new ModelUnavailableError('The local model local-rules-3 is closed.'));
  });

  it('aborts its current work with an error', async () => {
    const model = localLanguageModel();
    const content = "I'm sure you're glad we've met. ".repeat(30_000);
    const [answer] = await Promise.allSettled([
      model.extract({ content, source: 'text', referenceTime: OCTOBER }),
      model.close(),
    ]);
    expect(answer).toMatchObject({
      status: 'rejected',
      reason: { name: 'ModelFailedError', cause: expect.any(Error) },
    });
  });
});

describe('a process that used the local models', () => {
  const use = `
    const { localEmbedder } = await import('${new URL('../../../../src/models/local/embedder.ts', import.meta.url)}');
    const { localLanguageModel } = await import('${new URL('../../../../src/models/local/language-model.ts', import.meta.url)}');
    const embedder = localEmbedder();
    const model = localLanguageModel();
    const [vector] = await embedder.embed(['green tea']);
    const { facts } = await model.extract({ content: 'Alice likes tea', source: 'text', referenceTime: new Date(0) });
    console.log(vector.length, facts.length);`;

  it.each([
    ['after closing them', 'await embedder.close(); await model.close();'],
    ['without closing them', ''],
  ])('exits %s', async (_, end) => {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', use + end], {
      timeout: 2 * MINUTE,
    });
    expect((await run).stdout).toBe('512 1\n');
  });
});
