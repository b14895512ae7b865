import * as z from 'zod/mini';
import type { Attributes } from '../../graph/queries/entities.ts';
import type { BriefingLine, EpisodeOverview, Fact, FactDetails } from '../../memory/results.ts';
import { truncated } from '../../text.ts';
import { timeText } from '../../time.ts';

/** The fields of Graphiti's replies. The shapes are open, because our replies have more fields. */
const time = z.nullable(z.string());
const attributes = z.record(z.string(), z.unknown());
export const nodeShape = z.looseObject({
  uuid: z.string(),
  name: z.string(),
  labels: z.array(z.string()),
  created_at: time,
  summary: z.nullable(z.string()),
  group_id: z.string(),
  attributes,
});
export const factShape = z.looseObject({
  uuid: z.string(),
  name: z.string(),
  fact: z.string(),
  source_node_uuid: z.string(),
  target_node_uuid: z.string(),
  group_id: z.string(),
  created_at: time,
  valid_at: time,
  invalid_at: time,
  expired_at: time,
  episodes: z.array(z.string()),
  attributes,
});
export const episodeShape = z.looseObject({
  uuid: z.string(),
  name: z.string(),
  content: z.string(),
  created_at: time,
  source: z.string(),
  source_description: z.string(),
  group_id: z.string(),
});

/** @param fields the fields in addition to the message */
export const replyShape = (fields: Record<string, z.ZodMiniType> = {}) =>
  z.looseObject({ message: z.string(), notes: z.optional(z.array(z.string())), ...fields });

/** Tools answer with text where the library has a `Date`. */
const orNull = (date: Date | null): string | null => date && timeText(date);

export const briefingLine = ({ time, from, until, ...line }: BriefingLine) => ({
  ...line,
  time: timeText(time),
  ...(from !== undefined && { from: orNull(from) }),
  ...(until !== undefined && { until: orNull(until) }),
});

interface AnyEntity {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: Date | null;
  readonly attributes?: Attributes;
}

export function toNodeReply(entity: AnyEntity, group: string): z.input<typeof nodeShape> {
  const { uuid, name, labels, createdAt, summary } = entity;
  const properties = { uuid, name, labels: [...labels], created_at: orNull(createdAt), summary, group_id: group };
  return { ...properties, attributes: { ...entity.attributes } };
}

export function toFactReply(
  row: Fact & Partial<Pick<FactDetails, 'attributes'>>,
  group: string,
): z.input<typeof factShape> {
  return {
    uuid: row.uuid,
    name: row.relation,
    fact: row.fact,
    source_node_uuid: row.sourceUuid,
    target_node_uuid: row.targetUuid,
    source_node_name: row.source,
    target_node_name: row.target,
    group_id: group,
    created_at: orNull(row.createdAt),
    valid_at: orNull(row.validAt),
    invalid_at: orNull(row.invalidAt),
    expired_at: orNull(row.expiredAt),
    episodes: [...row.episodes],
    attributes: { ...row.attributes },
  };
}

/** Longer content would use too much of a model's context. */
export const LONGEST_CONTENT = 8_000;

/** The name given at storing, if any. */
export function toEpisodeReply(row: EpisodeOverview, group: string): z.input<typeof episodeShape> {
  const storedName = row.metadata?.name;
  return {
    uuid: row.uuid,
    name: typeof storedName === 'string' ? storedName : row.name,
    content: truncated(row.content, LONGEST_CONTENT),
    created_at: orNull(row.createdAt),
    source: row.source,
    source_description: row.sourceDescription,
    group_id: group,
    reference_time: orNull(row.referenceTime),
    committed: row.committedAt !== null,
  };
}
