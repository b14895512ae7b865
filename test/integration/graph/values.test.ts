import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { useStores } from '../../support/stores.ts';

const stores = useStores();
let graphs: Graphs;
beforeAll(() => {
  graphs = openGraphs(stores.config.falkordb);
});
afterAll(() => graphs.close());

test.each([
  ['quotes', `'"\`\\ and a trailing \\`],
  ['Cypher', `"}) MATCH (n) DETACH DELETE n //`],
  ['a parameter', '$x {y} CYPHER x=1'],
  ['white space', ' \t\r\n\u2028 '],
  ['other scripts', 'שלום مرحبا 数据库 🚀 e\u0301'],
  ['control characters', '\u0001\u001b\u007f\ufeff'],
  ['numbers', [0, -1, 1.5, 1e-7, 123_456_789_012_345]],
  ['the rest', [true, false, null, [], [['a']]]],
])('%s are read from the graph as they were written', async (_, value) => {
  const rows = await graphs.group(stores.config.group).write('RETURN $value AS value', { value });

  expect(rows).toEqual([{ value }]);
});
