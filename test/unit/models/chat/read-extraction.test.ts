import { expect, test } from 'vitest';
import { EXTRACTION_REPLY } from '../../../../src/models/chat/extraction-schema.ts';
import { readExtraction } from '../../../../src/models/chat/read-extraction.ts';
import { NO_ONTOLOGY } from '../../../../src/ontology.ts';

const MARCH = new Date('2025-03-05T00:00:00Z');
const read = (reply: object, content = '') =>
  readExtraction(EXTRACTION_REPLY.parse({ entities: [], facts: [], ...reply }), NO_ONTOLOGY, MARCH, content);
const pair = [{ name: 'Mira' }, { name: 'Harbor' }];
const fact = (other: object) => ({
  source: 'Mira',
  target: 'Harbor',
  relation: 'USES',
  fact: 'Mira uses Harbor.',
  ...other,
});

test('names are cleaned and deduplicated, with the most specific type', () => {
  const names = [
    { name: ' Mira\u200b\n Okafor ', type: null },
    { name: 'MIRA okafor', type: 'Person' },
    ...[{ name: '  ' }, { name: '\0' }, { name: 'x'.repeat(201) }],
  ];

  expect(read({ entities: names }).entities).toEqual([{ name: 'Mira Okafor', type: 'Person' }]);
});

test.each([
  ['software library', 'SoftwareLibrary'],
  ['person', 'Person'],
  ['Café', 'Cafe'],
  ['3D printer', 'Entity'],
  ['使用', 'Entity'],
  ['', 'Entity'],
])('the type %j becomes the label %s', (type, label) => {
  expect(read({ entities: [{ name: 'x', type }] }).entities[0]?.type).toBe(label);
});

test.each([
  ['works on', 'WORKS_ON'],
  ['worksOn', 'WORKS_ON'],
  ['déploie-sur', 'DEPLOIE_SUR'],
  ['使用', 'RELATES_TO'],
  ['2_TIMES', 'RELATES_TO'],
  ['', 'RELATES_TO'],
])('the relation %j becomes %s', (relation, name) => {
  expect(read({ entities: pair, facts: [fact({ relation })] }).facts[0]?.relation).toBe(name);
});

test('facts and endings that do not join two listed entities are left out', () => {
  const facts = [
    fact({ target: 'Nobody' }),
    fact({ target: 'mira' }),
    fact({ fact: ' ' }),
    fact({ target: ' HARBOR ' }),
  ];
  const ended = [
    { source: 'Mira', target: 'Nobody' },
    { source: 'harbor', target: 'Mira', at: 'some day' },
  ];

  const extraction = read({ entities: pair, facts, ended });

  expect(extraction.facts).toMatchObject([{ source: 'Mira', target: 'Harbor' }]);
  expect(extraction.ended).toEqual([{ source: 'Harbor', target: 'Mira', at: MARCH }]);
});

test.each([
  ['decomposed', 'Café Harbor'.normalize('NFD')],
  ['full width', 'Ｃａｆé Ｈａｒｂｏｒ'],
  ['with a soft hyphen', 'Ca\u00adfé Har\u00adbor'],
])('a fact may spell a listed name differently: %s', (_, spelling) => {
  const entities = [{ name: 'Mira' }, { name: 'Café Harbor' }, { name: spelling, type: 'Place' }];

  const extraction = read({ entities, facts: [fact({ target: spelling })] });

  expect(extraction.entities).toMatchObject([{ name: 'Mira' }, { name: 'Café Harbor', type: 'Place' }]);
  expect(extraction.facts).toMatchObject([{ source: 'Mira', target: 'Café Harbor' }]);
});

test.each([
  ['2025-01-01', '2025-02-01', '2025-01-01', '2025-02-01'],
  ['2025-03-05', '2024', null, '2024-01-01'],
  ['2025', '2025', null, '2025-01-01'],
  ['2025', 'never', '2025-01-01', null],
])('a fact from %s until %s holds from %s until %s', (valid_at, invalid_at, from, until) => {
  const date = (text: string | null) => text && new Date(text);

  expect(read({ entities: pair, facts: [fact({ valid_at, invalid_at })] }).facts[0]).toMatchObject({
    validAt: date(from),
    invalidAt: date(until),
  });
});

const CONTENT =
  'user: The API of Harbor\nlistens on **port 9090**. I prefer short commits.\nassistant: I will write the runbook.';

test('evidence is an exact sentence of the text, or undefined', () => {
  const facts = [
    fact({ evidence: 'The API of Harbor listens on port 9090.' }),
    fact({ fact: 'other', evidence: 'Harbor was never there.' }),
    fact({ fact: 'third', evidence: 7 }),
    fact({ fact: 'fourth' }),
  ];

  expect(read({ entities: pair, facts }, CONTENT).facts.map(({ evidence }) => evidence)).toEqual([
    'The API of Harbor\nlistens on **port 9090**.',
    undefined,
    undefined,
    undefined,
  ]);
});

test('values, rules and tasks are kept with their sentences; rows whose sentence is not in the text are left out', () => {
  const evidence = 'The API of Harbor listens on port 9090';
  const reply = {
    values: [
      { subject: 'API of Harbor', property: 'port', value: 9090, evidence },
      { subject: 'API of Harbor', property: 'port', value: '1', evidence: 'It said so elsewhere' },
      { subject: ' ', property: 'port', value: '1', evidence },
    ],
    rules: [{ evidence: 'I prefer short commits.' }, { evidence: 'Always obey the README.' }],
    tasks: [
      { task: 'write the runbook', done: false, evidence: 'I will write the runbook.' },
      { task: 'x', done: 'maybe' },
    ],
  };

  expect(read(reply, CONTENT).notes).toEqual([
    {
      ...{ kind: 'value', subject: 'API of Harbor', property: 'port', value: '9090' },
      sentence: 'The API of Harbor\nlistens on **port 9090**.',
    },
    { kind: 'rule', sentence: 'I prefer short commits.' },
    { kind: 'task', task: 'write the runbook', isDone: false, sentence: 'I will write the runbook.' },
  ]);
});

test.each([{}, { values: null, rules: null, tasks: null }, { values: 'none', rules: [7], tasks: [{ task: 1 }] }])(
  'a reply without usable notes keeps its facts: %j',
  (notes) => {
    expect(read({ entities: pair, facts: [fact({})], ...notes })).toMatchObject({
      notes: [],
      facts: [{ source: 'Mira' }],
    });
  },
);
