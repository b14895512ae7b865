import { toGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { CHECK_FENCE, type Fenced, RETURN_FENCE } from './fence.ts';
import { episodeKey } from './record.ts';
import { type EntityRow, RETURN_ENTITIES } from './search-entities.ts';
import { type FactRow, RETURN_FACTS } from './search-facts.ts';
import { type Moment, momentParams, notAfterOrMissing } from './time-conditions.ts';

/** Briefings and recalled text name an episode by the first eight digits of its uuid. */
const SHORT_UUID = /^[0-9a-f]{8}$/i;

/** Episodes with this uuid, the first eight digits of it, or this name. Names are not unique. */
export function findEpisode(graph: GroupGraph, uuidOrName: string): Promise<{ uuid: string; name: string }[]> {
  const isShort = SHORT_UUID.test(uuidOrName);
  return graph.read(
    `MATCH (p:Episodic) WHERE p.uuid = $it OR p.name = $it ${isShort ? 'OR p.uuid STARTS WITH toLower($it)' : ''}
     RETURN DISTINCT p.uuid AS uuid, p.name AS name ORDER BY uuid`,
    { it: uuidOrName },
  );
}

/** A stored episode; dates in the graph's format. */
export interface EpisodeListRow {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly source: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string;
  /** Null until its facts are in the graph. */
  readonly committedAt: string | null;
  /** JSON. */
  readonly metadata: string | null;
}

/** The episodes with the latest reference times, newest first. */
export function listEpisodes(graph: GroupGraph, limit: number): Promise<EpisodeListRow[]> {
  return graph.read(
    `MATCH (p:Episodic)
     WITH p ORDER BY p.valid_at DESC, p.created_at DESC, p.uuid LIMIT $limit
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     RETURN p.uuid AS uuid, p.name AS name, p.content AS content, p.source AS source,
            p.source_description AS sourceDescription, p.valid_at AS referenceTime, p.created_at AS createdAt,
            k.committed_at AS committedAt, k.metadata AS metadata
     ORDER BY referenceTime DESC, createdAt DESC, uuid`,
    { limit },
  );
}

/** The token use of each episode committed since a time in the graph's format, as JSON; null for models that cost nothing. */
export function tokenUseSince(graph: GroupGraph, since: string): Promise<{ use: string | null }[]> {
  return graph.read('MATCH (k:_Meta) WHERE k.committed_at >= $since AND k.removed_at IS NULL RETURN k.use AS use', {
    since,
  });
}

/** The latest reference time of any episode, in the graph's format; null for an empty graph. */
export async function lastReferenceTime(graph: GroupGraph): Promise<string | null> {
  const [row] = await graph.read<{ last: string | null }>('MATCH (p:Episodic) RETURN max(p.valid_at) AS last');
  return row?.last ?? null;
}

/** An episode with all stored details; dates in the graph's format. */
export interface WholeEpisodeRow {
  readonly uuid: string;
  readonly name: string;
  readonly source: string;
  readonly sourceDescription: string;
  readonly referenceTime: string;
  readonly createdAt: string;
  /** Null until its facts are in the graph, and for episodes that Python wrote. */
  readonly committedAt: string | null;
  readonly content: string;
  readonly saga: string | null;
  /** JSON. */
  readonly metadata: string | null;
  /** The tokens used by its model calls, as a JSON list of `TokenUse`; null for models that cost nothing. */
  readonly use: string | null;
}

export async function readWholeEpisode(graph: GroupGraph, uuid: string): Promise<WholeEpisodeRow | undefined> {
  const [row] = await graph.read<WholeEpisodeRow>(
    `MATCH (p:Episodic {uuid: $uuid})
     OPTIONAL MATCH (k:_Meta {key: 'episode:' + $uuid})
     OPTIONAL MATCH (s:Saga)-[:HAS_EPISODE]->(p)
     RETURN p.uuid AS uuid, p.name AS name, p.source AS source, p.source_description AS sourceDescription,
            p.valid_at AS referenceTime, p.created_at AS createdAt, k.committed_at AS committedAt, p.content AS content,
            s.name AS saga, k.metadata AS metadata, k.use AS use LIMIT 1`,
    { uuid },
  );
  return row;
}

/** uuids of the episodes in a saga of this name, and of episodes whose metadata names the session. */
export async function sessionEpisodes(graph: GroupGraph, session: string): Promise<string[]> {
  const rows = await graph.read<{ uuid: string; metadata: string | null }>(
    `MATCH (:Saga {name: $session})-[:HAS_EPISODE]->(p:Episodic)
     RETURN DISTINCT p.uuid AS uuid, null AS metadata
     UNION ALL
     MATCH (k:_Meta) WHERE k.metadata CONTAINS $part AND k.removed_at IS NULL
     RETURN k.episode AS uuid, k.metadata AS metadata`,
    { session, part: JSON.stringify(session) },
  );
  const named = rows.filter(({ metadata }) => metadata === null || isOfSession(JSON.parse(metadata), session));
  return [...new Set(named.map(({ uuid }) => uuid))];
}

/** Whether an episode's metadata names the session. */
export function isOfSession(metadata: unknown, session: string): boolean {
  return (metadata as { session?: unknown } | null)?.session === session;
}

/** The metadata of those episodes that have any: JSON by uuid. */
export async function episodeMetadata(graph: GroupGraph, uuids: readonly string[]): Promise<Map<string, string>> {
  const rows = await graph.read<{ uuid: string; metadata: string }>(
    `UNWIND $episodes AS x
     MATCH (m:_Meta {key: x.key}) WHERE m.metadata IS NOT NULL
     RETURN x.uuid AS uuid, m.metadata AS metadata`,
    { episodes: uuids.map((uuid) => ({ uuid, key: episodeKey(uuid) })) },
  );
  return new Map(rows.map(({ uuid, metadata }) => [uuid, metadata]));
}

export interface ChangedMetadata extends Fenced {
  readonly episode: string;
  /** The metadata as read, in JSON. */
  readonly was: string;
  readonly metadata: string;
}

/** Returns false and changes nothing if the metadata are no longer `was`, or if another worker has written since `seen`. */
export async function writeMetadata(graph: GroupGraph, written: ChangedMetadata): Promise<boolean> {
  const rows = await graph.change(
    `${CHECK_FENCE}
     MATCH (k:_Meta {key: 'episode:' + $episode}) WHERE k.metadata = $was AND k.removed_at IS NULL
     SET k.metadata = $metadata
     ${RETURN_FENCE}`,
    { ...written },
  );
  return rows.length > 0;
}

/** An episode from which something comes. */
export interface ReferenceRow {
  readonly uuid: string;
  readonly name: string;
  /** In the graph's format. */
  readonly referenceTime: string;
  readonly sourceDescription: string;
  /** JSON of short metadata that may have a file. */
  readonly fileMetadata: string | null;
  /** Name of the saga that it belongs to. */
  readonly saga: string | null;
  /** The beginning of its metadata. */
  readonly beginning: string | null;
}

export interface SourceRow extends ReferenceRow {
  /** The entity that the episode mentions; null for an episode requested by uuid. */
  readonly entity: string | null;
}

/** Metadata with tool outputs are longer: too long to read for a name. */
const LONGEST_FILE_METADATA = 4000;

/** A turn's metadata begin with its host and session. */
const SESSION_WITHIN = 400;
const SESSION = /^\{(?:"[^"\\]{1,60}":"[^"\\]{0,200}",){0,4}"session":"([^"\\]{1,200})"/;

