import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { applyOntology } from '../../../src/ingest/apply-ontology.ts';
import type { ExtractedFact, Extraction } from '../../../src/models/language-model.ts';
import type { MemoryDefinition } from '../../../src/ontology/define.ts';
import { readDefinition } from '../../../src/ontology/read-definition.ts';
import { NO_ONTOLOGY } from '../../../src/ontology.ts';
import { randomTexts } from '../../support/rubbish.ts';

const MINE: MemoryDefinition = {
  entityTypes: {
    Person: { attributes: z.object({ role: z.string(), age: z.int() }) },
    Project: {},
    Event: {},
  },
  factTypes: {
    WORKS_ON: { ends: [['Person', 'Project']], attributes: z.object({ since_year: z.int() }) },
    NEAR: { ends: [['Entity', 'Project']], attributes: z.object({ miles: z.number() }) },
    LIKES: { attributes: z.object({ how: z.enum(['much', 'little']) }) },
  },
  excludedTypes: ['Event'],
};
const ontology = await readDefinition(MINE, 'memory.config.ts');

const fact = (source: string, relation: string, target: string, attributes?: unknown): ExtractedFact => ({
  source,
  target,
  relation,
  fact: `${source} ${relation} ${target}`,
  validAt: null,
  invalidAt: null,
  ...(attributes !== undefined && { attributes: attributes as never }),
});
const entity = (name: string, type: string, attributes?: unknown) => ({
  name,
  type,
  ...(attributes !== undefined && { attributes: attributes as never }),
});
const extraction = (part: Partial<Extraction>): Extraction => ({ entities: [], facts: [], ended: [], ...part });
const people = [entity('Mira', 'Person'), entity('Harbor', 'Project'), entity('Redis', 'Product')];

describe('entities', () => {
  test("have types of the ontology in the ontology's spelling, or no type", () => {
    const given = [entity('Mira', 'PERSON'), entity('Harbor', 'project'), entity('Redis', 'Product'), entity('x', '')];

    const { entities } = applyOntology(extraction({ entities: given }), ontology);

    expect(entities.map(({ type }) => type)).toEqual(['Person', 'Project', 'Entity', 'Entity']);
  });

  test('keep any type when the ontology defines no entity types', () => {
    const given = extraction({ entities: people, facts: [fact('Mira', 'USES', 'Redis', { a: 1 })] });

    const fitted = applyOntology(given, { ...NO_ONTOLOGY, excludedTypes: ['Entity'] });

    expect(fitted.entities).toEqual(people);
  });

  test('of excluded types are removed with their facts and endings', () => {
    const at = new Date();
    const given = extraction({
      entities: [...people, entity('Launch', 'event')],
      facts: [fact('mira', 'LIKES', 'launch'), fact('Mira', 'LIKES', 'Harbor')],
      ended: [
        { source: 'Launch', target: 'Mira', at },
        { source: 'Mira', target: 'Redis', at },
      ],
    });

    const fitted = applyOntology(given, ontology);

    expect(fitted.entities.map(({ name }) => name)).toEqual(['Mira', 'Harbor', 'Redis']);
    expect(fitted.facts.map(({ target }) => target)).toEqual(['Harbor']);
    expect(fitted.ended).toEqual([{ source: 'Mira', target: 'Redis', at }]);
  });

  test('that match no type are removed when Entity is excluded', () => {
    const strict = { ...ontology, excludedTypes: ['Entity'] };

    const { entities } = applyOntology(extraction({ entities: people }), strict);

    expect(entities.map(({ name }) => name)).toEqual(['Mira', 'Harbor']);
  });

  test('listed twice remain when only one type is excluded', () => {
    const given = extraction({
      entities: [entity('Harbor', 'Event'), ...people],
      facts: [fact('Mira', 'WORKS_ON', 'Harbor')],
    });

    expect(applyOntology(given, ontology).facts).toHaveLength(1);
  });

  test('keep the attributes of their type with valid values', () => {
    const told = { role: 'engineer', age: 'old', since_year: 2020, uuid: 'mine' };
    const given = [entity('Mira', 'Person', told), entity('Harbor', 'Project', told), entity('Ines', 'Person', {})];

    expect(applyOntology(extraction({ entities: given }), ontology).entities).toEqual([
      entity('Mira', 'Person', { role: 'engineer' }),
      entity('Harbor', 'Project'),
      entity('Ines', 'Person'),
    ]);
  });
});

