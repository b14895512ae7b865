import * as z from 'zod/mini';

/** The part of JSON schema that describes what the graph can store. */
export type PlainSchema = { readonly [keyword: string]: unknown };

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const scalarType = z.enum(['string', 'number', 'integer', 'boolean', 'null']);
const limit = z.optional(z.number());
const scalarSchema = z
  .strictObject({
    type: z.optional(z.union([scalarType, z.array(scalarType)])),
    enum: z.optional(z.array(scalar)),
    const: z.optional(scalar),
    format: z.optional(z.string()),
    pattern: z.optional(z.string()),
    minLength: limit,
    maxLength: limit,
    minimum: limit,
    maximum: limit,
    exclusiveMinimum: limit,
    exclusiveMaximum: limit,
    multipleOf: limit,
  })
  .check(z.refine((value) => value.type !== undefined || value.enum !== undefined || value.const !== undefined));
const scalarOrUnion = z.union([scalarSchema, z.strictObject({ anyOf: z.array(scalarSchema).check(z.minLength(1)) })]);
const list = z.strictObject({ type: z.literal('array'), items: scalarOrUnion, minItems: limit, maxItems: limit });
const shape = z.union([
  scalarOrUnion,
  list,
  z.strictObject({ anyOf: z.array(z.union([scalarSchema, list])).check(z.minLength(1)) }),
]);

/** Keywords that do not constrain a model, or that are sent in another place. */
const NOISE = new Set(['$schema', '$comment', 'description', 'title', 'default', 'examples', 'readOnly']);

/** The schema without keywords that a language model does not need; undefined if it describes more than values and lists of values. */
export function plainSchema(schema: unknown): PlainSchema | undefined {
  const given = withoutNoise(schema);
  return shape.safeParse(given).success ? (given as PlainSchema) : undefined;
}

function withoutNoise(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNoise);
  if (schema === null || typeof schema !== 'object') return schema;
  const kept = Object.entries(schema).filter(
    ([keyword, value]) =>
      !NOISE.has(keyword) &&
      // The format already says this, in fewer words.
      !(keyword === 'pattern' && 'format' in schema) &&
      // Bounds that zod adds to every integer.
      Math.abs(value as number) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutNoise(value)]));
}

/** The longest text that the schema itself allows somewhere in it. */
export function longestText({ maxLength, items, anyOf }: PlainSchema): number | undefined {
  const inner = [items, ...(Array.isArray(anyOf) ? anyOf : [])].filter((value) => value !== undefined) as PlainSchema[];
  const lengths = [maxLength as number | undefined, ...inner.map(longestText)].filter((value) => value !== undefined);
  return lengths.length > 0 ? Math.max(...lengths) : undefined;
}
