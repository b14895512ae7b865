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
import type { SearchContext } from './sought.ts';

/** Characters of an episode that a judging model sees. */
const LONGEST_PASSAGE = 1000;

/** Finds each kind that a recipe names, at most `limit` of each. */
export async function findByRecipe(
  context: SearchContext,
  recipe: Recipe,
  ordering: Omit<Ordering, 'context'>,
): Promise<Found> {
  const pools = await Promise.all([
    ...(recipe.facts ? [factPool(context, recipe.facts)] : []),
    ...(recipe.entities ? [entityPool(context, recipe.entities)] : []),
    ...(recipe.episodes ? [episodePool(context, recipe.episodes)] : []),
    ...(recipe.communities ? [communityPool(context, recipe.communities)] : []),
  ]);
  const ordered = await order(pools, { ...ordering, context });
  const found = <Row>(kind: Kind): (Row & { score: number })[] => {
    const rows = pools.find((pool) => pool.kind === kind)?.rows as ReadonlyMap<string, Row> | undefined;
    return (ordered.get(kind) ?? []).flatMap(({ id, score }) => {
      const row = rows?.get(id);
      return row ? [{ ...row, score }] : [];
    });
  };
  return {
    facts: found<FactRow>('facts'),
    episodes: found<EpisodeRow>('episodes').map((row) => ({
      ...row,
      excerpt: bestSentence(context.query, row.content),
    })),
    ...(recipe.entities && {
      entities: found<EntityRow>('entities').map(({ seen: _, ...row }) => ({ ...row, type: typeOf(row.labels) })),
    }),
    ...(recipe.communities && { communities: found<CommunityRow>('communities') }),
  };
}

async function factPool(context: SearchContext, part: Part): Promise<Pool> {
  const lists = await findFacts(context, part.methods);
  return poolOf(
    'facts',
    part,
    context.query,
    lists,
    ({ fact }) => fact,
    ({ fact, source, target }) => `${fact} ${source} ${target}`,
  );
}

async function entityPool(context: SearchContext, part: Part): Promise<Pool> {
  return poolOf('entities', part, context.query, await findEntities(context, part.methods), described);
}

async function episodePool(context: SearchContext, part: Part): Promise<Pool> {
  return poolOf('episodes', part, context.query, [await findEpisodes(context, context.candidates)], ({ content }) =>
    shortened(oneLine(content), LONGEST_PASSAGE),
  );
}

async function communityPool(context: SearchContext, part: Part): Promise<Pool> {
  return poolOf('communities', part, context.query, await findCommunities(context, part.methods), described);
}

const described = ({ name, summary }: { name: string; summary: string }) => (summary ? `${name}: ${summary}` : name);
