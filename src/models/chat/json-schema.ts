/** A JSON schema as strict structured output needs it: every property required, no additional ones. */
export type Schema = { readonly [key: string]: unknown };

export interface NamedSchema {
  readonly name: string;
  readonly schema: Schema;
}

export const TEXT: Schema = { type: 'string' };
export const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
export const INTEGER: Schema = { type: 'integer' };
export const INTEGER_OR_NULL: Schema = { type: ['integer', 'null'] };
export const NUMBER: Schema = { type: 'number' };

export function objectSchema(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

export function listSchema(items: Schema): Schema {
  return { type: 'array', items };
}

export function nullable(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}
