import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UnusableReplyError } from '../../../src/errors.ts';
import type { DatedFact, LanguageModel } from '../../../src/models/language-model.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { type FakeCall, type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import type { ChatRequest } from '../../support/fake-openai/protocol.ts';
import { settingsFor } from './settings.ts';

let fake: FakeOpenAI;
let model: LanguageModel;
beforeAll(async () => {
  fake = await startFakeOpenAI({
    knowledge: 'same: K8s = Kubernetes\nexclusive: LIVES_IN\ncontradicts: USES / ABANDONED',
  });
  model = openaiLanguageModel(settingsFor(fake));
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

const entity = (name: string, summary = '') => ({ name, type: 'Thing', summary });
const fact = (
  source: string,
  relation: string,
  target: string,
  text = `${source} ${relation} ${target}`,
): DatedFact => ({
  source,
  target,
  relation,
  fact: text,
  validAt: new Date('2025-01-01T00:00:00Z'),
  invalidAt: null,
});
const say = (text: string) => fake.fail({ kind: 'content', text });

describe('questions are decided', () => {
  const asked = {
    entities: [
      {
        name: 'K8s',
        type: 'Thing',
        facts: ['Harbor runs on K8s.'],
        candidates: [entity('Harbor'), entity('Kubernetes')],
      },
      { name: 'Kube', type: 'Thing', facts: [], candidates: [entity('Kubernetes')] },
      { name: 'New', type: 'Thing', facts: [], candidates: [] },
    ],
    facts: [
      {
        fact: fact('Ann', 'LIVES_IN', 'Porto'),
        candidates: [
          fact('Bob', 'LIVES_IN', 'Rome'),
          fact('Ann', 'LIVES_IN', 'Rome'),
          fact('Ann', 'LIVES_IN', 'Paris'),
        ],
      },
      { fact: fact('Ann', 'LIVES_IN', 'Rome', 'ann lives-in rome.'), candidates: [fact('Ann', 'LIVES_IN', 'Rome')] },
      { fact: fact('Harbor', 'ABANDONED', 'Redis'), candidates: [fact('Harbor', 'USES', 'Redis')] },
    ],
  };

  test('all in one call, with each candidate shown once with its end and dates', async () => {
    const { use, ...verdict } = await model.resolve(asked);

    expect(verdict).toEqual({
      entities: [1, null, null],
      facts: [
        { repeats: null, contradicts: [1, 2] },
        { repeats: 0, contradicts: [] },
        { repeats: null, contradicts: [0] },
      ],
    });
    expect(use).toEqual([expect.objectContaining({ purpose: 'resolve' })]);
    const prompt = (fake.calls[0] as FakeCall & { body: ChatRequest }).body.messages[1]?.content ?? '';
    expect(fake.calls).toHaveLength(1);
    expect(prompt.match(/"name":"Kubernetes"/g)).toHaveLength(1);
    expect(prompt.match(/"target":"Paris"/g)).toHaveLength(1);
    expect(prompt).toContain(
      '"source":"Ann","relation":"LIVES_IN","target":"Paris","fact":"Ann LIVES_IN Paris","from":"2025-01-01","until":null',
    );
  });

  test('by what the fake server learned from an episode', async () => {
    const repeated = {
      fact: fact('Ann', 'LEADS', 'Harbor', 'Ann leads Harbor'),
      candidates: [fact('Ann', 'HEADS', 'Harbor', 'Harbor is led by Ann')],
    };
    await model.extract({
      content: 'repeats: Ann leads Harbor = Harbor is led by Ann',
      source: 'text',
      referenceTime: new Date(0),
    });

    expect((await model.resolve({ entities: [], facts: [repeated] })).facts).toEqual([{ repeats: 0, contradicts: [] }]);
  });

  test('without a call if no question has candidates', async () => {
    const verdict = await model.resolve({ entities: [entityWithout], facts: [] });

    expect(verdict).toEqual({ entities: [null], facts: [] });
    expect(fake.calls).toHaveLength(0);
  });
  const entityWithout = { name: 'New', type: 'Thing', facts: [], candidates: [] };

  test.each([
    [
      'numbers that do not exist',
      '{"entities":[{"question":1,"same_as":99},{"question":7,"same_as":1},{"question":-1,"same_as":0}],"facts":[{"question":1,"repeats":50,"contradicts":[-1,0,2.5,1e99]}]}',
    ],
    [
      "numbers of another question's candidates",
      '{"entities":[{"question":2,"same_as":1}],"facts":[{"question":3,"repeats":1,"contradicts":[1,2]}]}',
    ],
    ['no answers', '{"entities":[],"facts":[]}'],
    ['null in place of answers', '{"entities":null}'],
  ])('as no match if the reply has %s', async (_, reply) => {
    say(reply);

    const { entities, facts } = await model.resolve(asked);

    expect(entities).toEqual([null, null, null]);
    expect(facts).toEqual(asked.facts.map(() => ({ repeats: null, contradicts: [] })));
  });

  test('by the first of two answers, and a repeated fact is not also contradicted', async () => {
    say(
      '{"entities":[{"question":1,"same_as":2},{"question":1,"same_as":1}],"facts":[{"question":1,"repeats":2,"contradicts":[2,3,3]}]}',
    );

    const { entities, facts } = await model.resolve(asked);

    expect(entities[0]).toBe(1);
    expect(facts[0]).toEqual({ repeats: 1, contradicts: [2] });
  });
});

describe('summaries', () => {
  const harbor = { kind: 'entity', name: 'Harbor', previousSummary: 'Old.', texts: ['Harbor uses Valkey.'] } as const;
  const nameless = { kind: 'community', name: '', previousSummary: '', texts: ['Mira and Ann row boats.'] } as const;

  test('are written in one call, and the model names each community', async () => {
    const { summaries, use } = await model.summarize([harbor, nameless]);

    expect(summaries).toEqual([
      { title: 'Harbor', text: 'Summary of Harbor: Harbor uses Valkey.' },
      { title: 'Mira and Ann row', text: 'Summary of Mira and Ann row: Mira and Ann row boats.' },
    ]);
    expect(use).toEqual([expect.objectContaining({ purpose: 'summarize' })]);
  });

  test('that are too long are cut at the end of a sentence', async () => {
    say(JSON.stringify({ summaries: [{ subject: 1, title: 'x', text: 'Harbor is a project. '.repeat(100) }] }));

    const { summaries } = await model.summarize([harbor]);

    expect(summaries[0]?.text.length).toBeLessThanOrEqual(1000);
    expect(summaries[0]?.text).toMatch(/is a project\.$/);
  });

  test('that are missing are requested once more, then refused', async () => {
    const missing = JSON.stringify({ summaries: [{ subject: 1, title: 'x', text: 'Harbor is a project.' }] });
    for (let tries = 0; tries < 3; tries += 1) say(missing);

    await expect(model.summarize([harbor, nameless])).rejects.toThrow(
      new UnusableReplyError(
        'The model gpt-4.1-mini gave no usable reply in 3 attempts: there is no summary of subject 2.',
      ),
    );
  });
});

describe('scores', () => {
  test('are between 0 and 1, and 0 for candidates missing from the reply', async () => {
    say(
      '{"scores":[{"passage":2,"score":7},{"passage":3,"score":-1},{"passage":9,"score":1},{"passage":4,"score":0.25}]}',
    );

    const { scores, use } = await model.score('Harbor', ['a', 'b', 'c', 'd']);

    expect(scores).toEqual([0, 1, 0, 0.25]);
    expect(use).toHaveLength(1);
  });

  test('are requested once more if the reply has none', async () => {
    say('{"scores":[]}');

    expect((await model.score('Harbor', ['about Harbor', 'tea'])).scores).toEqual([1, 0]);
    expect(fake.calls.map(({ repair }) => repair)).toEqual([false, true]);
  });
});
