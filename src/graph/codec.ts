/** What may be handed to a query. Anything else (dates, buffers, NaN, undefined) would be stored as something else. */
export type Param = string | number | boolean | null | readonly Param[] | { readonly [key: string]: Param };
export type Params = { readonly [name: string]: Param };

const SAFE_NAME = /^[A-Za-z_]\w*$/;
/** A label or an attribute name; the graph's own rule and the only text that is ever put into a query. */
export const LABEL = SAFE_NAME;

/**
 * Checks parameters before they become query text. FalkorDB's client escapes values but not names and keys, so a key of
 * the user's could carry a query of its own.
 * @throws TypeError for a programming error; user input never reaches names and keys
 */
export function checkParams(params: Params): Params {
  for (const [name, value] of Object.entries(params)) {
    checkName(name);
    checkValue(value);
  }
  return params;
}

function checkName(name: string): void {
  if (!SAFE_NAME.test(name)) throw new TypeError(`"${name}" cannot be a parameter's name`);
}

function checkValue(value: Param): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be a parameter`);
    return;
  }
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed())
      throw new TypeError('a parameter holds a character that is lost');
    return;
  }
  if (Array.isArray(value)) for (const inner of value) checkValue(inner);
  else if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError(`a ${typeof value} cannot be a parameter`);
  else checkParams(value as Params);
}

/** Puts a label into a query. @throws TypeError when it is not one */
export function quotedLabel(label: string): string {
  if (!LABEL.test(label)) throw new TypeError(`"${label}" cannot be a label`);
  return `\`${label}\``;
}
