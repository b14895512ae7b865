import { InvalidInputError } from '../../errors.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import type { Attributes } from '../../graph/queries/entities.ts';
import type { EntityOrder } from '../../graph/queries/search-entities.ts';
import { instant } from '../../graph/queries/time-conditions.ts';
import { typeOf } from '../../search/results.ts';
import { checkText } from '../../text.ts';
import { type TimeOptions, toCheckedGraphTime } from '../query.ts';
import type { Services } from '../services.ts';
import { cachedRead } from './cached-read.ts';

export interface EntitiesOptions extends TimeOptions {
  /**
   * `facts`: those with most facts first; `mentioned`: the last mentioned first; `name`. Equal ones follow by name, then by uuid. Each also adds
   * `factCount` and `lastMentioned`. Default: by name, without these.
   */
  readonly order?: EntityOrder;
  /** Maximum number; default: all. */
  readonly limit?: number;
  /** How many to skip at the beginning. */
  readonly offset?: number;
}

export interface Entity {
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  readonly uuid: string;
  /** From facts that hold now, or at `asOf`. */
  readonly summary: string;
  /** The attributes of the user's own type; often none. */
  readonly attributes: Attributes;
  /** The number of its facts, also ended ones; only with `order`. */
  readonly factCount?: number;
  /** The reference time of the last episode that mentions it; only with `order`. */
  readonly lastMentioned?: Date | null;
}

/** An entity in rows of the graph. */
export interface EntityListRow extends Omit<Entity, 'lastMentioned'> {
  readonly lastMention?: string | null;
}

/**
 * Entities in an order; with `knownAt` those that were known then, with `asOf` those that an episode or fact before that time mentions.
 * @throws InvalidInputError
 */
export async function getEntities(
  services: Services,
  entityType: string | undefined,
  options: EntitiesOptions,
): Promise<EntityListRow[]> {
  const { asOf, knownAt, order, limit, offset = 0 } = options;
  const type = entityType === undefined ? undefined : checkText(entityType, 'The type').trim().toLowerCase();
  if (type === '') throw new InvalidInputError('The type is empty; name one, such as Person, or leave it out.');
  if (limit !== undefined) checkCount(limit, 1, 'The limit');
  checkCount(offset, 0, 'The offset');
  const times = { asOf: toCheckedGraphTime(asOf, 'asOf'), knownAt: toCheckedGraphTime(knownAt, 'knownAt') };
  return cachedRead(services, options, {
    question: { ask: 'entities', type, ...times, limit, ...(order && { order }), ...(offset > 0 && { offset }) },
    changesWithTime: asOf === undefined,
    isAnswer: Array.isArray,
    compute: (graph) => findEntities(graph, { type, asOf, knownAt, order, limit, offset }),
  });
}

function checkCount(count: number, least: number, what: string): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new InvalidInputError(`${what} must be a whole number from ${least}.`);
}

/** The longest list. */
const MOST = 1_000_000;

interface Selection {
  /** In lower case. */
  readonly type: string | undefined;
  readonly asOf: Date | undefined;
  readonly knownAt: Date | undefined;
  /** Undefined for the order of their names, without counts. */
  readonly order: EntityOrder | undefined;
  readonly limit: number | undefined;
  readonly offset: number;
}

/** Entities in an order, with their summaries as of `asOf`, by default now. */
async function findEntities(
  graph: GroupGraph,
  { type, asOf, knownAt, order, limit = MOST, offset }: Selection,
): Promise<EntityListRow[]> {
  const [{ listEntities }, { passesEntityFilter }, { withCurrentSummaries }] = await Promise.all([
    import('../../graph/queries/search-entities.ts'),
    import('../../graph/queries/filter-conditions.ts'),
    import('../../search/answer/outdated/current-summaries.ts'),
  ]);
  const filter = {
    ...(type !== undefined && { types: [type] }),
    ...(asOf && { asOf: instant(asOf) }),
    ...(knownAt && { knownAt: instant(knownAt) }),
  };
  // A page begins after its times have been compared exactly.
  const isTimed = asOf !== undefined || knownAt !== undefined;
  const rows = isTimed
    ? (await listEntities(graph, filter, order, 0, MOST))
        .filter((row) => passesEntityFilter(row, filter))
        .slice(offset, offset + limit)
    : await listEntities(graph, filter, order, offset, limit);
  const moment = { asOf: instant(asOf ?? new Date()), ...(knownAt && { knownAt: instant(knownAt) }) };
  const current = await withCurrentSummaries(graph, rows, moment);
  return current.map(({ uuid, name, labels, summary, attributes, facts, lastMention }) => ({
    name,
    type: typeOf(labels),
    uuid,
    summary,
    attributes: Object.fromEntries(attributes),
    ...(order !== undefined && { factCount: facts ?? 0, lastMention }),
  }));
}
