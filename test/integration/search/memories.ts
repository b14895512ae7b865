import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { MemoryManager } from '../../../src/index.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, type Stores } from '../../support/stores.ts';

export interface FactToWrite {
  readonly fact: string;
  readonly relation?: string;
  readonly episodes?: readonly string[];
  readonly validAt?: string | null;
  readonly invalidAt?: string;
  readonly createdAt?: string;
  readonly expiredAt?: string;
}

export interface Written {
  readonly memory: MemoryManager;
  readonly graph: GroupGraph;
  readonly group: string;
  /** Gives the uuid. Types are labels. */
  entity(name: string, more?: { type?: string; summary?: string; createdAt?: string }): Promise<string>;
  /** Ends are uuids. */
  fact(source: string, target: string, fact: FactToWrite): Promise<string>;
  /** Mentions are uuids of entities. */
  episode(name: string, more?: EpisodeToWrite): Promise<string>;
  alias(alias: string, entity: string): Promise<void>;
  community(name: string, summary?: string): Promise<string>;
}

export interface EpisodeToWrite {
  readonly content?: string;
  readonly validAt?: string;
  readonly createdAt?: string;
  readonly metadata?: Record<string, unknown>;
  readonly mentions?: readonly string[];
}

const DAY_ONE = '2025-01-01T00:00:00+00:00';

/** Gives memories of their own, written by plain queries as any writer of the schema could. */
export function useMemories(stores: Stores) {
  const opened: { close(): unknown }[] = [];
  afterAll(() => Promise.all(opened.map((it) => it.close())));
  return async (languageModel: LanguageModel = plainModel()): Promise<Written> => {
    const [group, embedder] = [newGroup(), plainEmbedder()];
    const graphs: Graphs = openGraphs(stores.config.falkordb);
    const memory = new MemoryManager({ ...stores.config, group }, { embedder, languageModel });
    opened.push(memory, graphs);
    const graph = graphs.group(group);
    await graph.prepare(embedder);
    const vector = async (text: string) => (await embedder.embed([text]))[0] ?? [];
    return {
      memory,
      graph,
      group,
      async entity(name, { type, summary = '', createdAt = DAY_ONE } = {}) {
        const uuid = randomUUID();
        await graph.write(
          `CREATE (n:Entity${type ? `:${type}` : ''} {uuid: $uuid, name: $name, group_id: $group, summary: $summary,
             created_at: $createdAt, name_embedding: vecf32($vector)})`,
          { uuid, name, group, summary, createdAt, vector: await vector(name) },
        );
        return uuid;
      },
      async fact(source, target, { fact, relation = 'USES', episodes = [], ...times }) {
        const uuid = randomUUID();
        await graph.write(
          `MATCH (a:Entity {uuid: $source}) MATCH (b:Entity {uuid: $target})
           CREATE (a)-[e:RELATES_TO {uuid: $uuid, name: $relation, fact: $fact, group_id: $group, episodes: $episodes,
             fact_embedding: vecf32($vector), valid_at: $validAt, invalid_at: $invalidAt, created_at: $createdAt,
             expired_at: $expiredAt}]->(b)`,
          {
            ...{ uuid, source, target, fact, relation, episodes, group, vector: await vector(fact) },
            validAt: times.validAt === undefined ? DAY_ONE : times.validAt,
            invalidAt: times.invalidAt ?? null,
            createdAt: times.createdAt ?? DAY_ONE,
            expiredAt: times.expiredAt ?? null,
          },
        );
        return uuid;
      },
      async episode(name, { content = name, validAt = DAY_ONE, createdAt = DAY_ONE, metadata, mentions = [] } = {}) {
        const uuid = randomUUID();
        await graph.write(
          `CREATE (p:Episodic {uuid: $uuid, name: $name, content: $content, source: 'text', source_description: 'test',
             entity_edges: [], group_id: $group, valid_at: $validAt, created_at: $createdAt})
           CREATE (:_Meta {key: 'episode:' + $uuid, episode: $uuid, metadata: $metadata})
           WITH p UNWIND $mentions AS entity MATCH (n:Entity {uuid: entity}) CREATE (p)-[:MENTIONS {uuid: $uuid}]->(n)`,
          {
            uuid,
            name,
            content,
            group,
            validAt,
            createdAt,
            mentions,
            metadata: metadata ? JSON.stringify(metadata) : null,
          },
        );
        return uuid;
      },
      async alias(alias, entity) {
        await graph.write(`CALL db.idx.fulltext.createNodeIndex('_Alias', 'alias')`).catch(() => []);
        await graph.write(`CREATE (:_Meta:_Alias {key: $key, alias: $alias, entity: $entity})`, {
          key: `alias:${alias.toLowerCase()}`,
          alias,
          entity,
        });
      },
      async community(name, summary = '') {
        const uuid = randomUUID();
        await graph.write(
          `CREATE (:Community {uuid: $uuid, name: $name, summary: $summary, group_id: $group, created_at: $createdAt,
             name_embedding: vecf32($vector)})`,
          { uuid, name, summary, group, createdAt: DAY_ONE, vector: await vector(name) },
        );
        return uuid;
      },
    };
  };
}

export const texts = (facts: readonly { fact: string }[]) => facts.map(({ fact }) => fact).sort();
export const names = (rows: readonly { name: string }[] = []) => rows.map(({ name }) => name);
