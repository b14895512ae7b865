import type { GroupGraph } from '../graph/group-graph.ts';
import { readAttributes } from '../graph/queries/entities.ts';
import { episodeSources } from '../graph/queries/episodes.ts';
import type { FoundItems, Source } from './results.ts';

/** At most this many sources of a fact are named, the earliest first. */
const OF_EACH = 20;

/** Names the episodes that each found fact and entity was learned from, with one query for all. */
export async function withSources(graph: GroupGraph, found: FoundItems): Promise<FoundItems> {
  const supports = new Map(found.facts.map(({ uuid, episodes }) => [uuid, [...new Set(episodes)].slice(0, OF_EACH)]));
  const entities = (found.entities ?? []).map(({ uuid }) => uuid);
  const episodeUuids = [...new Set([...supports.values()].flat())];
  const rows = episodeUuids.length + entities.length > 0 ? await episodeSources(graph, episodeUuids, entities) : [];
  const source = ({ uuid, name, referenceTime }: Source): Source => ({ uuid, name, referenceTime });
  const byUuid = new Map(rows.filter(({ entity }) => entity === null).map((row) => [row.uuid, source(row)]));
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
        sources: (byEntity.get(entity.uuid) ?? []).map(source),
      })),
    }),
  };
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
