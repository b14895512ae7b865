import type { Rule } from '../checklist.ts';
import { EDGES, NODES, type PropertyKind, type Shape, SOURCES } from '../schema.ts';
import {
  describeElement,
  type StoredEdge,
  type StoredElement,
  type StoredNode,
  textOf,
  textsOf,
} from '../whole-graph.ts';
import { kindOf } from './structure.ts';

const STORED_AS: Readonly<Record<PropertyKind, string>> = {
  text: 'String',
  date: 'String',
  texts: 'List',
  vector: 'Vectorf32',
};
const ATTRIBUTE_TYPES = ['String', 'Integer', 'Float', 'Boolean', 'List'];

/** Which properties, and of what type. */
export function propertyRules(attributes: readonly string[]): readonly Rule[] {
  return [
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((it) => missing(it).map((name) => `${describeElement(it)}: no ${name}`)),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((it) => mistyped(it).map((what) => `${describeElement(it)}: ${what}`)),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((it) =>
        unknown(it, attributes).map((name) => `${describeElement(it)}: the unknown property ${name}`),
      ),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((it) =>
        unfit(it, attributes).map(
          (name) => `${describeElement(it)}: the attribute ${name} is neither a primitive nor a list of them`,
        ),
      ),
    ({ nodes }) =>
      nodes
        .filter((node) => kindOf(node) === 'Episodic' && !SOURCES.includes(textOf(node, 'source')))
        .map((it) => `${describeElement(it)}: the source ${JSON.stringify(it.properties.source)}`),
    ({ nodes }) =>
      nodes
        .filter((node) => kindOf(node) === 'Entity' && !sameSet(textsOf(node, 'labels'), node.labels))
        .map((it) => `${describeElement(it)}: the property labels is ${JSON.stringify(it.properties.labels)}`),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((it) => blank(it).map((name) => `${describeElement(it)}: a blank ${name}`)),
    ({ nodes, edges }) => differentDimensions([...nodes, ...edges]),
  ];
}

/** Nothing for private nodes and for what the rules of structure refuse. */
export function shapeOf(it: StoredNode | StoredEdge): Shape | undefined {
  return 'labels' in it ? NODES[kindOf(it) ?? ''] : EDGES[it.type];
}

function missing(it: StoredNode | StoredEdge): string[] {
  return Object.keys(shapeOf(it)?.mandatory ?? {}).filter((name) => !(name in it.properties));
}

function mistyped(it: StoredNode | StoredEdge): string[] {
  const shape = shapeOf(it);
  return Object.entries({ ...shape?.mandatory, ...shape?.optional }).flatMap(([name, kind]) => {
    const type = it.types[name];
    if (type === undefined) return [];
    if (type !== STORED_AS[kind]) return [`${name} is a ${type}`];
    return kind === 'texts' && textsOf(it, name).length !== lengthOf(it, name) ? [`${name} holds other than text`] : [];
  });
}

function lengthOf({ properties }: StoredElement, name: string): number {
  const value = properties[name];
  return Array.isArray(value) ? value.length : 0;
}

/** Where Python puts them into no model they are lost at its next save; on entities and facts they would be shown to its models. */
function unknown(it: StoredNode | StoredEdge, attributes: readonly string[]): string[] {
  const shape = shapeOf(it);
  if (!shape) return [];
  const known = { ...shape.mandatory, ...shape.optional };
  return Object.keys(it.properties).filter(
    (name) => !(name in known) && !(shape.takesAttributes && attributes.includes(name)),
  );
}

function unfit(it: StoredNode | StoredEdge, attributes: readonly string[]): string[] {
  if (!shapeOf(it)?.takesAttributes) return [];
  return attributes.filter((name) => name in it.properties && !isPlain(it.types[name], it.properties[name]));
}

function isPlain(type: string | undefined, value: unknown): boolean {
  if (!ATTRIBUTE_TYPES.includes(type ?? '')) return false;
  return !Array.isArray(value) || value.every((inner) => inner !== null && typeof inner !== 'object');
}

function blank(it: StoredNode | StoredEdge): string[] {
  if (!shapeOf(it)) return [];
  return ['uuid', 'name', 'fact'].filter((name) => it.types[name] === 'String' && textOf(it, name).trim() === '');
}

function differentDimensions(all: readonly (StoredNode | StoredEdge)[]): string[] {
  const sizes = all.flatMap((it) =>
    ['name_embedding', 'fact_embedding']
      .filter((name) => it.types[name] === 'Vectorf32')
      .map((name) => ({ it, size: lengthOf(it, name) })),
  );
  const usual = [...Map.groupBy(sizes, ({ size }) => size)].sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
  return sizes
    .filter(({ size }) => size !== usual)
    .map(({ it, size }) => `${describeElement(it)}: a vector of ${size} not ${usual}`);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && [...one].sort().join(' ') === [...other].sort().join(' ');
}
