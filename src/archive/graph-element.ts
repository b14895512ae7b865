import { InvalidInputError } from '../errors.ts';
import type { EdgeRow, NodeRow } from '../graph/queries/export.ts';
import { LABEL_PATTERN } from '../graph/query-text.ts';

export type Properties = Readonly<Record<string, unknown>>;
/** FalkorDB's type names, only for properties whose type JSON does not show; see `isVector`. */
export type ElementTypes = Readonly<Record<string, string>>;

/** A node of an archive. */
export interface NodeElement {
  readonly labels: readonly string[];
  readonly properties: Properties;
  readonly types?: ElementTypes;
}

/** An edge of an archive; its ends are given by their uuids. */
export interface EdgeElement {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly properties: Properties;
  readonly types?: ElementTypes;
}

export type Element = NodeElement | EdgeElement;

export const isNode = (element: Element): element is NodeElement => 'labels' in element;

const namesVector = (name: string): boolean => name.endsWith('_embedding');

/** A list is a vector of 32-bit numbers if its name ends in `_embedding`, unless `types` says that it is a list. */
export function isVector(name: string, value: unknown, types: ElementTypes | undefined): value is readonly number[] {
  return Array.isArray(value) && (types?.[name] ?? (namesVector(name) ? 'Vectorf32' : 'List')) === 'Vectorf32';
}

/** A whole number that the graph stores as a float. */
export const isIntegralFloat = (name: string, types: ElementTypes | undefined): boolean => types?.[name] === 'Float';

export function nodeElement({ labels, properties, types }: NodeRow): NodeElement {
  for (const label of labels) checkName(label, 'label');
  return { labels, ...held(properties, types, () => labels.join(':')) };
}

export function edgeElement({ type, source, target, properties, types }: EdgeRow): EdgeElement {
  if (source === null || target === null)
    throw new InvalidInputError(`An edge "${type}" ends at a node without a uuid; an archive cannot hold that.`);
  checkName(type, 'type of edges');
  return { type, source, target, ...held(properties, types, () => type) };
}

function held(
  given: Properties,
  rowTypes: NodeRow['types'],
  owner: () => string,
): { properties: Properties; types?: ElementTypes } {
  for (const name of Object.keys(given)) checkName(name, 'property');
  if (rowTypes.length === 0) return { properties: given };
  const properties: Record<string, unknown> = { ...given };
  const types: Record<string, string> = {};
  for (const [name, type] of rowTypes) {
    const value = properties[name];
    if (type === 'Vectorf32') {
      properties[name] = (value as number[]).map(shortestFloat32);
      if (!namesVector(name)) types[name] = type;
    } else if (type === 'Float') {
      if (Number.isInteger(value)) types[name] = type;
    } else if (type === 'List') {
      if (namesVector(name)) types[name] = type;
    } else
      throw new InvalidInputError(`The property "${name}" of "${owner()}" is a ${type}, which an archive cannot hold.`);
  }
  return Object.keys(types).length > 0 ? { properties, types } : { properties };
}

const restorable = new Set<string>();

/** Names become part of the queries that restore them, so only safe names are accepted. */
function checkName(name: string, what: string): void {
  if (restorable.has(name)) return;
  if (!LABEL_PATTERN.test(name))
    throw new InvalidInputError(
      `The graph has a ${what} named ${JSON.stringify(name)}; an archive takes letters, digits and underscores only.`,
    );
  if (restorable.size < MOST_NAMES) restorable.add(name);
}

const MOST_NAMES = 10_000;

/** A number that is −0 in 32 bits; JSON.stringify would write −0 as 0. */
const NEGATIVE_ZERO = -1e-46;
const SCALES = [1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13];
const [LEAST, MOST] = [1e-5, 1e6];

/**
 * The number with the fewest digits that equals `value` in 32 bits: 0.1 for 0.10000000149011612. The quotient of two exact numbers is rounded
 * like a parsed decimal, so both are equal.
 * @param value a 32-bit float
 * @throws RangeError for NaN and infinity
 */
export function shortestFloat32(value: number): number {
  if (value === 0) return Object.is(value, -0) ? NEGATIVE_ZERO : 0;
  const size = Math.abs(value);
  if (size >= LEAST && size < MOST)
    for (const scale of SCALES) {
      const short = Math.round(value * scale) / scale;
      if (Math.fround(short) === value) return short;
    }
  if (!Number.isFinite(value)) throw new RangeError(`a vector holds ${value}, which is no number`);
  for (let digits = 1; digits < 10; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
