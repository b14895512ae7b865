import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import type { Attribute, AttributeValue, Ontology } from '../../../src/ontology.ts';
import { NO_ONTOLOGY } from '../../../src/ontology.ts';
import { type FakeCall, type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import type { ChatRequest } from '../../support/fake-openai/protocol.ts';
import { settingsFor } from './settings.ts';

let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI();
});
beforeEach(() => fake.reset());
afterAll(() => fake.close());

const attribute = (name: string, type: 'string' | 'number', fits: (value: unknown) => boolean): Attribute => ({
  name,
  description: `the ${name}`,
  schema: { type, minimum: 3, default: 'x', pattern: '^a' },
  read: (value) => (fits(value) ? (value as AttributeValue) : undefined),
});
const ONTOLOGY: Ontology = {
  ...NO_ONTOLOGY,
  entityTypes: [
    {
      name: 'Person',
      description: 'A human being.',
      attributes: [
        attribute('role', 'string', (value) => typeof value === 'string'),
        attribute('age', 'number', (value) => typeof value === 'number' && value < 150),
        // The name that tells alternatives apart is not taken from users.
        attribute('type', 'string', (value) => typeof value === 'string'),
      ],
    },
    { name: 'Project', description: '', attributes: [] },
    { name: 'Secret', description: 'Not to be kept.', attributes: [] },
  ],
  factTypes: [
    {
      name: 'WORKS_ON',
      description: 'Spends time on it.',
      ends: [['Person', 'Project']],
      attributes: [attribute('share', 'number', (value) => typeof value === 'number')],
    },
  ],
  instructions: 'Take care of lighthouses.',
};
const read = (content: string, ontology: Ontology = ONTOLOGY) =>
  openaiLanguageModel(settingsFor(fake)).extract({ content, source: 'text', referenceTime: new Date(0), ontology });

test('attributes are extracted in the same call and kept if they fit their type', async () => {
  const { entities, facts } = await read(
    'Mira [Person role="lead" age=900 type="x"] WORKS_ON{share=0.5} Harbor [Project]: Mira works half on Harbor',
  );

  expect(entities).toEqual([
    { name: 'Mira', type: 'Person', attributes: { role: 'lead', type: 'x' } },
    { name: 'Harbor', type: 'Project' },
  ]);
  expect(facts).toMatchObject([{ relation: 'WORKS_ON', attributes: { share: 0.5 } }]);
  expect(fake.calls.map(({ format, status }) => `${format} ${status}`)).toEqual(['json_schema 200']);
});

test('attributes of a fact are dropped if its type does not allow the types of its ends', async () => {
  const { facts } = await read('Harbor [Project] WORKS_ON{share=0.5} Mira [Person]: Harbor works on Mira');

  expect(facts).toHaveLength(1);
  expect(facts[0]).not.toHaveProperty('attributes');
});

test('the prompt has types, end types and instructions, and the schema only allowed types', async () => {
  await read('Mira [Person] KNOWS Ann [Person]: Mira knows Ann', { ...ONTOLOGY, excludedTypes: ['Secret', 'Entity'] });

  const { messages, response_format } = (fake.calls[0] as FakeCall & { body: ChatRequest }).body;
  const instructions = messages[0]?.content ?? '';
  expect(instructions).toContain('- Person: A human being.');
  expect(instructions).toContain('- WORKS_ON (Person to Project): Spends time on it.');
  expect(instructions).toContain('Leave out things of these types, and facts about them: Secret.');
  expect(instructions).toContain('Leave out what fits none of them.');
  expect(instructions.endsWith('Take care of lighthouses.')).toBe(true);
  const schema = response_format?.json_schema?.schema;
  expect(schema?.properties?.entities?.items?.properties?.type?.enum).toEqual(['Person', 'Project']);
});

describe('in a reply without structured output', () => {
  const lax = (reply: object, ontology: Ontology) => {
    fake.fail({ kind: 'content', text: JSON.stringify(reply) });
    return read('anything', ontology);
  };
  const reply = {
    entities: [
      { name: 'Mira', type: 'person' },
      { name: 'Harbor', type: 'Lighthouse' },
      { name: 'The code', type: 'Secret' },
    ],
    facts: [
      { source: 'mira', target: 'HARBOR', relation: 'works on', fact: 'Mira works on Harbor.' },
      { source: 'Mira', target: 'The code', relation: 'KNOWS', fact: 'Mira knows the code.' },
    ],
  };

  test('excluded types are dropped with all facts about them, and unknown types become Entity', async () => {
    const { entities, facts, ended } = await lax(reply, { ...ONTOLOGY, excludedTypes: ['Secret'] });

    expect(entities).toEqual([
      { name: 'Mira', type: 'Person' },
      { name: 'Harbor', type: 'Entity' },
    ]);
    expect(facts).toMatchObject([{ source: 'Mira', target: 'Harbor', relation: 'WORKS_ON' }]);
    expect(ended).toEqual([]);
  });

  test('unknown types are dropped too if Entity is excluded', async () => {
    const { entities, facts } = await lax(reply, { ...ONTOLOGY, excludedTypes: ['Secret', 'Entity'] });

    expect(entities).toEqual([{ name: 'Mira', type: 'Person' }]);
    expect(facts).toEqual([]);
  });

  test('any type is accepted without an ontology, except excluded types', async () => {
    const { entities } = await lax(reply, { ...NO_ONTOLOGY, excludedTypes: ['Secret'] });

    expect(entities.map(({ type }) => type)).toEqual(['Person', 'Lighthouse']);
  });
});
