import { InvalidInputError } from '../../errors.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import type { Attributes } from '../../graph/queries/entities.ts';
import { typeOf } from '../../search/results.ts';
import { checkText } from '../../text.ts';
import { type TimeOptions, toCheckedGraphTime } from '../query.ts';
import type { Services } from '../services.ts';
import { cachedRead } from './cached-read.ts';

export interface EntitiesOptions extends TimeOptions {
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
}

/**
 * Entities sorted by name; with `knownAt` those that were known then, with `asOf` those that an episode or fact before that time mentions.
 * @throws InvalidInputError
 */
export async function getEntities(
  services: Services,
  entityType: string | undefined,
  options: EntitiesOptions,
): Promise<Entity[]> {
  const { asOf, knownAt, limit, offset = 0 } = options;
  const type = entityType === undefined ? undefined : checkText(entityType, 'The type').trim().toLowerCase();
  if (type === '') throw new InvalidInputError('The type is empty; name one, such as Person, or leave it out.');
  if (limit !== undefined) checkCount(limit, 1, 'The limit');
  checkCount(offset, 0, 'The offset');
  const times = { asOf: toCheckedGraphTime(asOf, 'asOf'), knownAt: toCheckedGraphTime(knownAt, 'knownAt') };
  return cachedRead(services, options, {
    question: { ask: 'entities', type, ...times, limit, ...(offset > 0 && { offset }) },
    changesWithTime: asOf === undefined,
    isAnswer: Array.isArray,
    compute: (graph) => findEntities(graph, { type, asOf, knownAt, limit, offset }),
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
  readonly limit: number | undefined;
  readonly offset: number;
}

/** Entities in the order of their names, with their summaries as of `asOf`, by default now. */
async function findEntities(
  graph: GroupGraph,
  { type, asOf, knownAt, limit = MOST, offset }: Selection,
): Promise<Entity[]> {
  const [{ listEntities }, { passesEntityFilter }, { instant }, { withCurrentSummaries }] = await Promise.all([
    import('../../graph/queries/search-entities.ts'),
    import('../../graph/queries/filter-conditions.ts'),
    import('../../graph/queries/time-conditions.ts'),
    import('../../search/answer/current-summaries.ts'),
  ]);
  const filter = {
    ...(type !== undefined && { types: [type] }),
    ...(asOf && { asOf: instant(asOf) }),
    ...(knownAt && { knownAt: instant(knownAt) }),
  };
  // A page begins after its times have been compared exactly.
  const isTimed = asOf !== undefined || knownAt !== undefined;
  const rows = isTimed
    ? (await listEntities(graph, filter, 0, MOST))
        .filter((row) => passesEntityFilter(row, filter))
        .slice(offset, offset + limit)
    : await listEntities(graph, filter, offset, limit);
  const moment = { asOf: instant(asOf ?? new Date()), ...(knownAt && { knownAt: instant(knownAt) }) };
  const current = await withCurrentSummaries(graph, rows, moment);
  return current.map(({ uuid, name, labels, summary, attributes }) => ({
    name,
    type: typeOf(labels),
    uuid,
    summary,
    attributes: Object.fromEntries(attributes),
  }));
}
