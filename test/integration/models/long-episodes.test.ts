import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ModelBusyError } from '../../../src/errors.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { type FakeCall, type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import type { ChatRequest } from '../../support/fake-openai/protocol.ts';
import { settingsFor } from './settings.ts';

const MAY = new Date('2026-05-04T10:00:00Z');
const FILLER = 'Nothing of note happened on this day, and the log says so at some length. '.repeat(6);

let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI({ delay: 20 });
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

const promptOf = (index: number) =>
  (fake.calls[index] as FakeCall & { body: ChatRequest }).body.messages[1]?.content ?? '';

describe('an episode of more than 60,000 characters', () => {
  const paragraph = (index: number) =>
    `${FILLER}\nService ${index} [Service] USES Valkey: Service ${index} uses Valkey (2026-01-${10 + (index % 20)})\n${FILLER}`;
  const content = Array.from({ length: 70 }, (_, index) => paragraph(index)).join('\n\n');

  test('is read in parts, a few at a time, and the parts are joined by entity name', async () => {
    expect(content.length).toBeGreaterThan(60_000);
    const model = openaiLanguageModel(settingsFor(fake));

    const { entities, facts, use } = await model.extract({ content, source: 'text', referenceTime: MAY });

    expect(facts).toHaveLength(70);
    expect(new Set(facts.map(({ source }) => source)).size).toBe(70);
    expect(entities.filter(({ name }) => name === 'Valkey')).toHaveLength(1);
    expect(use).toHaveLength(fake.calls.length);
    expect(fake.calls.length).toBeGreaterThanOrEqual(6);
    expect(fake.calls.length).toBeLessThanOrEqual(9);
  });

  test('shows each part the end of the previous part, and previous episodes only to the first', async () => {
    const model = openaiLanguageModel(settingsFor(fake));
    const previous = [{ content: 'We met in Lisbon.', referenceTime: MAY }];

    await model.extract({ content, source: 'text', referenceTime: MAY, previous });

    const prompts = fake.calls.map((_, index) => promptOf(index)).sort();
    expect(prompts.filter((prompt) => prompt.includes('We met in Lisbon.'))).toHaveLength(1);
    expect(prompts.every((prompt, index) => prompt.includes(`Part: ${index + 1} of ${prompts.length}`))).toBe(true);
  });

  test('fails as a whole if a part fails, without reading the remaining parts', async () => {
    const model = openaiLanguageModel(settingsFor(fake));
    fake.fail({ kind: 'rate-limit', retryAfter: '3' });

    const reading = model.extract({ content, source: 'text', referenceTime: MAY });

    await expect(reading).rejects.toThrow(ModelBusyError);
    // Time enough for parts that would still be asked for.
    for (const text of ['one', 'two', 'three', 'four'])
      await model.extract({ content: text, source: 'text', referenceTime: MAY });
    expect(fake.calls.filter((_, index) => promptOf(index).includes('Part: ')).length).toBeLessThanOrEqual(5);
  });
});

test('an entity with different spellings and types in two parts is one entity, spelled as in the first', async () => {
  const model = openaiLanguageModel(settingsFor(fake));
  const content = [
    `valkey USES Disk: valkey uses disk`,
    FILLER.repeat(40),
    `Valkey [Store version=8] RUNS_ON Harbor: Valkey runs on Harbor`,
    `ended: Valkey / Disk @ 2026-04-01`,
  ].join('\n\n');

  const { entities, facts, ended } = await model.extract({ content, source: 'text', referenceTime: MAY });

  expect(entities).toContainEqual({ name: 'valkey', type: 'Store' });
  expect(facts.map(({ source }) => source)).toEqual(['valkey', 'valkey']);
  expect(ended).toEqual([{ source: 'valkey', target: 'Disk', at: new Date('2026-04-01T00:00:00Z') }]);
});

test('a dialogue is split between turns', async () => {
  const model = openaiLanguageModel(settingsFor(fake));
  const content = Array.from(
    { length: 80 },
    (_, index) => `${index % 2 ? 'Mira' : 'Ann'}: ${FILLER}\n\nand so on`,
  ).join('\n');

  await model.extract({ content, source: 'message', referenceTime: MAY });

  const beginnings = fake.calls.map((_, index) => /<episode>\n(\w+):/.exec(promptOf(index))?.[1]);
  expect(beginnings.length).toBeGreaterThan(2);
  expect(beginnings.every((speaker) => speaker === 'Mira' || speaker === 'Ann')).toBe(true);
});

test.each([
  ['decomposed', 'Café'.normalize('NFD')],
  ['full width', 'Ｃａｆé'],
  ['with a soft hyphen', 'Ca\u00adfé'],
])('an entity that a later part spells %s is the same entity and keeps its facts', async (_, spelling) => {
  const model = openaiLanguageModel(settingsFor(fake));
  const content = [
    'Mira USES Café: Mira uses the Café',
    FILLER.repeat(40),
    `${spelling} [Place] RUNS_ON Harbor: the Café runs on Harbor`,
  ].join('\n\n');

  const { entities, facts } = await model.extract({ content, source: 'text', referenceTime: MAY });

  expect(fake.calls.length).toBeGreaterThan(1);
  expect(entities.map(({ name, type }) => [name, type])).toEqual([
    ['Mira', 'Entity'],
    ['Café', 'Place'],
    ['Harbor', 'Entity'],
  ]);
  expect(facts.map(({ source, target }) => [source, target])).toEqual([
    ['Mira', 'Café'],
    ['Café', 'Harbor'],
  ]);
});

test('a fact is kept if the chat model spells a name differently there than in its list of entities', async () => {
  const model = openaiLanguageModel(settingsFor(fake));
  const reply = {
    entities: [
      { name: 'Café', type: 'Place' },
      { name: 'Mira', type: 'Person' },
    ],
    facts: [{ source: 'Mira', target: 'Ｃａｆé'.normalize('NFD'), relation: 'OWNS', fact: 'Mira owns the Café.' }],
    ended: [],
  };
  fake.fail({ kind: 'content', text: JSON.stringify(reply) });

  const { facts } = await model.extract({ content: 'Mira owns the Café.', source: 'text', referenceTime: MAY });

  expect(facts).toMatchObject([{ source: 'Mira', target: 'Café' }]);
});
