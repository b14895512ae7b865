import { expect, test } from 'vitest';
import { fakeVector } from '../../../support/fake-openai/embeddings.ts';
import { schemaProblem } from '../../../support/fake-openai/protocol.ts';
import { readScript } from '../../../support/fake-openai/script.ts';

const fact = (line: string) => readScript(line).facts[0];

test('a line of the script becomes a fact between two entities', () => {
  expect(
    readScript(
      'Mira Okafor [Person role="team lead" age=30] WORKS_ON{share=0.5} Harbor [Project]: Mira works on Harbor (2025-01-10..2025-03-01)',
    ),
  ).toEqual({
    entities: [
      { name: 'Mira Okafor', type: 'Person', attributes: { role: 'team lead', age: 30 } },
      { name: 'Harbor', type: 'Project', attributes: {} },
    ],
    facts: [
      {
        source: 'Mira Okafor',
        target: 'Harbor',
        relation: 'WORKS_ON',
        fact: 'Mira works on Harbor',
        valid_at: '2025-01-10',
        invalid_at: '2025-03-01',
        attributes: { share: 0.5 },
      },
    ],
    ended: [],
    ...{ values: [], rules: [], tasks: [] },
  });
});

test.each([
  ['A USES B: A uses B', null, null],
  ['A USES B: A uses B (2025)', '2025', null],
  ['A USES B: A uses B (2025..)', '2025', null],
  ['A USES B: A uses B (..2025-03-01T10:00:00.000Z)', null, '2025-03-01T10:00:00.000Z'],
  ['- Mira: A USES B: A uses B (yesterday)', 'yesterday', null],
])('%s holds from %s until %s', (line, valid_at, invalid_at) => {
  expect(fact(line)).toMatchObject({ source: 'A', target: 'B', fact: 'A uses B', valid_at, invalid_at });
});

test('entities without facts and endings are returned too, and prose is ignored', () => {
  const { entities, facts, ended } = readScript(
    'We talked: about HTTP and more.\nentity: Harbor [Project]\nended: Harbor / Redis 7 @ 2025-03-01\nended: A / B\nsame: A = B',
  );

  expect(entities.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'Harbor Project',
    'Redis 7 Entity',
    'A Entity',
    'B Entity',
  ]);
  expect(facts).toEqual([]);
  expect(ended).toEqual([
    { source: 'Harbor', target: 'Redis 7', at: '2025-03-01' },
    { source: 'A', target: 'B', at: null },
  ]);
});

test('texts that share words or parts of words have similar vectors', () => {
  const cosine = (one: string, other: string) => {
    const [a, b] = [one, other].map((text) => fakeVector(text, 'text-embedding-3-small', 256));
    return (a ?? []).reduce((sum, value, index) => sum + value * (b?.[index] ?? 0), 0);
  };

  expect(cosine('Harbor uses Valkey', 'Harbor uses Valkey')).toBeCloseTo(1);
  expect(cosine('Harbor uses Valkey', 'Valkey is used by Harbor')).toBeGreaterThan(0.5);
  expect(cosine('Kubernetes', 'Kubernetes cluster')).toBeGreaterThan(0.5);
  expect(Math.abs(cosine('Harbor uses Valkey', 'green tea'))).toBeLessThan(0.3);
});

test.each([
  [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }, undefined],
  [{ type: 'object', properties: { a: { type: 'string' } }, required: [], additionalProperties: false }, /every key/],
  [{ type: 'object', properties: {}, required: [] }, /additionalProperties/],
  [{ type: 'string', pattern: 'a' }, /'pattern' is not permitted/],
  [{}, /must have a 'type' key/],
])('a schema that strict output does not support is rejected: %j', (schema, problem) => {
  const said = schemaProblem(schema);

  if (problem) expect(said).toMatch(problem);
  else expect(said).toBeUndefined();
});

test('values, rules and tasks have lines of their own', () => {
  const lines = [
    'value: gauge / port = 9090 (was 8080): The gauge is on 9090.',
    'rule: Short commits are best.',
    'task: write runbook: Ann writes it.',
    'done: write runbook: It is written.',
  ];

  expect(readScript(lines.join('\n'))).toMatchObject({
    ...{ entities: [], facts: [], ended: [] },
    values: [
      { subject: 'gauge', property: 'port', value: '9090', replaces: '8080', evidence: 'The gauge is on 9090.' },
    ],
    rules: [{ evidence: 'Short commits are best.' }],
    tasks: [
      { task: 'write runbook', done: false, evidence: 'Ann writes it.' },
      { task: 'write runbook', done: true, evidence: 'It is written.' },
    ],
  });
});
