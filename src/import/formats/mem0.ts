import * as z from 'zod/mini';
import type { Metadata } from '../../episode.ts';
import { InvalidInputError } from '../../errors.ts';
import { tripletText } from '../../triplet.ts';
import {
  type Format,
  type ImportedEpisode,
  importedTime,
  importKey,
  optionalObject,
  optionalTextShape,
  optionalTime,
  parseShape,
  textShape,
  withoutNulls,
} from '../format-type.ts';

/** A memory as `get_all`, `search` and the exports of mem0 and OpenMemory give it. */
const memoryShape = z.looseObject({
  id: z.nullish(z.union([z.string(), z.number()])),
  memory: optionalTextShape,
  content: optionalTextShape,
  user_id: optionalTextShape,
  agent_id: optionalTextShape,
  run_id: optionalTextShape,
  state: optionalTextShape,
  metadata: optionalObject,
  created_at: optionalTime,
  updated_at: optionalTime,
});
/** Fields of a memory that are not content. */
const EXCLUDED_KEYS = ['memory', 'content', 'metadata', 'hash', 'score', 'embedding', 'vector'];

const relationShape = z.looseObject({
  source: textShape,
  relationship: optionalTextShape,
  relation: optionalTextShape,
  target: optionalTextShape,
  destination: optionalTextShape,
  created_at: optionalTime,
  updated_at: optionalTime,
});

export const mem0: Format = {
  name: 'mem0',
  is: (list, value) =>
    list === 'results' || list === 'memories' || 'memory' in value || ('source' in value && 'relationship' in value),
  open: () => ({
    read: (list, value) => (list === 'relations' || isRelation(value) ? [relation(value)] : memory(value)),
  }),
};

const isRelation = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && 'source' in value && 'relationship' in value;

function memory(value: unknown): ImportedEpisode[] {
  const given = parseShape(memoryShape, value);
  // OpenMemory keeps deleted memories.
  if (given.state === 'deleted') return [];
  const content = given.memory ?? given.content;
  if (typeof content !== 'string') throw new InvalidInputError('"memory" must be text.');
  const { id, user_id, agent_id, run_id, created_at, updated_at } = given;
  const subject = user_id ? `user ${user_id}` : agent_id ? `agent ${agent_id}` : undefined;
  const episode = {
    content,
    // mem0 stores the subject outside of the text; here it is added for the model.
    sourceDescription: subject ? `mem0, ${subject}` : 'mem0',
    metadata: metadataOf(given),
    // The text dates from the last change.
    ...importedTime({ updated_at, created_at }),
    idempotencyKey: importKey('mem0', content, id ?? [user_id, agent_id, run_id]),
  };
  return [episode];
}

function metadataOf({ id, ...given }: z.output<typeof memoryShape>): Metadata {
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !EXCLUDED_KEYS.includes(name)));
  return { ...withoutNulls({ mem0_id: id, ...rest }), ...given.metadata };
}

function relation(value: unknown): ImportedEpisode {
  const { source, relationship, relation, target, destination, created_at, updated_at } = parseShape(
    relationShape,
    value,
  );
  const [relationName, end] = [relationship ?? relation, target ?? destination];
  if (typeof relationName !== 'string') throw new InvalidInputError('"relationship" must be text.');
  if (typeof end !== 'string') throw new InvalidInputError('"target" must be text.');
  const content = tripletText({ source: asWritten(source), relation: relationName, target: asWritten(end) });
  return {
    content,
    source: 'fact_triple',
    sourceDescription: 'mem0',
    metadata: { source, relationship: relationName, target: end },
    ...importedTime({ updated_at, created_at }),
    idempotencyKey: importKey('mem0', content),
  };
}

/** mem0 writes names in lower case, with underscores for spaces; names with other letters are not changed. */
const asWritten = (name: string): string =>
  /^[^\sA-Z./]+$/.test(name) ? name.replaceAll('_', ' ').trim() || name : name;
