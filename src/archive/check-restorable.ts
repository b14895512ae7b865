import { ArchiveDamagedError } from '../errors.ts';
import { LABEL_PATTERN } from '../graph/query-text.ts';
import { type Element, type ElementTypes, isNode, isVector, type Properties } from './graph-element.ts';

/** The JSON values of FalkorDB's types in an archive; see `Types`. */
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  Vectorf32: Array.isArray,
  List: Array.isArray,
  Float: Number.isInteger,
};
/** Far deeper than the nested lists of our graphs. */
const DEEPEST = 8;

/**
 * Checks everything in an element that could make a restore fail, so that verification finds it. The graph accepts names of letters,
 * digits and underscores, and values that are texts, finite numbers, booleans and lists of these.
 * @throws ArchiveDamagedError that describes the problem without values, which are stored text
 */
export function checkRestorable(element: Element): void {
  if (isNode(element)) {
    if (new Set(element.labels).size < element.labels.length) throw wrong('A node of the archive has a label twice');
    for (const label of element.labels) checkName(label, 'label');
  } else {
    checkName(element.type, 'type of edges');
    for (const end of [element.source, element.target]) checkText(end, 'uuid');
  }
  const { properties, types } = element;
  if (types) checkTypes(types, properties);
  for (const [name, value] of Object.entries(properties)) {
    checkName(name, 'property');
    checkValue(name, value, types);
  }
}

function checkTypes(types: ElementTypes, properties: Properties): void {
  for (const [name, type] of Object.entries(types)) {
    const isOf = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (!isOf?.(Object.hasOwn(properties, name) ? properties[name] : undefined))
      throw wrong(`The archive gives the property ${JSON.stringify(name)} a type that its value does not have`);
  }
}

function checkValue(name: string, value: unknown, types: ElementTypes | undefined): void {
  if (isVector(name, value, types)) {
    if (!value.every((number) => typeof number === 'number' && Number.isFinite(Math.fround(number))))
      throw wrong(`The vector "${name}" in the archive holds what is no number of 32 bits`);
  } else checkPlain(name, value, 0);
}

function checkPlain(name: string, value: unknown, depth: number): void {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return;
  if (typeof value === 'string') checkText(value, name);
  else if (Array.isArray(value) && depth < DEEPEST) for (const inner of value) checkPlain(name, inner, depth + 1);
  else throw wrong(`The property "${name}" in the archive holds what no graph can hold`);
}

function checkText(text: string, name: string): void {
  if (text.includes('\0') || !text.isWellFormed())
    throw wrong(`The property "${name}" in the archive holds a character that no graph can hold`);
}

const LONGEST_NAME = 200;

function checkName(name: string, what: string): void {
  if (LABEL_PATTERN.test(name) && name !== '__proto__' && name.length <= LONGEST_NAME) return;
  const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
  throw wrong(`The archive holds a ${what} named ${shown}`);
}

/** Checks, element by element, that each uuid is unique among nodes and that edges end at nodes. */
export function openEdgeCheck(): { add(element: Element): void } {
  const nodes = new Set<string>();
  return {
    add(element) {
      if (!isNode(element)) {
        if (!nodes.has(element.source) || !nodes.has(element.target)) throw danglingEdgeError();
      } else if (typeof element.properties.uuid === 'string') {
        if (nodes.has(element.properties.uuid)) throw duplicateUuidError(element.properties.uuid);
        nodes.add(element.properties.uuid);
      }
    },
  };
}

export const duplicateUuidError = (uuid: string): ArchiveDamagedError =>
  new ArchiveDamagedError(`Two nodes of the archive have the uuid ${uuid}; it cannot be restored.`);
export const danglingEdgeError = (): ArchiveDamagedError =>
  new ArchiveDamagedError(
    'An edge of the archive ends at a node that the archive does not contain; it cannot be restored.',
  );
const wrong = (what: string): ArchiveDamagedError => new ArchiveDamagedError(`${what}; it cannot be restored.`);
