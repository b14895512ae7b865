import type { GroupGraph } from '../graph/group-graph.ts';
import { readAttributes } from '../graph/queries/entities.ts';
import { episodeSources, toReference } from '../graph/queries/episodes.ts';
import type { FoundItems, Source } from './results.ts';

/** At most this many sources of a fact are named, the earliest first. */
const OF_EACH = 20;

/** Names the episodes that each found fact, entity and passage comes from, with one query for all. */
export async function withSources(graph: GroupGraph, found: FoundItems): Promise<FoundItems> {
  const supports = new Map(found.facts.map(({ uuid, episodes }) => [uuid, [...new Set(episodes)].slice(0, OF_EACH)]));
  const entities = (found.entities ?? []).map(({ uuid }) => uuid);
  const ofPassages = (found.passages ?? []).map(({ episode }) => episode.uuid);
  const episodeUuids = [...new Set([...[...supports.values()].flat(), ...ofPassages])];
  const rows = episodeUuids.length + entities.length > 0 ? await episodeSources(graph, episodeUuids, entities) : [];
  const byUuid = new Map(rows.filter(({ entity }) => entity === null).map((row) => [row.uuid, toReference(row)]));
  const byEntity = Map.groupBy(rows, ({ entity }) => entity);
  return {
    ...found,
    facts: found.facts.map((fact) => ({
      ...fact,
      sources: (supports.get(fact.uuid) ?? []).flatMap((uuid) => byUuid.get(uuid) ?? []),
    })),
    ...(found.entities && {
      entities: found.entities.map((entity) => ({
        ...entity,
        sources: (byEntity.get(entity.uuid) ?? []).map(toReference),
      })),
    }),
    ...(found.passages && {
      passages: found.passages.map((passage) => ({
        ...passage,
        episode: byUuid.get(passage.episode.uuid) ?? passage.episode,
      })),
    }),
  };
}

/** Names the episodes that state each fact, and those that ended it, with one query for all. */
export async function withFactSources<
  Fact extends { readonly episodes: readonly string[]; readonly endedBy: readonly string[] },
>(
  graph: GroupGraph,
  facts: readonly Fact[],
): Promise<(Fact & { readonly sources: readonly Source[]; readonly endSources: readonly Source[] })[]> {
  const first = (uuids: readonly string[]) => [...new Set(uuids)].slice(0, OF_EACH);
  const uuids = [...new Set(facts.flatMap(({ episodes, endedBy }) => [...first(episodes), ...first(endedBy)]))];
  const rows = uuids.length > 0 ? await episodeSources(graph, uuids, []) : [];
  const byUuid = new Map(rows.map((row) => [row.uuid, toReference(row)]));
  const named = (list: readonly string[]) => first(list).flatMap((uuid) => byUuid.get(uuid) ?? []);
  return facts.map((fact) => ({ ...fact, sources: named(fact.episodes), endSources: named(fact.endedBy) }));
}

/** Adds the attributes of users' own types to each found fact and entity, with one query for all. */
export async function withAttributes(graph: GroupGraph, found: FoundItems): Promise<FoundItems> {
  const { facts, entities } = found;
  const entityUuids = (entities ?? []).map(({ uuid }) => uuid);
  if (facts.length + entityUuids.length === 0) return found;
  const known = await readAttributes(graph, entityUuids, facts);
  const added = <T extends { readonly uuid: string }>(row: T) => ({ ...row, attributes: known.get(row.uuid) ?? {} });
  return { ...found, facts: facts.map(added), ...(entities && { entities: entities.map(added) }) };
}
