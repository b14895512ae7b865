import * as z from 'zod/mini';
import type { Attribute, Ontology } from '../../ontology.ts';
import {
  listSchema,
  type NamedSchema,
  nullable,
  objectSchema,
  type Schema,
  TEXT,
  TEXT_OR_NULL,
} from './json-schema.ts';
import { optionalRows, validRows } from './reply.ts';

/** The reply of an extraction: rows that miss a required value are dropped; any other missing or invalid value counts as not stated. */
export const EXTRACTION_REPLY = z.object({
  entities: validRows(
    z.object({ name: z.string(), type: z.catch(z.string(), ''), attributes: z.optional(z.unknown()) }),
  ),
  facts: validRows(
    z.object({
      source: z.string(),
      target: z.string(),
      relation: z.string(),
      fact: z.string(),
      valid_at: z.optional(z.unknown()),
      invalid_at: z.optional(z.unknown()),
      attributes: z.optional(z.unknown()),
      evidence: z.optional(z.unknown()),
    }),
  ),
  ended: z.nullish(validRows(z.object({ source: z.string(), target: z.string(), at: z.optional(z.unknown()) }))),
  values: optionalRows(
    z.object({
      subject: z.string(),
      property: z.string(),
      value: z.union([z.string(), z.pipe(z.number(), z.transform(String))]),
      replaces: z.optional(z.unknown()),
      evidence: z.string(),
    }),
  ),
  rules: optionalRows(z.object({ evidence: z.string() })),
  tasks: optionalRows(z.object({ task: z.string(), done: z.boolean(), evidence: z.string() })),
});
export type ExtractionReply = z.output<typeof EXTRACTION_REPLY>;

/** Keywords that strict structured output allows in a property; `Attribute.read` checks the rest. */
const ALLOWED_KEYWORDS = new Set(['type', 'enum', 'const', 'items', 'anyOf', 'description']);
const ANYTHING: Schema = { type: ['string', 'number', 'boolean', 'null'] };

/** The reply's schema: types limited to those of the ontology, if any; attributes for each type that has some. */
export function extractionSchema(ontology: Ontology): NamedSchema {
  const types = allowedTypes(ontology);
  const entities = ontology.entityTypes.filter(({ name }) => types.includes(name));
  return {
    name: 'extraction',
    schema: objectSchema({
      entities: listSchema(
        objectSchema({
          name: TEXT,
          type: types.length > 0 ? { type: 'string', enum: types } : TEXT,
          ...attributes(entities),
        }),
      ),
      facts: listSchema(
        objectSchema({
          source: TEXT,
          target: TEXT,
          relation: TEXT,
          fact: TEXT,
          valid_at: TEXT_OR_NULL,
          invalid_at: TEXT_OR_NULL,
          evidence: TEXT_OR_NULL,
          ...attributes(ontology.factTypes),
        }),
      ),
      ended: listSchema(objectSchema({ source: TEXT, target: TEXT, at: TEXT_OR_NULL })),
      values: listSchema(
        objectSchema({ subject: TEXT, property: TEXT, value: TEXT, replaces: TEXT_OR_NULL, evidence: TEXT }),
      ),
      rules: listSchema(objectSchema({ evidence: TEXT })),
      tasks: listSchema(objectSchema({ task: TEXT, done: { type: 'boolean' }, evidence: TEXT })),
    }),
  };
}

/** The types that entities may have, `Entity` for all that fit no other; empty if the model may choose any type. */
export function allowedTypes({ entityTypes, excludedTypes }: Ontology): string[] {
  const named = entityTypes.map(({ name }) => name).filter((name) => !excludedTypes.includes(name));
  if (entityTypes.length === 0) return [];
  return excludedTypes.includes('Entity') || named.includes('Entity') ? named : [...named, 'Entity'];
}

/**
 * A property `attributes`, if a type has any: null, or one object per such type. Its first property is the type, because
 * strict output distinguishes alternatives by their first property. No attribute can have that name.
 */
function attributes(
  types: readonly { readonly name: string; readonly attributes: readonly Attribute[] }[],
): Record<string, Schema> {
  const typed = types.filter((type) => type.attributes.length > 0);
  if (typed.length === 0) return {};
  const alternatives = typed.map((type) =>
    objectSchema({
      _type: { type: 'string', const: type.name },
      ...Object.fromEntries(type.attributes.map((attribute) => [attribute.name, attributeSchema(attribute)])),
    }),
  );
  return { attributes: { anyOf: [...alternatives, { type: 'null' }] } };
}

function attributeSchema({ schema, description }: Attribute): Schema {
  const allowed = withAllowedKeywords(schema);
  const typed = 'type' in allowed || 'anyOf' in allowed ? nullable(allowed) : ANYTHING;
  return description ? { description, ...typed } : typed;
}

function withAllowedKeywords(schema: Schema): Schema {
  const entries = Object.entries(schema).filter(([key]) => ALLOWED_KEYWORDS.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, reducedValue(key, value)]));
}

function reducedValue(key: string, value: unknown): unknown {
  if (key === 'anyOf' && Array.isArray(value)) return value.map((inner) => withAllowedKeywords(inner as Schema));
  return key === 'items' && value !== null && typeof value === 'object' ? withAllowedKeywords(value as Schema) : value;
}