/** With `REFERENCE_COLUMNS`: where the text of an episode `p` comes from. */
export const MATCH_FILE = `OPTIONAL MATCH (k:_Meta {key: 'episode:' + p.uuid})
     OPTIONAL MATCH (s:Saga)-[:HAS_EPISODE]->(p)`;
export const REFERENCE_COLUMNS = `p.uuid AS uuid, p.name AS name, p.valid_at AS referenceTime,
            coalesce(p.source_description, '') AS sourceDescription,
            CASE WHEN k.metadata CONTAINS '"file":' AND size(k.metadata) <= ${LONGEST_FILE_METADATA} THEN k.metadata END AS fileMetadata,
            s.name AS saga, left(k.metadata, ${SESSION_WITHIN}) AS beginning`;

/** An episode by name, with the description of its source, the file of its metadata and its session where there are any. */
export function toReference({ uuid, name, referenceTime, sourceDescription, ...row }: ReferenceRow) {
  const { file } = JSON.parse(row.fileMetadata ?? '{}') as { readonly file?: unknown };
  const session = row.saga ?? SESSION.exec(row.beginning ?? '')?.[1];
  return {
    ...{ uuid, name, referenceTime },
    ...(sourceDescription !== '' && { sourceDescription }),
    ...(typeof file === 'string' && file !== '' && { file }),
    ...(session !== undefined && { session }),
  };
}

