import * as z from 'zod/mini';
import { InvalidInputError } from '../../errors.ts';
import { canonicalKey, oneLine } from '../../text.ts';
import { tripletText } from '../../triplet.ts';
import {
  type Format,
  type FormatReader,
  type ImportedEpisode,
  importedTime,
  importKey,
  optionalTextShape,
  optionalTime,
  parseShape,
  textShape,
  type UnusableItem,
  withoutNulls,
} from '../format-type.ts';

/** A line of the MCP reference memory server's `memory.jsonl`, or an element of the result of its `read_graph`. */
const entityShape = z.looseObject({
  name: textShape,
  entityType: optionalTextShape,
  observations: z.unknown(),
});
/** The form of servers that store more than the text. */
const observationShape = z.looseObject({ content: textShape, timestamp: optionalTime, created_at: optionalTime });
const relationShape = z.looseObject({ from: textShape, to: textShape, relationType: textShape });
type Relation = z.output<typeof relationShape>;

export const mcpMemory: Format = {
  name: 'mcp-memory',
  is: (list, value) =>
    list === 'entities' ||
    value.type === 'entity' ||
    'entityType' in value ||
    ('from' in value && 'relationType' in value),
  open: openReading,
};

/** Keeps the types of all entities, and which entities occur in relations. */
function openReading(): FormatReader {
  const types = new Map<string, string>();
  const joined = new Set<string>();
  return {
    note(list, value) {
      if (isRelation(list, value)) {
        const { from, to } = parseShape(relationShape, value);
        if (!isSame(from, to)) joined.add(from).add(to);
      } else {
        const { name, entityType } = parseShape(entityShape, value);
        if (entityType && !types.has(name)) types.set(name, entityType);
      }
    },
    read(list, value) {
      if (isRelation(list, value)) return [relation(parseShape(relationShape, value), types)];
      const { name, entityType, observations } = parseShape(entityShape, value);
      // Its type is stored with its relations; without relations the type would be lost.
      const kind = entityType && !joined.has(name) ? typeFact(name, entityType) : [];
      const each = listOf(observations);
      return [
        ...kind,
        ...each.flatMap((observation, index) => observationEpisodes(name, entityType, observation, index + 1)),
      ];
    },
  };
}

const isRelation = (list: string, value: unknown): boolean =>
  list === 'relations' ||
  (value !== null &&
    typeof value === 'object' &&
    ((value as { type?: unknown }).type === 'relation' || 'relationType' in value));

function relation({ from, to, relationType }: Relation, types: ReadonlyMap<string, string>): ImportedEpisode {
  const text = `${from} ${relationType.replaceAll('_', ' ')} ${to}`;
  const metadata = { from, to, relation_type: relationType };
  // A relation of an entity to itself cannot be a fact of the graph, so it becomes a text.
  if (isSame(from, to)) return episode(text, metadata);
  return fact(
    {
      source: from,
      target: to,
      relation: HAS_NAME.test(relationType) ? relationType : 'RELATES_TO',
      fact: text,
      ...withLabel('sourceType', types.get(from)),
      ...withLabel('targetType', types.get(to)),
    },
    metadata,
  );
}

const isSame = (one: string, other: string): boolean => canonicalKey(one) === canonicalKey(other);
/** A usable name of a relation: its first letter or digit is one of these letters. */
const HAS_NAME = /^[^A-Za-z0-9]*[A-Za-z]/;

function typeFact(name: string, type: string): ImportedEpisode[] {
  const kind = oneLine(type.replaceAll('_', ' '));
  if (kind === '' || isSame(name, kind)) return [];
  const triplet = {
    source: name,
    relation: 'IS_A',
    target: kind,
    fact: `${name} is a ${kind}`,
    ...withLabel('sourceType', type),
  };
  return [fact(triplet, { entity: name, entity_type: type })];
}

function fact(triplet: Parameters<typeof tripletText>[0], metadata: Record<string, unknown>): ImportedEpisode {
  return { ...episode(tripletText(triplet), metadata), source: 'fact_triple' };
}

/** `software_project` is `SoftwareProject`; a type without a Latin letter gives no label. */
function withLabel(end: 'sourceType' | 'targetType', type: string | undefined) {
  const words = type?.match(/[A-Za-z0-9]+/g) ?? [];
  const label = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(label) ? { [end]: label } : {};
}

/** Servers with one sentence per observation use no list. */
function listOf(observations: unknown): readonly unknown[] {
  if (Array.isArray(observations)) return observations;
  if (observations === undefined || observations === null) return [];
  if (typeof observations === 'string') return [observations];
  throw new InvalidInputError('"observations" must be a list.');
}

function observationEpisodes(
  name: string,
  type: string | null | undefined,
  observation: unknown,
  number: number,
): (ImportedEpisode | UnusableItem)[] {
  if (observation === null || observation === '') return [];
  const parsed = observationShape.safeParse(typeof observation === 'string' ? { content: observation } : observation);
  if (!parsed.success) return [{ unusable: `observation ${number} must be text.` }];
  const { content, timestamp, created_at } = parsed.data;
  const imported = episode(sentence(name, content), withoutNulls({ entity: name, entity_type: type }));
  return [{ ...imported, ...importedTime({ timestamp, created_at }) }];
}

function episode(content: string, metadata: Record<string, unknown>): ImportedEpisode {
  return { content, sourceDescription: 'mcp-memory', metadata, idempotencyKey: importKey('mcp-memory', content) };
}

/** Observations omit their subject: "Uses Valkey 8" of Harbor becomes "Harbor uses Valkey 8". */
function sentence(name: string, observation: string): string {
  if (observation.toLowerCase().includes(name.toLowerCase())) return observation;
  const [, verb = '', rest = ''] = VERB.exec(observation) ?? [];
  return verb ? `${name} ${verb.toLowerCase()}${rest}` : `${name}: ${observation}`;
}

const VERB = new RegExp(
  `^(${[
    ...['is', 'are', 'was', 'were', 'has', 'had', 'does', 'can', 'cannot', 'will', 'must', 'should', 'may', 'belongs'],
    ...['calls', 'contains', 'depends', 'dislikes', 'enjoys', 'exports', 'follows', 'hates', 'holds', 'implements'],
    ...['includes', 'keeps', 'knows', 'leads', 'learns', 'likes', 'listens', 'lives', 'loves', 'maintains', 'manages'],
    ...['needs', 'owns', 'plans', 'prefers', 'provides', 'reads', 'replaces', 'requires', 'returns', 'runs', 'sends'],
    ...[
      'serves',
      'speaks',
      'started',
      'stores',
      'studies',
      'supports',
      'talks',
      'teaches',
      'uses',
      'wants',
      'works',
      'writes',
    ],
  ].join('|')})(\\s[\\s\\S]*)$`,
  'i',
);
