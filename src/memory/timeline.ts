import { InvalidInputError } from '../errors.ts';
import type { Source } from '../search/results.ts';
import type { Timeline } from '../search/timeline.ts';
import { checkText } from '../text.ts';
import type { GroupOptions } from './options.ts';
import { toCheckedGraphTime } from './query.ts';
import type { Services } from './services.ts';

export interface TimelineOptions extends GroupOptions {
  /** Name, alias or uuid of an entity; default: the whole memory. */
  readonly entity?: string;
  /** Of a memory or an entity with more than `limit` facts: those that had not ended before this time. */
  readonly from?: Date;
  /** Of a memory or an entity with more than `limit` facts: those that began by this time. */
  readonly to?: Date;
  /** From 1 to 5,000; default 1,000. */
  readonly limit?: number;
}

export interface MentionsOptions extends GroupOptions {
  /** Episodes, from 1 to 1,000; default 20. */
  readonly limit?: number;
  /** How many episodes to skip at the beginning. */
  readonly offset?: number;
}

/** The other names of an entity and the episodes that mention it, in rows of the graph. */
export interface MentionRows {
  readonly aliases: readonly string[];
  readonly episodes: readonly Source[];
  readonly count: number;
}

const MOST_FACTS = 5000;
const MOST_EPISODES = 1000;

/** @throws InvalidInputError */
export async function getTimeline(
  services: Services,
  { group: groupOption, entity, from, to, limit = 1000 }: TimelineOptions,
): Promise<Timeline> {
  const group = services.group(groupOption);
  checkLimit(limit, MOST_FACTS, 'facts');
  toCheckedGraphTime(from, 'from');
  toCheckedGraphTime(to, 'to');
  const name = entity === undefined ? undefined : checkText(entity, 'The entity').trim();
  if (name === '') throw new InvalidInputError('The entity is empty; give its name or its uuid, or leave it out.');
  const { timelineOf } = await import('../search/timeline.ts');
  return timelineOf((await services.graphs()).group(group), { entity: name, from, to, limit });
}

/** @throws InvalidInputError */
export async function getMentions(
  services: Services,
  entity: string,
  { group: groupOption, limit = 20, offset = 0 }: MentionsOptions,
): Promise<MentionRows> {
  const group = services.group(groupOption);
  checkLimit(limit, MOST_EPISODES, 'episodes');
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new InvalidInputError('The offset must be a whole number from 0.');
  const name = checkText(entity, 'The entity').trim();
  if (name === '') throw new InvalidInputError('The entity is empty; give its name or its uuid.');
  const [{ findEntitiesByName }, { toReference }, queries] = await Promise.all([
    import('../graph/queries/entities.ts'),
    import('../graph/queries/episodes.ts'),
    import('../graph/queries/mentions.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const called = await findEntitiesByName(graph, [name]);
  if (called.length === 0) return { aliases: [], episodes: [], count: 0 };
  const uuids = called.map(({ uuid }) => uuid);
  const [aliases, episodes, count] = await Promise.all([
    queries.readAliases(graph, uuids),
    queries.readMentions(graph, uuids, offset, limit),
    queries.countMentions(graph, uuids),
  ]);
  const own = new Set(called.map(({ name }) => name));
  return { aliases: aliases.filter((alias) => !own.has(alias)), episodes: episodes.map(toReference), count };
}

function checkLimit(limit: number, most: number, what: string): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return;
  throw new InvalidInputError(`The limit of ${what} must be 1 to ${most}.`);
}
