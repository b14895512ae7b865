import { InvalidInputError } from '../../errors.ts';
import { findEntitiesByName } from '../../graph/queries/entities.ts';
import { toReference } from '../../graph/queries/episodes.ts';
import { countMentions, readAliases, readMentions } from '../../graph/queries/mentions.ts';
import type { Source } from '../../search/results.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import { checkEntityName, checkLimit } from './cached-read.ts';

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

const MOST_EPISODES = 1000;

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
  const name = checkEntityName(entity);
  const graph = (await services.graphs()).group(group);
  const called = await findEntitiesByName(graph, [name]);
  if (called.length === 0) return { aliases: [], episodes: [], count: 0 };
  const uuids = called.map(({ uuid }) => uuid);
  const [aliases, episodes, count] = await Promise.all([
    readAliases(graph, uuids),
    readMentions(graph, uuids, offset, limit),
    countMentions(graph, uuids),
  ]);
  const own = new Set(called.map(({ name }) => name));
  return { aliases: aliases.filter((alias) => !own.has(alias)), episodes: episodes.map(toReference), count };
}
