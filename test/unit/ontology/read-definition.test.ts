import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import * as old from 'zod/v3';
import { ConfigError } from '../../../src/errors.ts';
import { defineMemory } from '../../../src/ontology/define.ts';
import { readDefinition } from '../../../src/ontology/read-definition.ts';
import type { Attribute } from '../../../src/ontology.ts';
import { randomTexts } from '../../support/rubbish.ts';

const FILE = 'memory.config.ts';
const person = (attributes: unknown) => ({ entityTypes: { Person: { attributes } } });
const json = (properties: unknown, rest = {}) => person({ type: 'object', properties, ...rest });
const fact = (type: unknown) => ({ entityTypes: { Person: {} }, factTypes: { WORKS_ON: type } });

describe('a definition', () => {
  test('becomes an ontology in the same order', async () => {
    const given = defineMemory({
      entityTypes: {
        Person: {
          description: ' a human being ',
          attributes: z.object({ role: z.string().optional().describe('what they do'), tags: z.array(z.string()) }),
        },
        Project: {},
      },
      factTypes: {
        WORKS_ON: {
          description: 'takes part in',
          ends: [['Person', 'Project']],
          attributes: mini.object({ since_year: mini.optional(mini.int()).check(mini.describe('the first year')) }),
        },
        KNOWS: {},
      },
      excludedTypes: ['Entity'],
      instructions: 'Names of services are written in capitals.\n',
    });

    const ontology = await readDefinition(given, FILE);

    const read = expect.any(Function);
    expect(ontology).toEqual({
      entityTypes: [
        {
          name: 'Person',
          description: 'a human being',
          attributes: [
            { name: 'role', description: 'what they do', schema: { type: 'string' }, read },
            { name: 'tags', description: '', schema: { type: 'array', items: { type: 'string' } }, read },
          ],
        },
        { name: 'Project', description: '', attributes: [] },
      ],
      factTypes: [
        {
          name: 'WORKS_ON',
          description: 'takes part in',
          ends: [['Person', 'Project']],
          attributes: [{ name: 'since_year', description: 'the first year', schema: { type: 'integer' }, read }],
        },
        { name: 'KNOWS', description: '', ends: [], attributes: [] },
      ],
      excludedTypes: ['Entity'],
      instructions: 'Names of services are written in capitals.',
    });
  });

  test('in JSON gives the same result', async () => {
    const role = { type: 'string', description: 'what they do', maxLength: 20 };

    const [attribute] = await attributesOf(json({ role }, { required: ['role'], additionalProperties: false }));

    expect(attribute).toMatchObject({ name: 'role', description: 'what they do' });
    expect(attribute?.schema).toEqual({ type: 'string', maxLength: 20 });
    expect([attribute?.read('engineer'), attribute?.read('e'.repeat(21)), attribute?.read(5)]).toEqual([
      'engineer',
      undefined,
      undefined,
    ]);
  });

  test('without entries is an empty ontology', async () => {
    expect(await readDefinition({}, FILE)).toEqual({
      entityTypes: [],
      factTypes: [],
      excludedTypes: [],
      instructions: '',
    });
  });
});

