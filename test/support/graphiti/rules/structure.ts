import type { Rule } from '../checklist.ts';
import { EDGE_ENDS, EDGES, NODES, PRIVATE_LABELS } from '../schema.ts';
import { describeElement, type StoredEdge, type StoredNode } from '../whole-graph.ts';

const LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Labels are known, and edges join the right nodes. */
export const structureRules: readonly Rule[] = [
  ({ nodes }) =>
    nodes.filter((node) => kindOf(node) === undefined).map((element) => `${describeElement(element)}: unknown labels`),
  ({ nodes }) =>
    nodes.filter(hasBadType).map((element) => `${describeElement(element)}: a label that is no entity type`),
  // Python's HAS_MEMBER and breadth-first queries look for a uuid among all nodes, whatever their labels.
  ({ nodes }) =>
    nodes
      .filter((node) => isPrivate(node.labels) && 'uuid' in node.properties)
      .map((element) => `${describeElement(element)}: a private node with a uuid`),
  ({ edges }) => edges.filter(isStrange).map((element) => `${describeElement(element)}: unknown edge type`),
  ({ edges }) =>
    edges.filter(joinsWrongNodes).map((element) => `${describeElement(element)}: wrong ends ${ends(element)}`),
  ({ edges }) =>
    edges
      .filter(({ type, source, target }) => type in EDGES && source.uuid !== null && source.uuid === target.uuid)
      .map((element) => `${describeElement(element)}: joins a node with itself`),
];

/** `Episodic`, `Entity`, `Community`, `Saga` or `private`. */
export function kindOf({ labels }: Pick<StoredNode, 'labels'>): string | undefined {
  if (isPrivate(labels)) return 'private';
  const kinds = labels.filter((label) => label in NODES);
  const [kind, ...others] = kinds;
  const isWhole = kind === 'Entity' || labels.length === 1;
  return others.length === 0 && isWhole && !labels.some((label) => PRIVATE_LABELS.includes(label)) ? kind : undefined;
}

function isPrivate(labels: readonly string[]): boolean {
  return labels.length > 0 && labels.every((label) => PRIVATE_LABELS.includes(label));
}

function hasBadType(node: StoredNode): boolean {
  return kindOf(node) === 'Entity' && node.labels.some((label) => !LABEL.test(label));
}

/** Edges from private nodes may have any type except those that Python follows. */
function isStrange({ type, source, target }: StoredEdge): boolean {
  return !(type in EDGES) && !isPrivate(source.labels) && !isPrivate(target.labels);
}

function joinsWrongNodes({ type, source, target }: StoredEdge): boolean {
  const [from, to] = EDGE_ENDS[type] ?? [];
  if (!from || !to) return false;
  return !from.includes(kindOf(source) ?? '') || !to.includes(kindOf(target) ?? '');
}

const ends = ({ source, target }: StoredEdge): string => `${source.labels.join(':')} -> ${target.labels.join(':')}`;