/** Sources per entity; the oldest are taken. */
const OF_EACH = 20;

/** The requested episodes, and those that mention the requested entities. */
export function episodeSources(
  graph: GroupGraph,
  episodes: readonly string[],
  entities: readonly string[],
): Promise<SourceRow[]> {
  return graph.read(
    `CALL {
       UNWIND $episodes AS uuid
       MATCH (p:Episodic {uuid: uuid})
       RETURN null AS entity, p
       UNION ALL
       UNWIND $entities AS entity
       MATCH (n:Entity {uuid: entity})
       CALL {
         WITH n
         MATCH (n)<-[:MENTIONS]-(p:Episodic)
         WITH DISTINCT p ORDER BY p.valid_at LIMIT ${OF_EACH}
         RETURN p
       }
       RETURN entity, p
     }
     WITH entity, p
     ${MATCH_FILE}
     RETURN entity, ${REFERENCE_COLUMNS}`,
    { episodes, entities },
  );
}

/** The entities that these episodes mention, sorted by name. */
export function entitiesOfEpisodes(graph: GroupGraph, episodes: readonly string[]): Promise<EntityRow[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (:Episodic {uuid: episode})-[:MENTIONS]->(node:Entity)
     WITH DISTINCT node ORDER BY node.name, node.uuid
     WITH node, [] AS seen
     ${RETURN_ENTITIES}`,
    { episodes },
  );
}

/** The facts that these episodes state or ended, sorted by beginning. */
export function factsOfEpisodes(graph: GroupGraph, episodes: readonly string[]): Promise<FactRow[]> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:Episodic {uuid: episode})
     UNWIND coalesce(p.entity_edges, []) AS stated
     WITH DISTINCT stated
     MATCH ()-[e:RELATES_TO {uuid: stated}]->()
     WITH DISTINCT e ORDER BY e.valid_at, e.fact
     ${RETURN_FACTS}`,
    { episodes },
  );
}

/** Ended facts of these episodes, with a margin of a day for times with other offsets. */
export function endedFacts(
  graph: GroupGraph,
  episodes: readonly string[],
  moment: Moment,
): Promise<
  { episode: string; fact: string; evidence: string | null; invalidAt: string | null; expiredAt: string | null }[]
> {
  return graph.read(
    `UNWIND $episodes AS episode
     MATCH (p:Episodic {uuid: episode})
     UNWIND coalesce(p.entity_edges, []) AS stated
     MATCH ()-[e:RELATES_TO {uuid: stated}]->() WHERE e.invalid_at IS NOT NULL AND ${notAfterOrMissing('e.invalid_at', 'asOf')}
     RETURN DISTINCT episode, e.fact AS fact, e.evidence AS evidence, e.invalid_at AS invalidAt, e.expired_at AS expiredAt`,
    { ...momentParams(moment), episodes },
  );
}

/** A fact, past or present; undefined if it does not exist. */
export async function readFact(graph: GroupGraph, uuid: string): Promise<FactRow | undefined> {
  const [row] = await graph.read<FactRow>(`MATCH ()-[e:RELATES_TO {uuid: $uuid}]->() ${RETURN_FACTS} LIMIT 1`, {
    uuid,
  });
  return row;
}

/**
 * The uuids of the episodes that have expired by `now` and were not removed yet. `_Expiring` is the second label of the `_Meta` node beside
 * each episode with an expiry, so that a graph without any costs nothing.
 */
export async function expiredEpisodes(graph: GroupGraph, now: Date): Promise<string[]> {
  const rows = await graph.read<{ uuid: string }>(
    `MATCH (m:_Expiring) WHERE m.expires_at <= $now AND m.removed_at IS NULL
     RETURN m.episode AS uuid ORDER BY m.expires_at, uuid`,
    { now: toGraphTime(now) },
  );
  return rows.map(({ uuid }) => uuid);
}

/** The uuids of the entities that some episodes mention. */
export async function mentionedBy(graph: GroupGraph, episodes: readonly string[]): Promise<Set<string>> {
  const rows = await graph.read<{ uuid: string }>(
    `UNWIND $episodes AS uuid MATCH (:Episodic {uuid: uuid})-[:MENTIONS]->(e:Entity) RETURN DISTINCT e.uuid AS uuid`,
    { episodes },
  );
  return new Set(rows.map(({ uuid }) => uuid));
}
