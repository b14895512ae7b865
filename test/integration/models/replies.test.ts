import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UnusableReplyError } from '../../../src/errors.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { type FakeOpenAI, type FaultName, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { malformedReplies } from '../../support/malformed-replies.ts';
import { settingsFor } from './settings.ts';

const MARCH = new Date('2025-03-05T09:00:00Z');
const CONTENT = 'Mira Okafor [Person] WORKS_ON Harbor [Project]: Mira Okafor works on Harbor (2025-01-10..2025-03-01)';
const EPISODE = { content: CONTENT, source: 'text', referenceTime: MARCH } as const;

let fake: FakeOpenAI;
let model: LanguageModel;
beforeAll(async () => {
  fake = await startFakeOpenAI();
});
beforeEach(() => {
  fake.reset();
  model = openaiLanguageModel(settingsFor(fake));
});
afterAll(() => fake.close());

const facts = async () => (await model.extract(EPISODE)).facts.map(({ fact }) => fact);

test('an episode is read in one call, with a strict JSON schema and temperature 0, and its tokens are reported', async () => {
  const { use, ...read } = await model.extract(EPISODE);

  expect(read).toEqual({
    entities: [
      { name: 'Mira Okafor', type: 'Person' },
      { name: 'Harbor', type: 'Project' },
    ],
    facts: [
      {
        source: 'Mira Okafor',
        target: 'Harbor',
        relation: 'WORKS_ON',
        fact: 'Mira Okafor works on Harbor',
        validAt: new Date('2025-01-10T00:00:00Z'),
        invalidAt: new Date('2025-03-01T00:00:00Z'),
      },
    ],
    ended: [],
    notes: [],
  });
  const [call] = fake.calls;
  expect(fake.calls).toHaveLength(1);
  expect(call?.body).toMatchObject({ temperature: 0, response_format: { json_schema: { strict: true } } });
  expect(use).toEqual([
    {
      purpose: 'extract',
      model: 'gpt-4.1-mini',
      promptTokens: call?.promptTokens,
      completionTokens: call?.completionTokens,
    },
  ]);
  expect(use?.[0]?.promptTokens).toBeGreaterThan(100);
});

test('a reasoning model gets no temperature', async () => {
  model = openaiLanguageModel(settingsFor(fake, { model: 'gpt-5-mini' }));

  expect(await facts()).toHaveLength(1);
  expect(fake.calls[0]?.body).not.toHaveProperty('temperature');
  expect(model.id).toBe('gpt-5-mini/extract-2');
});

describe('an invalid reply', () => {
  test.each<FaultName>(['prose', 'fenced', 'no-usage'])('is repaired without another call (%s)', async (fault) => {
    fake.fail(fault);

    expect(await facts()).toEqual(['Mira Okafor works on Harbor']);
    expect(fake.calls).toHaveLength(1);
  });

  test.each<FaultName>(['truncated', 'wrong-types', 'null'])('is sent back to the model once (%s)', async (fault) => {
    fake.fail(fault);

    const { facts, use } = await model.extract(EPISODE);

    expect(facts).toHaveLength(1);
    expect(fake.calls.map(({ repair }) => repair)).toEqual([false, true]);
    expect(use?.map(({ promptTokens }) => promptTokens)).toEqual(fake.calls.map(({ promptTokens }) => promptTokens));
    expect(JSON.stringify(fake.calls[1]?.body)).toContain('This cannot be used: ');
  });

  test('is sent back only in its first part', async () => {
    fake.fail({ kind: 'content', text: `no JSON ${'x'.repeat(50_000)}` });

    expect(await facts()).toHaveLength(1);
    expect(JSON.stringify(fake.calls[1]?.body).length).toBeLessThan(16_000);
  });

  test('is requested again with a higher temperature if the repair fails', async () => {
    fake.fail('truncated', 'null');

    const { facts, use } = await model.extract(EPISODE);

    expect(facts).toHaveLength(1);
    expect(use).toHaveLength(3);
    expect(fake.calls.map(({ repair }) => repair)).toEqual([false, true, false]);
    expect(fake.calls[2]?.body).not.toHaveProperty('temperature');
  });

  test.each<FaultName>(['refusal', 'length', 'empty', 'empty-choices'])(
    'is not sent back if it contains no answer (%s)',
    async (fault) => {
      fake.fail(fault);

      expect(await facts()).toHaveLength(1);
      expect(fake.calls.map(({ repair }) => repair)).toEqual([false, false]);
    },
  );
});

describe('a server without structured output', () => {
  test('is asked for JSON in words, and each refused feature is tried only once', async () => {
    const modest = await startFakeOpenAI({ jsonSchema: false });
    model = openaiLanguageModel(settingsFor(modest));

    expect([await facts(), await facts()]).toEqual([['Mira Okafor works on Harbor'], ['Mira Okafor works on Harbor']]);
    const verdict = await model.resolve({
      entities: [{ name: 'k8s', type: 'Tool', facts: [], candidates: [{ name: 'K8s', type: 'Tool', summary: '' }] }],
      facts: [],
    });
    await modest.close();

    expect(verdict.entities).toEqual([0]);
    expect(modest.calls.map(({ format, status }) => `${format} ${status}`)).toEqual([
      'json_schema 400',
      'json_object 200',
      'json_object 200',
      'json_object 200',
    ]);
  });

  test('and without JSON mode is asked for text', async () => {
    const poor = await startFakeOpenAI({ jsonSchema: false, jsonObject: false });
    model = openaiLanguageModel(settingsFor(poor));

    expect(await Promise.all([facts(), facts()])).toEqual([
      ['Mira Okafor works on Harbor'],
      ['Mira Okafor works on Harbor'],
    ]);
    expect(await facts()).toHaveLength(1);
    await poor.close();

    expect(poor.calls.at(-1)).toMatchObject({ format: 'text', status: 200 });
    expect(poor.calls.filter(({ format }) => format === 'json_schema').length).toBeLessThanOrEqual(2);
  });

  test('that refuses a temperature is asked without one', async () => {
    fake.fail('no-temperature');

    expect([await facts(), await facts()].flat()).toHaveLength(2);
    expect(fake.calls.map(({ body }) => 'temperature' in body)).toEqual([true, false, false]);
  });
});

test('hundreds of malformed replies cause no crash', async () => {
  const replies = malformedReplies(
    11,
    300,
    JSON.stringify({ entities: [{ name: 'Mira', type: 'Person' }], facts: [], ended: [] }),
  );
  const ends = { read: 0, refused: 0 };
  for (const text of replies) {
    fake.reset();
    fake.fail({ kind: 'content', text }, { kind: 'content', text }, { kind: 'content', text });
    try {
      const { entities } = await model.extract(EPISODE);
      expect(Array.isArray(entities)).toBe(true);
      ends.read += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(UnusableReplyError);
      ends.refused += 1;
    }
  }
  // Both happen, or the replies are not what they are meant to be.
  expect(Math.min(ends.read, ends.refused)).toBeGreaterThan(20);
});