describe('an attribute', () => {
  test.each<[string, z.ZodType, object, unknown[], unknown[]]>([
    ['text', z.string(), { type: 'string' }, ['a', 'x'.repeat(250)], ['', '  ', 'x'.repeat(251), 'a\0b', '\ud800', 5]],
    ['longer text', z.string().max(400), { type: 'string', maxLength: 400 }, ['x'.repeat(400)], ['x'.repeat(401)]],
    ['a number', z.number(), { type: 'number' }, [1, -0.5, 0], ['1', Number.NaN, Number.POSITIVE_INFINITY]],
    ['a whole number', z.int().min(1), { type: 'integer', minimum: 1 }, [1], [0, 1.5]],
    ['yes or no', z.boolean(), { type: 'boolean' }, [true, false], ['true', 0]],
    ['a choice', z.enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }, ['a'], ['c', 'A']],
    ['a date', z.iso.date(), { type: 'string', format: 'date' }, ['2025-01-10'], ['2025-02-31', 'today']],
    ['nothing or text', z.string().nullable(), { type: ['string', 'null'] }, ['a'], [1]],
    ['a number or text', z.union([z.number(), z.string()]), { type: ['number', 'string'] }, [1, 'a'], [true]],
    [
      'a list of texts',
      z.array(z.string()).max(9),
      { type: 'array', items: { type: 'string' }, maxItems: 9 },
      [['a', 'b'], []],
      ['a', [1], ['x'.repeat(251)], Array(9).fill('x'.repeat(249)), [['a']]],
    ],
    ['a default', z.string().default('x'), { type: 'string' }, ['a'], []],
  ])('of type "%s" accepts matching values only', async (_, schema, described, good, bad) => {
    const [attribute] = await attributesOf(person(z.object({ value: schema })));

    expect(attribute?.schema).toEqual(described);
    for (const value of good) expect(attribute?.read(value)).toEqual(value);
    for (const value of [...bad, {}, [{}], null, undefined, () => {}]) expect(attribute?.read(value)).toBeUndefined();
  });

  test('transforms its values as its schema says', async () => {
    const [lower, number] = await attributesOf(
      person(z.object({ a: z.string().trim().toLowerCase(), b: z.coerce.number() })),
    );

    expect([lower?.read(' Ab '), number?.read('5')]).toEqual(['ab', 5]);
  });

  test("never throws, even if the user's own check throws", async () => {
    const fails = () => {
      throw new Error('own');
    };
    const attributes = await attributesOf(
      person(z.object({ a: z.string().refine(fails), b: z.string().refine(async () => true) })),
    );

    expect(attributes.map(({ read }) => read('x'))).toEqual([undefined, undefined]);
  });

  test('of any type never yields garbage', async () => {
    const attributes = await attributesOf(
      person(z.object({ a: z.string(), b: z.array(z.string()), c: z.union([z.string(), z.number(), z.boolean()]) })),
    );
    for (const text of randomTexts(7, 300))
      for (const { read } of attributes)
        for (const value of [read(text), read([text]), read({ text })].filter((it) => it !== undefined).flat())
          expect(typeof value === 'string' && value.isWellFormed() && !value.includes('\0')).toBe(true);
  });
});

