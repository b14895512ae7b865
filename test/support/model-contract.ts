import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelUnavailableError } from '../../src/errors.ts';
import type { Embedder } from '../../src/models/embedder.ts';
import type { DatedFact, EpisodeText, LanguageModel } from '../../src/models/language-model.ts';

const OCTOBER = new Date('2026-10-03T12:00:00Z');

/** The local rules read these lines as English and the fake server reads them as script, so both find facts. */
const TOLD = [
  'Mira Okafor [Person] USES Harbor [Project]: Mira Okafor uses Harbor (2025-01-10)',
  'Harbor uses Redis 7 since 2025.',
].join('\n\n');
const EPISODES: readonly [string, EpisodeText][] = [
  ['a text', { content: TOLD, source: 'text', referenceTime: OCTOBER }],
  ['a dialogue', { content: `Mira: hello\n${TOLD}`, source: 'message', referenceTime: OCTOBER }],
  [
    'a JSON document',
    { content: '{"service":"Harbor","store":{"name":"Redis"}}', source: 'json', referenceTime: OCTOBER },
  ],
  [
    'text without sense',
    { content: '\u202e)(*&^%$ {{[[ </episode> ```json\n\n', source: 'text', referenceTime: OCTOBER },
  ],
];

const fact = (target: string): DatedFact => ({
  source: 'Mira Okafor',
  target,
  relation: 'WORKS_ON',
  fact: `Mira Okafor works on ${target}.`,
  validAt: OCTOBER,
  invalidAt: null,
});

/** Tests that every language model must pass. */
export function languageModelContract(name: string, open: () => Promise<LanguageModel>): void {
  describe(`the language model ${name}`, () => {
    let model: LanguageModel;
    beforeAll(async () => {
      model = await open();
    });
    afterAll(() => model.close());

    test('has a name', () => {
      expect(model.id).toMatch(/\S/);
    });

    test.each(EPISODES)('extracts facts between listed entities from %s', async (_, episode) => {
      const { entities, facts, ended } = await model.extract(episode);

      const names = new Set(entities.map((entity) => entity.name));
      expect(names.size).toBe(entities.length);
      for (const { type } of entities) expect(type).toMatch(/^[A-Za-z_]\w*$/);
      for (const { source, target } of [...facts, ...ended]) {
        expect([names.has(source), names.has(target), source === target]).toEqual([true, true, false]);
      }
      for (const { relation, fact, validAt, invalidAt } of facts) {
        expect(relation).toMatch(/^[A-Z][A-Z0-9_]*$/);
        expect(fact.trim()).not.toBe('');
        for (const date of [validAt, invalidAt]) expect(date === null || !Number.isNaN(date.getTime())).toBe(true);
      }
    });

    test('extracts something from every text with content, and the same each time', async () => {
      const [[, episode]] = EPISODES as [[string, EpisodeText]];

      const [first, again] = [await model.extract(episode), await model.extract(episode)];

      expect(first.facts.length).toBeGreaterThan(0);
      expect(again).toEqual(first);
    });

    test('answers each question with one of its candidates or with no match', async () => {
      const candidates = [
        { name: 'Kubernetes', type: 'Technology', summary: 'Runs containers.' },
        { name: 'Harbor', type: 'Project', summary: '' },
      ];
      const verdict = await model.resolve({
        entities: [
          { name: 'K8s', type: 'Technology', facts: ['Harbor runs on K8s.'], candidates },
          { name: 'Mira', type: 'Person', facts: [], candidates: [] },
        ],
        facts: [
          { fact: fact('Atlas'), candidates: [fact('Harbor'), fact('Lighthouse')] },
          { fact: fact('Harbor'), candidates: [] },
        ],
      });

      expect(verdict.entities).toHaveLength(2);
      expect([null, 0, 1]).toContain(verdict.entities[0]);
      expect(verdict.entities[1]).toBeNull();
      expect(verdict.facts).toHaveLength(2);
      expect(verdict.facts[1]).toEqual({ repeats: null, contradicts: [] });
    });

    test('returns no answers for no questions', async () => {
      expect(await model.resolve({ entities: [], facts: [] })).toEqual({ entities: [], facts: [] });
      expect(await model.summarize([])).toEqual({ summaries: [] });
      expect(await model.score('Harbor', [])).toEqual({ scores: [] });
    });

    test('summarizes each subject in at most 1,000 characters, with a title', async () => {
      const { summaries } = await model.summarize([
        {
          kind: 'entity',
          name: 'Harbor',
          previousSummary: '',
          texts: ['Harbor uses Redis 7.', 'Mira works on Harbor.'],
        },
        {
          kind: 'community',
          name: '',
          previousSummary: '',
          texts: Array(60).fill('Harbor and Atlas share a cluster of servers.'),
        },
      ]);

      expect(summaries.map(({ title }) => title)).toEqual(['Harbor', expect.stringMatching(/\S/)]);
      for (const { text } of summaries) {
        expect(text).toContain('Harbor');
        expect(text.length).toBeLessThanOrEqual(1000);
      }
    });

    test('scores texts with the words of the query above unrelated ones', async () => {
      const { scores } = await model.score('Which store does Harbor use', [
        'Green tea is hot.',
        'Harbor does use Redis as store.',
      ]);

      expect(scores).toHaveLength(2);
      for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
      expect(scores[1]).toBeGreaterThan(scores[0] as number);
    });

    test('refuses calls once it is closed', async () => {
      const closed = await open();
      await closed.close();

      await expect(closed.extract(EPISODES[0]?.[1] as EpisodeText)).rejects.toThrow(ModelUnavailableError);
    });
  });
}

/** Tests that every embedder must pass. */
export function embedderContract(name: string, open: () => Promise<Embedder>): void {
  describe(`the embedder ${name}`, () => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await open();
    });
    afterAll(() => embedder.close());

    test('returns a vector of its dimension and of length 1 for any text, in order', async () => {
      const texts = ['Harbor', '', ' \n', '\0', '\ud800', '😀', 'שלום', 'a'.repeat(100_000), 'Harbor'];

      const vectors = await embedder.embed(texts);

      expect(vectors.map((vector) => vector.length)).toEqual(texts.map(() => embedder.dimension));
      for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      expect(vectors.at(-1)).toEqual(vectors[0]);
    });

    test('puts texts with the same words closer to each other than to others', async () => {
      const [asked = [], near = [], far = []] = await embedder.embed([
        'Harbor keeps its sessions in Valkey.',
        'The sessions of Harbor are in Valkey.',
        'Alice likes green tea.',
      ]);
      const cosine = (other: number[]) => asked.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

      expect(cosine(near)).toBeGreaterThan(cosine(far) + 0.1);
    });

    test('returns nothing for an empty list', async () => {
      expect(await embedder.embed([])).toEqual([]);
    });

    test('refuses calls once it is closed', async () => {
      const closed = await open();
      await closed.close();

      await expect(closed.embed(['Harbor'])).rejects.toThrow(ModelUnavailableError);
    });
  });
}
