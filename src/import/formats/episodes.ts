import * as z from 'zod/mini';
import { InvalidInputError } from '../../errors.ts';
import {
  type Format,
  type ImportedEpisode,
  importedTime,
  importKey,
  optionalObject,
  optionalTextShape,
  optionalTime,
  parseShape,
  withoutNulls,
} from '../format-type.ts';

/** Graphiti's `RawEpisode`, its stored episodes, and the arguments of `add_memory` of its MCP server. */
const SOURCES = ['text', 'message', 'json', 'fact_triple'] as const;
const shape = z.looseObject({
  name: optionalTextShape,
  content: z.optional(z.unknown()),
  episode_body: z.optional(z.unknown()),
  source: z.nullish(z.enum(SOURCES)),
  source_description: optionalTextShape,
  reference_time: optionalTime,
  valid_at: optionalTime,
  timestamp: optionalTime,
  created_at: optionalTime,
  uuid: optionalTextShape,
  group_id: optionalTextShape,
  saga: optionalTextShape,
  metadata: optionalObject,
  episode_metadata: optionalObject,
});

export const episodes: Format = {
  name: 'episodes',
  is: (list, value) => list === 'episodes' || 'content' in value || 'episode_body' in value,
  open: () => ({ read: (_list, value) => [read(value)] }),
};

function read(value: unknown): ImportedEpisode {
  const {
    content: plain,
    episode_body,
    name,
    source,
    saga,
    uuid,
    group_id,
    ...rest
  } = parseShape(shape, normalized(value));
  const { content, isJson } = textOf(plain ?? episode_body);
  const { reference_time, valid_at, timestamp, created_at } = rest;
  const time = importedTime({ reference_time, valid_at, timestamp, created_at });
  // Graphiti's own triples are text. Ours have another format, and no other text may be taken for one.
  const kind = isJson ? 'json' : source === 'fact_triple' ? 'text' : source;
  return {
    content,
    ...(kind && { source: kind }),
    sourceDescription: rest.source_description || 'graphiti',
    metadata: { ...withoutNulls({ name }), ...rest.episode_metadata, ...rest.metadata },
    ...time,
    ...(saga && { saga }),
    ...(group_id && { group: group_id }),
    ...(uuid ? { uuid } : { idempotencyKey: importKey('episodes', content, name, time.referenceTime, saga) }),
  };
}

/** A text alone is an episode; `EpisodeType.text` is how Python writes `text`. */
function normalized(value: unknown): unknown {
  if (typeof value === 'string') return { content: value };
  const { source } = (value ?? {}) as { readonly source?: unknown };
  const python = typeof source === 'string' ? /^EpisodeType\.(\w+)$/.exec(source)?.[1] : undefined;
  return python === undefined ? value : { ...(value as object), source: python.toLowerCase() };
}

/** The content may be a JSON document instead of a string. */
function textOf(content: unknown): { content: string; isJson: boolean } {
  if (typeof content === 'string') return { content, isJson: false };
  if (content !== null && typeof content === 'object') return { content: JSON.stringify(content), isJson: true };
  throw new InvalidInputError('"content" must be text.');
}
