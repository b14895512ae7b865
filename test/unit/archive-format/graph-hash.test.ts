import { expect, test } from 'vitest';
import type { Element } from '../../../src/archive/graph-element.ts';
import { openGraphHash } from '../../../src/archive/inventory.ts';

const ELEMENTS: readonly Element[] = [
  {
    labels: ['Entity', 'Product'],
    properties: { uuid: 'a', group_id: 'g', created_at: 'x', name_embedding: [0.1, 0.2] },
  },
  { labels: ['_Meta'], properties: { key: 'fence', token: 5 } },
  { type: 'RELATES_TO', source: 'a', target: 'b', properties: { fact: 'f', expired_at: 'x' } },
];

function hash(elements: readonly Element[], group = 'g') {
  const open = openGraphHash(group);
  for (const element of elements) open.add(element);
  return open.result();
}
const changed = (index: number, properties: object) =>
  ELEMENTS.map((it, place) => (place === index ? { ...it, properties: { ...it.properties, ...properties } } : it));

test('the hash ignores order of elements, labels and properties, the group and the lease', () => {
  const [node, fence, edge] = ELEMENTS as [Element, Element, Element];
  const turned = {
    labels: ['Product', 'Entity'],
    properties: { name_embedding: [0.1, 0.2], created_at: 'x', group_id: 'h', uuid: 'a' },
  };
  const other = { ...fence, properties: { token: 9, key: 'fence' } } as Element;

  expect(hash([edge, other, turned], 'h')).toEqual(hash([node, fence, edge]));
});

test.each([
  ['a property', changed(2, { fact: 'g' })],
  ['a vector', changed(0, { name_embedding: [0.1, 0.2000001] })],
  ['a type', ELEMENTS.map((it, place) => (place === 0 ? { ...it, types: { name_embedding: 'List' } } : it))],
  ['an end', ELEMENTS.map((it) => ('source' in it ? { ...it, target: 'c' } : it))],
  ['one element less', ELEMENTS.slice(1)],
  ['one element twice', [...ELEMENTS, ...ELEMENTS.slice(0, 1)]],
  ['a moved group', changed(0, { group_id: 'other' })],
])('changing %s changes the hash', (_what, elements) => {
  expect(hash(elements as Element[]).exact).not.toBe(hash(ELEMENTS).exact);
});

test('without times, only whether a time is set counts', () => {
  const { timeless } = hash(ELEMENTS);

  expect(hash(changed(0, { created_at: 'y' })).timeless).toBe(timeless);
  expect(hash(changed(2, { expired_at: 'y' })).timeless).toBe(timeless);
  const open = ELEMENTS.map((it) => ('source' in it ? { ...it, properties: { fact: 'f' } } : it));
  expect(hash(open).timeless).not.toBe(timeless);
});

test('without vectors, only the presence of a vector counts', () => {
  const { vectorless } = hash(ELEMENTS);

  expect(hash(changed(0, { name_embedding: [] })).vectorless).toBe(vectorless);
  expect(hash(changed(0, { name_embedding: 'none' })).vectorless).not.toBe(vectorless);
});
