import { expect, test } from 'vitest';
import { boxOf, crosses, layout } from '../../../page/neighbour-layout.ts';

const fact = (at: number, source: string, target: string) => ({
  ...{ uuid: `f${at}`, fact: '', relation: 'KNOWS', source, sourceUuid: source, target, targetUuid: target },
  ...{ episodes: [], validAt: null, invalidAt: null, createdAt: null, expiredAt: null },
});

test.each([1, 2, 3, 5, 8])('with %s neighbours no line crosses a visible name', (count) => {
  const center = { uuid: 'Harbor', name: 'Harbor', type: 'Entity', summary: '' };
  const facts = Array.from({ length: count }, (_, at) => fact(at, 'Harbor', `Neighbour number ${at}`));

  const { nodes, edges } = layout(center, facts, () => true);

  const crossed = nodes.filter(
    (node) => !node.label.cover && edges.some(({ source, target }) => crosses(source, target, boxOf(node, node.label))),
  );
  expect(crossed.map(({ name }) => name)).toEqual([]);
});

test('with few neighbours every name has a position without a line', () => {
  const facts = Array.from({ length: 5 }, (_, at) => fact(at, 'Harbor', `Neighbour ${at}`));
  const { nodes } = layout({ uuid: 'Harbor', name: 'Harbor', type: 'Entity', summary: '' }, facts, () => true);

  expect(nodes.filter(({ label }) => label.cover)).toEqual([]);
});

test('a long name is shortened on screen, and complete for screen readers', () => {
  const name = 'The committee for the maintenance of quays';
  const { nodes } = layout({ uuid: name, name, type: 'Entity', summary: '' }, [fact(0, name, 'Mira')], () => true);

  expect(nodes[0]?.label).toMatchObject({ whole: name, text: 'The committee for the maint…' });
});
