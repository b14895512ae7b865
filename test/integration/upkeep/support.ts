import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { derivedUuid } from '../../../src/derived-uuid.ts';
import { type EpisodeOptions, newEpisode } from '../../../src/episode.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { readFence } from '../../../src/graph/queries/fence.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { linkSagas, type SagaLink } from '../../../src/graph/queries/sagas.ts';
import type { UpkeepParts } from '../../../src/upkeep/write-under-lease.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { openLeases } from '../../../src/valkey/lease.ts';
import { openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder, summarizingModel } from '../../support/models.ts';
import type { Stores } from '../../support/stores.ts';

/** What a test of upkeep works with, once `beforeAll` has run. */
export interface Tools extends UpkeepParts {
  readonly languageModel: ReturnType<typeof summarizingModel>;
  readonly embedder: ReturnType<typeof plainEmbedder>;
}

export function useTools(stores: Stores): Tools {
  const tools = {} as { -readonly [Key in keyof Tools]: Tools[Key] };
  beforeAll(() => {
    tools.graphs = openGraphs(stores.config.falkordb);
    tools.valkey = retryingConnection(stores.config.valkey);
    tools.leases = openLeases(tools.valkey, stores.config.takeoverMs);
    tools.languageModel = summarizingModel();
    tools.embedder = plainEmbedder();
    tools.forgetting = openTestForgetting(stores.config, tools, tools.embedder);
  });
  afterAll(() => {
    tools.graphs.close();
    tools.leases.close();
    tools.valkey.disconnect();
  });
  return tools;
}

/** Writes facts like `Harbor uses Redis` between entities of these names, as a commit would. */
export async function know({ graphs, embedder }: Tools, group: string, facts: readonly string[]): Promise<GroupGraph> {
  const graph = graphs.group(group);
  await graph.prepare(embedder);
  for (const fact of facts) {
    const [source = '', verb = '', target = ''] = fact.split(' ');
    const entities = [source, target].map((name) => ({ name, uuid: entityUuid(group, name) }));
    await graph.write(
      `UNWIND $entities AS x
       MERGE (n:Entity {uuid: x.uuid}) ON CREATE SET n.name = x.name, n.group_id = $group, n.summary = 'A thing.',
         n.created_at = '2025-01-01T00:00:00+00:00', n.labels = ['Entity']
       WITH collect(n) AS _
       MATCH (a:Entity {uuid: $entities[0].uuid}), (b:Entity {uuid: $entities[1].uuid})
       CREATE (a)-[:RELATES_TO {uuid: $uuid, fact: $fact, name: $verb, group_id: $group, episodes: [],
         created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'}]->(b)`,
      { entities, group, fact, verb: verb.toUpperCase(), uuid: randomUUID() },
    );
  }
  return graph;
}

export const entityUuid = (group: string, name: string): string => derivedUuid('entity', group, name.toLowerCase());

/** Records an episode of a day of 2025, without committing it. */
export async function recordDay(
  graph: GroupGraph,
  day: number,
  saga = 'session',
  options: EpisodeOptions = {},
): Promise<SagaLink> {
  const referenceTime = new Date(Date.UTC(2025, 0, day));
  const episode = newEpisode(`Day ${day}.`, null, graph.group, 1000, { referenceTime, uuid: randomUUID(), ...options });
  await recordEpisodes(graph, [episode]);
  return { saga, episode: episode.uuid, referenceTime };
}

export async function link(graph: GroupGraph, links: readonly SagaLink[], now = new Date()): Promise<boolean> {
  const seen = await readFence(graph);
  return linkSagas(graph, { fence: Math.max(seen, 1), seen, now }, links);
}

/** All that the graph holds, without what FalkorDB numbers. */
export async function wholeGraph(graph: GroupGraph): Promise<unknown[]> {
  const nodes = await graph.read<{ labels: string[]; n: Record<string, unknown> }>(
    'MATCH (n) RETURN labels(n) AS labels, properties(n) AS n ORDER BY coalesce(n.uuid, n.key)',
  );
  const edges = await graph.read(
    'MATCH ()-[e]->() RETURN type(e) AS type, properties(e) AS e ORDER BY type(e), e.uuid',
  );
  // Every change leaves a mark of its own.
  return [nodes.map(({ labels, n: { mark: _, ...rest } }) => ({ labels, n: rest })), edges];
}
