import type { GroupGraph } from '../graph/group-graph.ts';
import { mentionedBy } from '../graph/queries/episodes.ts';
import type { FoundItems } from './results.ts';

/**
 * Leaves out facts and texts of expired episodes that no worker has removed yet. Summaries that may repeat them are empty until then, and
 * communities, whose summaries name no source, are left out.
 */
export async function withoutExpired(
  graph: GroupGraph,
  found: FoundItems,
  expired: readonly string[],
): Promise<FoundItems> {
  if (expired.length === 0) return found;
  const hidden = new Set(expired);
  const mentioned = found.entities ? await mentionedBy(graph, expired) : new Set<string>();
  return {
    ...found,
    facts: found.facts.filter(({ episodes }) => episodes.length === 0 || !episodes.every((uuid) => hidden.has(uuid))),
    episodes: found.episodes.filter(({ uuid }) => !hidden.has(uuid)),
    ...(found.passages && { passages: found.passages.filter(({ episode }) => !hidden.has(episode.uuid)) }),
    ...(found.entities && {
      entities: found.entities.map((entity) => (mentioned.has(entity.uuid) ? { ...entity, summary: '' } : entity)),
    }),
    ...(found.communities && { communities: [] }),
  };
}