describe('facts', () => {
  test.each<[string, ExtractedFact, ExtractedFact]>([
    [
      "of a known type use the ontology's spelling and keep its attributes",
      fact('Mira', 'works on', 'harbor', { since_year: 2020, miles: 3 }),
      { ...fact('Mira', 'works on', 'harbor', { since_year: 2020 }), relation: 'WORKS_ON' },
    ],
    [
      'of a type between other ends keep its name but no attributes',
      fact('Harbor', 'WORKS_ON', 'Mira', { since_year: 2020 }),
      fact('Harbor', 'WORKS_ON', 'Mira'),
    ],
    [
      'allow Entity for every type',
      fact('Redis', 'NEAR', 'Harbor', { miles: 3 }),
      fact('Redis', 'NEAR', 'Harbor', { miles: 3 }),
    ],
    [
      'without declared ends are allowed anywhere',
      fact('Mira', 'LIKES', 'Redis', { how: 'much' }),
      fact('Mira', 'LIKES', 'Redis', { how: 'much' }),
    ],
    [
      'of other relations remain, without attributes',
      fact('Mira', 'KNOWS', 'Redis', { how: 'much' }),
      fact('Mira', 'KNOWS', 'Redis'),
    ],
    [
      'with invalid values lose those values',
      fact('Mira', 'LIKES', 'Redis', { how: 'so' }),
      fact('Mira', 'LIKES', 'Redis'),
    ],
    ['between unknown ends are left unchanged', fact('a', 'WORKS_ON', 'b', null), fact('a', 'WORKS_ON', 'b')],
  ])('%s', (_, given, wanted) => {
    const { attributes: __, ...plain } = given;

    const [fitted] = applyOntology(extraction({ entities: people, facts: [given] }), ontology).facts;

    expect(fitted).toEqual({ ...wanted, fact: plain.fact });
  });
});

test('other results, such as token usage, are kept', () => {
  const use = [{ purpose: 'extract' as const, model: 'm', promptTokens: 1, completionTokens: 1 }];

  expect(applyOntology(extraction({ use }), ontology)).toEqual(extraction({ use }));
});

test('10,000 garbage extractions are handled and yield only values of the ontology', () => {
  const types = ['Person', 'person', 'Project', 'Event', 'Entity', '__proto__', 'constructor', ''];
  const relations = ['WORKS_ON', 'works on', 'LIKES', 'toString', '__proto__', '', '—'];
  const texts = randomTexts(6, 60_000);
  const next = () => String(texts.next().value);
  const pick = <T>(list: readonly T[]): T => list[next().length % list.length] as T;
  const attributes = () =>
    pick<unknown>([
      undefined,
      null,
      next(),
      5,
      [next()],
      { role: next(), age: next(), since_year: 1, how: 'much', [next()]: next() },
      { role: { deep: [next()] }, age: 5, __proto__: { role: 'x' } },
      JSON.parse('{"__proto__": {"role": "x"}, "role": ["a"]}'),
    ]);
  for (let round = 0; round < 10_000; round += 1) {
    const names = ['Mira', 'mira ', next()];
    const given = extraction({
      entities: names.map((name) => entity(name, pick(types), attributes())),
      facts: [fact(pick(names), pick(relations), next(), attributes())],
      ended: [{ source: pick(names), target: next(), at: new Date(Number.NaN) }],
    });

    const fitted = applyOntology(given, ontology);

    for (const { type, attributes: kept = {} } of fitted.entities) {
      expect(['Person', 'Project', 'Entity']).toContain(type);
      if (type !== 'Person') expect(kept).toEqual({});
      for (const [key, value] of Object.entries(kept))
        expect(key === 'role' ? typeof value === 'string' : key === 'age' && Number.isInteger(value)).toBe(true);
    }
    for (const { relation, attributes: kept } of fitted.facts)
      if (kept) expect(['WORKS_ON since_year', 'LIKES how']).toContain(`${relation} ${Object.keys(kept)}`);
  }
});
