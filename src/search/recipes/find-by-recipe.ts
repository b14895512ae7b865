import type { CommunityRow } from '../../graph/queries/communities.ts';
import type { EntityRow } from '../../graph/queries/search-entities.ts';
import type { EpisodeRow } from '../../graph/queries/search-episodes.ts';
import type { FactRow } from '../../graph/queries/search-facts.ts';
import { oneLine, truncated } from '../../text.ts';
import { type FoundItems, typeOf } from '../results.ts';
import type { SearchContext } from '../search-context.ts';
import { bestSentence } from './coverage.ts';
import { type CandidateSet, candidateSet, type RankOptions, rankCandidates } from './rankers.ts';
import type { RecipePart, SearchKind, SearchRecipe } from './recipes.ts';
import { findCommunities } from './scopes/communities.ts';
import { findEntities } from './scopes/entities.ts';
import { findEpisodes } from './scopes/episodes.ts';
import { findFacts } from './scopes/facts.ts';

/** Characters of an episode that a judging model sees. */
const LONGEST_PASSAGE = 1000;

/** Finds each kind that a recipe names, at most `limit` of each. */
export async function findByRecipe(
  context: SearchContext,
  recipe: SearchRecipe,
  ordering: Omit<RankOptions, 'context'>,
): Promise<FoundItems> {
  const candidateSets = await Promise.all([
    ...(recipe.facts ? [factCandidates(context, recipe.facts)] : []),
    ...(recipe.entities ? [entityCandidates(context, recipe.entities)] : []),
    ...(recipe.episodes ? [episodeCandidates(context, recipe.episodes)] : []),
    ...(recipe.communities ? [communityCandidates(context, recipe.communities)] : []),
  ]);
  const ordered = await rankCandidates(candidateSets, { ...ordering, context });
  const found = <Row>(kind: SearchKind): (Row & { score: number })[] => {
    const rows = candidateSets.find((candidates) => candidates.kind === kind)?.rows as
      | ReadonlyMap<string, Row>
      | undefined;
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

async function factCandidates(context: SearchContext, part: RecipePart): Promise<CandidateSet> {
  const lists = await findFacts(context, part.methods);
  return candidateSet(
    'facts',
    part,
    context.query,
    lists,
    ({ fact }) => fact,
    ({ fact, source, target }) => `${fact} ${source} ${target}`,
  );
}

async function entityCandidates(context: SearchContext, part: RecipePart): Promise<CandidateSet> {
  return candidateSet('entities', part, context.query, await findEntities(context, part.methods), described);
}

async function episodeCandidates(context: SearchContext, part: RecipePart): Promise<CandidateSet> {
  return candidateSet(
    'episodes',
    part,
    context.query,
    [await findEpisodes(context, context.candidates)],
    ({ content }) => truncated(oneLine(content), LONGEST_PASSAGE),
  );
}

async function communityCandidates(context: SearchContext, part: RecipePart): Promise<CandidateSet> {
  return candidateSet('communities', part, context.query, await findCommunities(context, part.methods), described);
}

const described = ({ name, summary }: { name: string; summary: string }) => (summary ? `${name}: ${summary}` : name);
