import type { Rule } from '../checklist.ts';
import { describeElement, type StoredEdge, type StoredNode, textOf } from '../whole-graph.ts';
import { shapeOf } from './properties.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** uuids are unique and each element belongs to the group. */
export const identityRules: readonly Rule[] = [
  (graph) =>
    ours(graph)
      .filter((element) => !UUID.test(textOf(element, 'uuid')))
      .map((element) => `${describeElement(element)}: the uuid ${JSON.stringify(element.properties.uuid)}`),
  (graph) =>
    repeated(ours(graph), (element) => textOf(element, 'uuid')).map(
      (element) => `${describeElement(element)}: a uuid that is there twice`,
    ),
  (graph) =>
    ours(graph)
      .filter((element) => element.properties.group_id !== graph.group)
      .map((element) => `${describeElement(element)}: the group_id ${JSON.stringify(element.properties.group_id)}`),
  ({ edges }) =>
    edges.flatMap((edge) => [
      ...wrongEnd(edge, 'source_node_uuid', 'source'),
      ...wrongEnd(edge, 'target_node_uuid', 'target'),
    ]),
  ({ edges }) =>
    repeated(
      edges.filter(({ type }) => type !== 'RELATES_TO'),
      ({ type, source, target }) => `${type} ${source.uuid} ${target.uuid}`,
    ).map((element) => `${describeElement(element)}: joins two nodes a second time`),
];

function ours({ nodes, edges }: Parameters<Rule>[0]): (StoredNode | StoredEdge)[] {
  return [...nodes, ...edges].filter((element) => shapeOf(element) !== undefined);
}

/** All elements whose key an earlier element has. */
function repeated<T>(all: readonly T[], key: (element: T) => string): T[] {
  const seen = new Set<string>();
  return all.filter((element) => seen.size === seen.add(key(element)).size);
}

function wrongEnd(edge: StoredEdge, property: string, end: 'source' | 'target'): string[] {
  if (edge.type !== 'RELATES_TO' || edge.properties[property] === edge[end].uuid) return [];
  return [`${describeElement(edge)}: ${property} is ${JSON.stringify(edge.properties[property])}, not the ${end}`];
}
