import type { CommunityRow } from '../graph/queries/communities.ts';
import type { EntityRow } from '../graph/queries/search-entities.ts';
import type { EpisodeRow } from '../graph/queries/search-episodes.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { oneLine, shortened } from '../text.ts';
import { type Found, typeOf } from './found.ts';
import { type Ordering, order, type Pool, poolOf } from './order.ts';
import { bestSentence } from './rank/coverage.ts';
import type { Kind, Part, Recipe } from './recipes.ts';
import { findCommunities } from './scopes/communities.ts';
import { findEntities } from './scopes/entities.ts';
import { findEpisodes } from './scopes/episodes.ts';
import { findFacts } from './scopes/facts.ts';
import type { Sought } from './sought.ts';

/** So much of an episode is shown to a model that judges it. */
const LONGEST_PASSAGE = 1000;

/** Finds each kind that a recipe names, at most `limit` of each. */
export async function findByRecipe(sought: Sought, recipe: Recipe, ordering: Omit<Ordering, 'sought'>): Promise<Found> {
  const pools = await Promise.all([
    ...(recipe.facts ? [factPool(sought, recipe.facts)] : []),
    ...(recipe.entities ? [entityPool(sought, recipe.entities)] : []),
    ...(recipe.episodes ? [episodePool(sought, recipe.episodes)] : []),
    ...(recipe.communities ? [communityPool(sought, recipe.communities)] : []),
  ]);
  const ordered = await order(pools, { ...ordering, sought });
  const found = <Row>(kind: Kind): (Row & { score: number })[] => {
    const rows = pools.find((pool) => pool.kind === kind)?.rows as ReadonlyMap<string, Row> | undefined;
    return (ordered.get(kind) ?? []).flatMap(({ id, score }) => {
      const row = rows?.get(id);
      return row ? [{ ...row, score }] : [];
    });
  };
  return {
    facts: found<FactRow>('facts'),
    episodes: found<EpisodeRow>('episodes').map((it) => ({ ...it, excerpt: bestSentence(sought.query, it.content) })),
    ...(recipe.entities && {
      entities: found<EntityRow>('entities').map(({ seen: _, ...it }) => ({ ...it, type: typeOf(it.labels) })),
    }),
    ...(recipe.communities && { communities: found<CommunityRow>('communities') }),
  };
}

async function factPool(sought: Sought, part: Part): Promise<Pool> {
  const lists = await findFacts(sought, part.methods);
  return poolOf(
    'facts',
    part,
    sought.query,
    lists,
    ({ fact }) => fact,
    ({ fact, source, target }) => `${fact} ${source} ${target}`,
  );
}

async function entityPool(sought: Sought, part: Part): Promise<Pool> {
  return poolOf('entities', part, sought.query, await findEntities(sought, part.methods), described);
}

async function episodePool(sought: Sought, part: Part): Promise<Pool> {
  return poolOf('episodes', part, sought.query, [await findEpisodes(sought, sought.candidates)], ({ content }) =>
    shortened(oneLine(content), LONGEST_PASSAGE),
  );
}

async function communityPool(sought: Sought, part: Part): Promise<Pool> {
  return poolOf('communities', part, sought.query, await findCommunities(sought, part.methods), described);
}

const described = ({ name, summary }: { name: string; summary: string }) => (summary ? `${name}: ${summary}` : name);
