import { InvalidInputError } from '../errors.ts';
import { LABEL } from '../graph/codec.ts';
import type { EdgeRow, NodeRow } from '../graph/queries/export.ts';

export type Properties = Readonly<Record<string, unknown>>;
/** FalkorDB's names of types, of those properties alone whose type does not show in JSON; see `isVector`. */
export type Types = Readonly<Record<string, string>>;

/** A node as an archive holds it. */
export interface NodeElement {
  readonly labels: readonly string[];
  readonly properties: Properties;
  readonly types?: Types;
}

/** An edge as an archive holds it; the ends are named by their uuids. */
export interface EdgeElement {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly properties: Properties;
  readonly types?: Types;
}

export type Element = NodeElement | EdgeElement;

export const isNode = (element: Element): element is NodeElement => 'labels' in element;

const namesVector = (name: string): boolean => name.endsWith('_embedding');

/** A list whose name ends in `_embedding` is a vector of 32-bit numbers unless `types` says that it is a list, and no other is. */
export function isVector(name: string, value: unknown, types: Types | undefined): value is readonly number[] {
  return Array.isArray(value) && (types?.[name] ?? (namesVector(name) ? 'Vectorf32' : 'List')) === 'Vectorf32';
}

/** A whole number that was stored as one with a fraction. */
export const isWholeFloat = (name: string, types: Types | undefined): boolean => types?.[name] === 'Float';

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
): { properties: Properties; types?: Types } {
  for (const name of Object.keys(given)) checkName(name, 'property');
  if (rowTypes.length === 0) return { properties: given };
  const properties: Record<string, unknown> = { ...given };
  const types: Record<string, string> = {};
  for (const [name, type] of rowTypes) {
    const value = properties[name];
    if (type === 'Vectorf32') {
      properties[name] = (value as number[]).map(shortFloat);
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

/** Names are put into the queries that restore them, so no others can come back. */
function checkName(name: string, what: string): void {
  if (restorable.has(name)) return;
  if (!LABEL.test(name))
    throw new InvalidInputError(
      `The graph has a ${what} named ${JSON.stringify(name)}; an archive takes letters, digits and underscores only.`,
    );
  if (restorable.size < MOST_NAMES) restorable.add(name);
}

const MOST_NAMES = 10_000;

/** As a number of 32 bits it is −0, which JSON's own writer would lose. */
const NEGATIVE_ZERO = -1e-46;
const SCALES = [1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13];
const [LEAST, MOST] = [1e-5, 1e6];

/**
 * The number that is written in the fewest digits among those that are `value` once they are cut to 32 bits: 0.1 for
 * 0.10000000149011612. Its quotient of two exact numbers is rounded as a decimal is read, so both are the same.
 * @param value one that 32 bits hold
 * @throws RangeError for what no JSON number can be
 */
export function shortFloat(value: number): number {
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
