import * as z from 'zod/mini';
import { ConfigError } from '../errors.ts';
import type { EntityType, FactType, Ontology } from '../ontology.ts';
import { parseAttributes } from './attributes.ts';

function errorsFor(...keys: readonly string[]) {
  const error: z.core.$ZodErrorMap<z.core.$ZodIssueInvalidType | z.core.$ZodIssueUnrecognizedKeys> = (issue) =>
    issue.code === 'unrecognized_keys'
      ? `has "${issue.keys?.[0]}", which is not known; it takes ${keys.join(', ')}`
      : `must be an object with ${keys.join(', ')}`;
  return { error };
}

const text = () => z.optional(z.string('must be text'));
const PAIRS = 'must be a list of pairs of entity types, such as [["Person", "Project"]]';
const NAMES = 'must be a list of names of entity types';
const BY_NAME = 'must be an object that holds each type under its name';

const attributes = z.unknown();
const type = { description: text(), attributes: z.optional(attributes) };
const entityType = z.strictObject(type, errorsFor('description', 'attributes'));
const ends = z.optional(z.array(z.tuple([z.string(PAIRS), z.string(PAIRS)], PAIRS), PAIRS));
const factType = z.strictObject({ ...type, ends }, errorsFor('description', 'ends', 'attributes'));
const definition = z.strictObject(
  {
    entityTypes: z.optional(z.record(z.string(), entityType, BY_NAME)),
    factTypes: z.optional(z.record(z.string(), factType, BY_NAME)),
    excludedTypes: z.optional(z.array(z.string(NAMES), NAMES)),
    instructions: text(),
    // For editors, which find the schema of a file in JSON by it.
    $schema: z.optional(z.string('must be the address of a JSON schema')),
  },
  errorsFor('entityTypes', 'factTypes', 'excludedTypes', 'instructions'),
);

/** The shape of a `memory.config.json` as JSON schema. `readDefinition` checks the conditions that a schema cannot express. */
export function definitionJsonSchema(): object {
  return {
    title: 'memory.config.json of memory-manager',
    ...z.toJSONSchema(definition, {
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema === attributes) Object.assign(jsonSchema, ATTRIBUTES);
        if (zodSchema === entityType) jsonSchema.description = 'A kind of entity. Its name is a label of the graph.';
        if (zodSchema === factType) jsonSchema.description = 'A relation. Its name is in capitals, such as WORKS_ON.';
        const { properties } = jsonSchema;
        for (const [name, description] of Object.entries(ABOUT))
          if (typeof properties?.[name] === 'object') properties[name].description = description;
      },
    }),
  };
}

/** In a file in JSON; a program gives an object schema of zod. */
const ATTRIBUTES = {
  type: 'object',
  properties: {
    type: { const: 'object' },
    properties: { type: 'object', additionalProperties: { type: 'object' } },
    required: { type: 'array', items: { type: 'string' } },
  },
  required: ['type', 'properties'],
};

const ABOUT = {
  entityTypes: 'Kinds of entities, by name. Without any, types are chosen freely.',
  factTypes: 'Relations, by name. Others are still possible.',
  excludedTypes:
    'Entity types that are left out with every fact about them; Entity stands for entities of no other type.',
  instructions: 'Added to the prompt of the language model for every episode.',
  description: 'Tells the language model what belongs here.',
  attributes: 'JSON schema of an object; its properties are text, numbers, booleans, or lists of these.',
  ends: 'Pairs of entity types that the relation may connect. Without any: all.',
};

const LABEL = /^[A-Za-z]\w*$/;
/** Labels with a meaning of their own in the graph, in upper or lower case. */
const RESERVED = new Set(['entity', 'episodic', 'community', 'saga']);
const RELATION = /^[A-Z][A-Z0-9_]*$/;

/**
 * Makes an ontology from the content of a configuration file.
 * @param file the file's name in error messages
 * @throws ConfigError naming file, type and attribute
 */
export async function readDefinition(given: unknown, file: string): Promise<Ontology> {
  const parsed = definition.safeParse(given);
  if (!parsed.success) throw new ConfigError(shapeSentence(file, parsed.error), { cause: parsed.error });
  const { entityTypes = {}, factTypes = {}, excludedTypes = [], instructions = '' } = parsed.data;
  checkNames(file, Object.keys(entityTypes), Object.keys(factTypes));
  const known = ['Entity', ...Object.keys(entityTypes)];
  const checkKnown = (name: string, where: string) => {
    if (!known.includes(name))
      throw new ConfigError(`${file}: ${where} names "${name}", which is not one of its entity types and not Entity.`);
  };
  for (const name of excludedTypes) checkKnown(name, 'excludedTypes');
  for (const [name, { ends = [] }] of Object.entries(factTypes))
    for (const end of ends.flat()) checkKnown(end, `the fact type "${name}"`);
  return {
    entityTypes: await Promise.all(Object.entries(entityTypes).map(readEntityType)),
    factTypes: await Promise.all(Object.entries(factTypes).map(readFactType)),
    excludedTypes,
    instructions: instructions.trim(),
  };

  async function readEntityType([name, { description = '', attributes }]: Entry<typeof entityType>) {
    const read: EntityType = {
      name,
      description: description.trim(),
      attributes: await parseAttributes(attributes, 'entity', file, `the entity type "${name}"`),
    };
    return read;
  }

  async function readFactType([name, { description = '', ends = [], attributes }]: Entry<typeof factType>) {
    const read: FactType = {
      name,
      description: description.trim(),
      ends,
      attributes: await parseAttributes(attributes, 'fact', file, `the fact type "${name}"`),
    };
    return read;
  }
}

type Entry<T extends z.ZodMiniType> = [name: string, type: z.output<T>];

function checkNames(file: string, entityTypes: readonly string[], factTypes: readonly string[]): void {
  for (const name of entityTypes) {
    if (!LABEL.test(name))
      throw new ConfigError(
        `${file}: the entity type "${name}" needs another name: letters, digits and underscores, a letter first.`,
      );
    if (RESERVED.has(name.toLowerCase()))
      throw new ConfigError(`${file}: the entity type "${name}" has a reserved name; choose another.`);
    const twin = entityTypes.find((other) => other !== name && other.toLowerCase() === name.toLowerCase());
    if (twin)
      throw new ConfigError(`${file}: the entity types "${name}" and "${twin}" differ only in case; keep one of them.`);
  }
  for (const name of factTypes)
    if (!RELATION.test(name))
      throw new ConfigError(`${file}: the fact type "${name}" needs a name in capitals, such as WORKS_ON.`);
}

function shapeSentence(file: string, { issues: [issue] }: z.core.$ZodError): string {
  const place = issue?.path.length ? `"${issue.path.join('.')}"` : 'what it exports';
  return `${file}: ${place} ${issue?.message}.`;
}