describe('an unusable definition is rejected, naming file, type and attribute', () => {
  test.each<[unknown, string]>([
    [null, 'what it exports must be an object with entityTypes, factTypes, excludedTypes, instructions.'],
    ['types', 'what it exports must be an object with entityTypes, factTypes, excludedTypes, instructions.'],
    [[], 'what it exports must be an object with entityTypes, factTypes, excludedTypes, instructions.'],
    [() => ({}), 'what it exports must be an object with entityTypes, factTypes, excludedTypes, instructions.'],
    [
      { entityType: {} },
      'what it exports has "entityType", which is not known; it takes entityTypes, factTypes, excludedTypes, instructions.',
    ],
    [{ entityTypes: [] }, '"entityTypes" must be an object that holds each type under its name.'],
    [{ factTypes: 'KNOWS' }, '"factTypes" must be an object that holds each type under its name.'],
    [{ entityTypes: { Person: 'human' } }, '"entityTypes.Person" must be an object with description, attributes.'],
    [
      { entityTypes: { Person: { descripion: '' } } },
      '"entityTypes.Person" has "descripion", which is not known; it takes description, attributes.',
    ],
    [{ entityTypes: { Person: { description: 5 } } }, '"entityTypes.Person.description" must be text.'],
    [{ instructions: ['a'] }, '"instructions" must be text.'],
    [{ excludedTypes: 'Event' }, '"excludedTypes" must be a list of names of entity types.'],
    [{ excludedTypes: [5] }, '"excludedTypes.0" must be a list of names of entity types.'],
    [{ excludedTypes: ['Event'] }, 'excludedTypes names "Event", which is not one of its entity types and not Entity.'],
    [
      { entityTypes: { 'My Type': {} } },
      'the entity type "My Type" needs another name: letters, digits and underscores, a letter first.',
    ],
    [{ entityTypes: { _Person: {} } }, 'the entity type "_Person" needs another name'],
    [{ entityTypes: { '8ball': {} } }, 'the entity type "8ball" needs another name'],
    [{ entityTypes: { '': {} } }, 'the entity type "" needs another name'],
    [{ entityTypes: { _Meta: {} } }, 'the entity type "_Meta" needs another name'],
    [{ entityTypes: { Entity: {} } }, 'the entity type "Entity" has a reserved name; choose another.'],
    [{ entityTypes: { episodic: {} } }, 'the entity type "episodic" has a reserved name'],
    [{ entityTypes: { Community: {} } }, 'the entity type "Community" has a reserved name'],
    [{ entityTypes: { Saga: {} } }, 'the entity type "Saga" has a reserved name'],
    [
      { entityTypes: { Person: {}, PERSON: {} } },
      'the entity types "Person" and "PERSON" differ only in case; keep one of them.',
    ],
    [{ factTypes: { worksOn: {} } }, 'the fact type "worksOn" needs a name in capitals, such as WORKS_ON.'],
    [{ factTypes: { _WORKS: {} } }, 'the fact type "_WORKS" needs a name in capitals'],
    [fact({ end: [] }), '"factTypes.WORKS_ON" has "end", which is not known; it takes description, ends, attributes.'],
    [fact({ ends: ['Person', 'Person'] }), '"factTypes.WORKS_ON.ends.0" must be a list of pairs of entity types'],
    [fact({ ends: [['Person']] }), 'must be a list of pairs of entity types, such as [["Person", "Project"]].'],
    [fact({ ends: [['Person', 'Person', 'Person']] }), 'must be a list of pairs of entity types'],
    [fact({ ends: [['Person', 5]] }), '"factTypes.WORKS_ON.ends.0.1" must be a list of pairs of entity types'],
    [
      fact({ ends: [['Person', 'Project']] }),
      'the fact type "WORKS_ON" names "Project", which is not one of its entity types and not Entity.',
    ],
    [
      person('role'),
      'the attributes of the entity type "Person" must be a z.object of zod 4, or a JSON schema with "type": "object" and "properties".',
    ],
    [person(z.string()), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [person(z.object({}).optional()), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [person(old.object({})), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [person({ role: z.string() }), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [person(null), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [json({}, { oneOf: [] }), 'the attributes of the entity type "Person" must be a z.object of zod 4'],
    [
      person(z.object({ 'the role': z.string() })),
      'the attribute "the role" of the entity type "Person" needs another name: letters, digits and underscores, a letter first.',
    ],
    [person(z.object({ _role: z.string() })), 'the attribute "_role" of the entity type "Person" needs another name'],
    [
      person(z.object({ summary: z.string() })),
      'the attribute "summary" of the entity type "Person" has the name of one of Graphiti\'s own properties; name it otherwise.',
    ],
    [
      fact({ attributes: z.object({ valid_at: z.string() }) }),
      'the attribute "valid_at" of the fact type "WORKS_ON" has the name of one of Graphiti\'s own properties',
    ],
    [
      person(z.object({ address: z.object({ city: z.string() }) })),
      'the attribute "address" of the entity type "Person" cannot be stored; use text, a number, true or false, one of some given values, or a list of these.',
    ],
    ...[
      z.array(z.object({})),
      z.array(z.array(z.string())),
      z.record(z.string(), z.string()),
      z.tuple([z.string()]),
      z.date(),
      z.any(),
      z.unknown(),
      z.never(),
      z.bigint(),
      z.set(z.string()),
      z.file(),
      z.string().transform((text) => text.length),
      z.lazy(() => z.object({})),
      'a role',
      undefined,
    ].map((schema): [unknown, string] => [
      person(schema instanceof z.ZodType ? z.object({ role: schema }) : mini.object({ role: schema as never })),
      'the attribute "role" of the entity type "Person" cannot be stored',
    ]),
    ...[
      null,
      'string',
      {},
      { type: 'strng' },
      { type: 'object', properties: {} },
      { type: 'array' },
      { type: 'array', items: { type: 'object' } },
      { $ref: '#/x' },
      { type: 'string', maxLength: '5' },
      { type: 'string', not: { const: 'x' } },
      { anyOf: [] },
    ].map((schema): [unknown, string] => [
      json({ role: schema }),
      'the attribute "role" of the entity type "Person" cannot be stored',
    ]),
    [
      json({ role: { type: 'string', pattern: '(' } }),
      'the attribute "role" of the entity type "Person" has a schema that cannot be used: Invalid regular expression',
    ],
  ])('%#: %j', async (given, sentence) => {
    const reading = readDefinition(given, FILE);

    await expect(reading).rejects.toBeInstanceOf(ConfigError);
    await expect(reading).rejects.toThrow(`${FILE}: `);
    await expect(reading).rejects.toThrow(sentence);
    await expect(reading).rejects.toThrow(/^[^\n]+\.$/);
  });
});

async function attributesOf(given: unknown): Promise<readonly Attribute[]> {
  return (await readDefinition(given, FILE)).entityTypes[0]?.attributes ?? [];
}
