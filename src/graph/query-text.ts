/** The values that a query may take. Others (dates, buffers, NaN, undefined) would be stored as something else. */
export type Param = string | number | boolean | null | readonly Param[] | { readonly [key: string]: Param };
export type Params = { readonly [name: string]: Param };

const SAFE_NAME = /^[A-Za-z_]\w*$/;
/** A label or an attribute name. These are the only texts that are put into a query, and this is the graph's own rule for them. */
export const LABEL_PATTERN = SAFE_NAME;

/**
 * The text that is sent to FalkorDB: `CYPHER name=value … query`. Everything that could be read as part of the query is escaped or refused.
 * FalkorDB's own client escapes values but not names and keys, so that a key could inject a query.
 * @throws TypeError for a programming error; user input never reaches names and keys
 */
export function queryText(query: string, params: Params = {}): string {
  const assignments = Object.entries(params).map(([name, value]) => `${checkedName(name)}=${literal(value)}`);
  return assignments.length > 0 ? `CYPHER ${assignments.join(' ')} ${query}` : query;
}

function literal(value: Param): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value))
    return vectors.has(value) || isNumbers(value) ? numbers(value) : `[${value.map(literal).join(',')}]`;
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError(`a ${typeof value} cannot be a parameter`);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${checkedName(key)}:${literal(inner)}`)
    .join(',')}}`;
}

/** Most likely a vector, which JSON.stringify writes like `String` in half the time. */
const isNumbers = (values: readonly Param[]): boolean => values.every((value) => Number.isFinite(value));

/** From this length on a list of numbers is a vector. A question sends its vector four or five times. */
const SHORTEST_VECTOR = 64;
const vectors = new WeakMap<readonly Param[], string>();

function numbers(values: readonly Param[]): string {
  const known = vectors.get(values);
  if (known !== undefined) return known;
  const text = JSON.stringify(values);
  if (values.length >= SHORTEST_VECTOR) vectors.set(values, text);
  return text;
}

function checkedName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new TypeError(`"${name}" cannot be a parameter's name`);
  return name;
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be a parameter`);
  return String(value);
}

function text(value: string): string {
  if (value.includes('\0') || !value.isWellFormed()) throw new TypeError('a parameter holds a character that is lost');
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Quotes a label for a query. @throws TypeError when the text is not a valid label */
export function quotedLabel(label: string): string {
  if (!LABEL_PATTERN.test(label)) throw new TypeError(`"${label}" cannot be a label`);
  return `\`${label}\``;
}
