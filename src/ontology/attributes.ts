import * as z from 'zod/mini';
import { ConfigError } from '../errors.ts';
import type { Attribute, AttributeValue } from '../ontology.ts';
import { longestText, type PlainSchema, plainSchema } from './plain-schema.ts';

/** The kind of element that an attribute belongs to. */
export type Kind = 'entity' | 'fact';

const SAFE_NAME = /^[A-Za-z]\w*$/;
const OWN_PROPERTIES: Readonly<Record<Kind, ReadonlySet<string>>> = {
  entity: new Set('uuid name group_id labels created_at name_embedding summary attributes'.split(' ')),
  fact: new Set(
    `uuid source_node_uuid target_node_uuid source_uuid target_uuid name fact fact_embedding group_id episodes
    created_at expired_at valid_at invalid_at reference_time attributes`.split(/\s+/),
  ),
};
/** As in Graphiti: longer texts are not attributes but prose, and would swell every prompt that shows them. */
const LONGEST_TEXT = 250;
const LONGEST_LIST = 8;

const jsonObject = z.strictObject({
  type: z.literal('object'),
  properties: z.record(z.string(), z.unknown()),
  required: z.optional(z.array(z.string())),
  additionalProperties: z.optional(z.boolean()),
  $schema: z.optional(z.string()),
  title: z.optional(z.string()),
  description: z.optional(z.string()),
});

/**
 * The attributes of one type.
 * @param given an object schema of zod 4, or the same as JSON schema; nothing for none
 * @param type the type's name in error messages
 * @throws ConfigError
 */
export async function parseAttributes(given: unknown, kind: Kind, file: string, type: string): Promise<Attribute[]> {
  if (given === undefined) return [];
  const entries = await attributesOf(given);
  if (!entries)
    throw new ConfigError(
      `${file}: the attributes of ${type} must be a z.object of zod 4, or a JSON schema with "type": "object" and "properties".`,
    );
  return entries.map(([name, make]) => {
    const called = `${file}: the attribute "${name}" of ${type}`;
    if (!SAFE_NAME.test(name))
      throw new ConfigError(`${called} needs another name: letters, digits and underscores, a letter first.`);
    if (OWN_PROPERTIES[kind].has(name))
      throw new ConfigError(`${called} has the name of one of Graphiti's own properties; name it otherwise.`);
    return make(name, called);
  });
}

type Make = (name: string, called: string) => Attribute;

async function attributesOf(given: unknown): Promise<[name: string, make: Make][] | undefined> {
  const shape = shapeOf(given);
  if (shape) return Object.entries(shape).map(([name, schema]) => [name, zodAttribute(schema)]);
  const { success, data } = jsonObject.safeParse(given);
  if (!success) return undefined;
  // Large, so loaded only for JSON schemas.
  const { fromJSONSchema } = await import('zod');
  const readerOf = (schema: unknown) => fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]);
  return Object.entries(data.properties).map(([name, schema]) => [name, jsonAttribute(schema, readerOf)]);
}

type ZodSchema = z.core.$ZodType;

function shapeOf(given: unknown): Record<string, ZodSchema> | undefined {
  const def = (given as { _zod?: { def?: { type?: unknown; shape?: unknown } } } | null)?._zod?.def;
  return def?.type === 'object' ? (def.shape as Record<string, ZodSchema>) : undefined;
}

/** A schema that transforms its input is described to the model by its input, and checked by its output. */
function zodAttribute(schema: ZodSchema): Make {
  return (name, called) => {
    const written = describe(schema, 'input');
    const plain = plainSchema(written);
    if (!plain || !plainSchema(describe(schema, 'output'))) throw unfit(called);
    return attribute(name, plain, written, schema);
  };
}

function describe(schema: ZodSchema, io: 'input' | 'output'): unknown {
  try {
    return JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io })));
  } catch {
    // Dates, transformations and the like, which have no JSON form.
    return undefined;
  }
}

function jsonAttribute(schema: unknown, readerOf: (schema: unknown) => ZodSchema): Make {
  return (name, called) => {
    const plain = plainSchema(schema);
    if (!plain) throw unfit(called);
    try {
      return attribute(name, plain, schema, readerOf(schema));
    } catch (error) {
      const { message } = error as Error;
      throw new ConfigError(`${called} has a schema that cannot be used: ${message}.`, { cause: error });
    }
  };
}

const unfit = (called: string) =>
  new ConfigError(
    `${called} cannot be stored; use text, a number, true or false, one of some given values, or a list of these.`,
  );

function attribute(name: string, schema: PlainSchema, described: unknown, reader: ZodSchema): Attribute {
  const { description } = described as { description?: unknown };
  const longest = longestText(schema) ?? LONGEST_TEXT;
  return {
    name,
    description: typeof description === 'string' ? description : '',
    schema,
    read: (value) => {
      // Missing values are left out; a default from the schema would be an unstated fact.
      if (value === null || value === undefined) return undefined;
      const known = parse(reader, value);
      return isStorable(known, longest) ? known : undefined;
    },
  };
}

function parse(reader: ZodSchema, value: unknown): unknown {
  try {
    const parsed = z.safeParse(reader, value);
    return parsed.success ? parsed.data : undefined;
  } catch {
    // A user's own check threw an error or is asynchronous.
    return undefined;
  }
}

function isStorable(value: unknown, longest: number): value is AttributeValue {
  if (!Array.isArray(value)) return isScalar(value, longest);
  const length = value.reduce((sum: number, item) => sum + String(item).length, 0);
  return length <= LONGEST_LIST * longest && value.every((item) => isScalar(item, longest));
}

/** An empty text counts as missing. */
function isScalar(value: unknown, longest: number): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.trim() !== '' && value.length <= longest && isWhole(value);
}

const isWhole = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
