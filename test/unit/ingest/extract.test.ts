import { expect, test } from 'vitest';
import { sanitizeExtraction } from '../../../src/ingest/extract.ts';
import type { ExtractedEntity, ExtractedFact, Extraction } from '../../../src/models/language-model.ts';

const fact = (source: string, target: string, text = `${source} uses ${target}`): ExtractedFact => ({
  source,
  target,
  relation: 'USES',
  fact: text,
  validAt: null,
  invalidAt: null,
});
const entity = (name: string, type = 'Entity'): ExtractedEntity => ({ name, type });
const sound = (part: Partial<Extraction>) => sanitizeExtraction({ entities: [], facts: [], ended: [], ...part });

test('names that differ in case and white space are one entity, with the most specific type', () => {
  const { entities } = sound({
    entities: [
      entity('Caroline'),
      entity('caroline ', 'Person'),
      entity('CAROLINE', 'City'),
      entity('Melanie', 'Person'),
    ],
  });

  expect(entities).toEqual([entity('caroline', 'Person'), entity('Melanie', 'Person')]);
});

test('blank names are removed, and inner white space becomes one space', () => {
  expect(sound({ entities: [entity(''), entity(' \n'), entity(' Ann\n Lee ')] }).entities).toEqual([entity('Ann Lee')]);
});

test('characters that the graph cannot store are removed, and the ends of facts still match their entities', () => {
  const given = { ...fact('Ann\0Lee', 'Harbor\ud800', 'Ann\0Lee leads\u0007 Harbor\ud800.'), relation: 'LEADS\0' };
  const attributes = { note: 'a\0b\nc', list: ['\ud800'], count: 3 } as never;
  const ended = [{ source: 'Ann\0Lee', target: 'Harbor\ud800', at: new Date(0) }];

  const part = sound({
    entities: [{ ...entity('Ann\0Lee'), attributes }, entity('Harbor\ud800')],
    facts: [given],
    ended,
  });

  expect(JSON.stringify(part)).not.toMatch(/\\u0000|\\u0007|\\ud800/);
  expect(part.facts).toMatchObject([{ target: 'Harbor\ufffd', fact: expect.stringMatching(/ leads Harbor\ufffd\.$/) }]);
  expect(part.entities[0]).toMatchObject({ attributes: { list: ['\ufffd'], count: 3 } });
  expect(part.ended).toHaveLength(1);
});

test.each(['', 'two words', 'x`) DETACH DELETE n //', '1st', 'Ärger'])(
  'the type %j is not a valid label and becomes Entity',
  (type) => {
    expect(sound({ entities: [entity('Ann', type)] }).entities).toEqual([entity('Ann')]);
  },
);

test('only facts that join two different entities of the same reply are kept', () => {
  const entities = [entity('Ann'), entity('Bob')];
  const facts = [fact('ann', ' BOB'), fact('Ann', 'Ann'), fact('Ann', 'ANN '), fact('Ann', 'Carl'), fact('', 'Bob')];

  expect(sound({ entities, facts }).facts).toEqual([fact('ann', ' BOB', 'ann uses BOB')]);
});

test('facts without text are removed, and multi-line facts are joined to one line', () => {
  const entities = [entity('Ann'), entity('Bob')];
  const facts = [fact('Ann', 'Bob', ' \n '), fact('Ann', 'Bob', 'Ann\n  uses\tBob')];

  expect(sound({ entities, facts }).facts.map((kept) => kept.fact)).toEqual(['Ann uses Bob']);
});

test('an ending is kept only between entities of the same reply', () => {
  const at = new Date(0);
  const ends = [
    { source: 'Ann', target: 'Bob', at },
    { source: 'Ann', target: 'Carl', at },
  ];

  expect(sound({ entities: [entity('Ann'), entity('Bob')], ended: ends }).ended).toEqual([ends[0]]);
});
