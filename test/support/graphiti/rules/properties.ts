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

/** Elements have the properties that Graphiti knows, with the right types. */
export function propertyRules(attributes: readonly string[]): readonly Rule[] {
  return [
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((element) =>
        missing(element).map((name) => `${describeElement(element)}: no ${name}`),
      ),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((element) =>
        mistyped(element).map((what) => `${describeElement(element)}: ${what}`),
      ),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((element) =>
        unknown(element, attributes).map((name) => `${describeElement(element)}: the unknown property ${name}`),
      ),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((element) =>
        unfit(element, attributes).map(
          (name) => `${describeElement(element)}: the attribute ${name} is neither a primitive nor a list of them`,
        ),
      ),
    ({ nodes }) =>
      nodes
        .filter((node) => kindOf(node) === 'Episodic' && !SOURCES.includes(textOf(node, 'source')))
        .map((element) => `${describeElement(element)}: the source ${JSON.stringify(element.properties.source)}`),
    ({ nodes }) =>
      nodes
        .filter((node) => kindOf(node) === 'Entity' && !sameSet(textsOf(node, 'labels'), node.labels))
        .map(
          (element) =>
            `${describeElement(element)}: the property labels is ${JSON.stringify(element.properties.labels)}`,
        ),
    ({ nodes, edges }) =>
      [...nodes, ...edges].flatMap((element) =>
        blank(element).map((name) => `${describeElement(element)}: a blank ${name}`),
      ),
    ({ nodes, edges }) => differentDimensions([...nodes, ...edges]),
  ];
}

/** Undefined for private nodes and for elements that violate the structure rules. */
export function shapeOf(element: StoredNode | StoredEdge): Shape | undefined {
  return 'labels' in element ? NODES[kindOf(element) ?? ''] : EDGES[element.type];
}

function missing(element: StoredNode | StoredEdge): string[] {
  return Object.keys(shapeOf(element)?.mandatory ?? {}).filter((name) => !(name in element.properties));
}

function mistyped(element: StoredNode | StoredEdge): string[] {
  const shape = shapeOf(element);
  return Object.entries({ ...shape?.mandatory, ...shape?.optional }).flatMap(([name, kind]) => {
    const type = element.types[name];
    if (type === undefined) return [];
    if (type !== STORED_AS[kind]) return [`${name} is a ${type}`];
    return kind === 'texts' && textsOf(element, name).length !== lengthOf(element, name)
      ? [`${name} holds other than text`]
      : [];
  });
}

function lengthOf({ properties }: StoredElement, name: string): number {
  const value = properties[name];
  return Array.isArray(value) ? value.length : 0;
}

/** Python loses unknown properties at its next save; on entities and facts it would show them to its models. */
function unknown(element: StoredNode | StoredEdge, attributes: readonly string[]): string[] {
  const shape = shapeOf(element);
  if (!shape) return [];
  const known = { ...shape.mandatory, ...shape.optional };
  return Object.keys(element.properties).filter(
    (name) => !(name in known) && !(shape.takesAttributes && attributes.includes(name)),
  );
}

function unfit(element: StoredNode | StoredEdge, attributes: readonly string[]): string[] {
  if (!shapeOf(element)?.takesAttributes) return [];
  return attributes.filter(
    (name) => name in element.properties && !isPlain(element.types[name], element.properties[name]),
  );
}

function isPlain(type: string | undefined, value: unknown): boolean {
  if (!ATTRIBUTE_TYPES.includes(type ?? '')) return false;
  return !Array.isArray(value) || value.every((inner) => inner !== null && typeof inner !== 'object');
}

function blank(element: StoredNode | StoredEdge): string[] {
  if (!shapeOf(element)) return [];
  return ['uuid', 'name', 'fact'].filter(
    (name) => element.types[name] === 'String' && textOf(element, name).trim() === '',
  );
}

function differentDimensions(all: readonly (StoredNode | StoredEdge)[]): string[] {
  const sizes = all.flatMap((element) =>
    ['name_embedding', 'fact_embedding']
      .filter((name) => element.types[name] === 'Vectorf32')
      .map((name) => ({ element, size: lengthOf(element, name) })),
  );
  const usual = [...Map.groupBy(sizes, ({ size }) => size)].sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
  return sizes
    .filter(({ size }) => size !== usual)
    .map(({ element, size }) => `${describeElement(element)}: a vector of ${size} not ${usual}`);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && [...one].sort().join(' ') === [...other].sort().join(' ');
}
