/** What may be handed to a query. Anything else (dates, buffers, NaN, undefined) would be stored as something else. */
export type Param = string | number | boolean | null | readonly Param[] | { readonly [key: string]: Param };
export type Params = { readonly [name: string]: Param };

const SAFE_NAME = /^[A-Za-z_]\w*$/;
/** A label or an attribute name; the graph's own rule and the only text that is ever put into a query. */
export const LABEL = SAFE_NAME;

/**
 * The text that FalkorDB is sent: `CYPHER name=value … query`. Whatever could be read as part of the query is escaped or
 * refused; FalkorDB's own client escapes values but not names and keys, so that a key could carry a query of its own.
 * @throws TypeError for a programming error; user input never reaches names and keys
 */
export function queryText(query: string, params: Params = {}): string {
  const given = Object.entries(params).map(([name, value]) => `${checkedName(name)}=${literal(value)}`);
  return given.length > 0 ? `CYPHER ${given.join(' ')} ${query}` : query;
}

function literal(value: Param): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return isNumbers(value) ? JSON.stringify(value) : `[${value.map(literal).join(',')}]`;
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError(`a ${typeof value} cannot be a parameter`);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${checkedName(key)}:${literal(inner)}`)
    .join(',')}}`;
}

/** A vector, most likely, which JSON writes as `String` would, in half the time. */
const isNumbers = (values: readonly Param[]): boolean => values.every((it) => Number.isFinite(it));

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

/** Puts a label into a query. @throws TypeError when it is not one */
export function quotedLabel(label: string): string {
  if (!LABEL.test(label)) throw new TypeError(`"${label}" cannot be a label`);
  return `\`${label}\``;
}
