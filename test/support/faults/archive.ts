import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import type { MemoryManager } from '../../../src/memory.ts';
import type { FakeB2 } from '../fake-b2/index.ts';
import { random } from '../random.ts';
import { seededUuid } from './story.ts';

/** The dimension that the workers of these tests use. */
const DIMENSION = 768;
const AT_ONCE = 200;

/** Fills a graph with this number of entities with vectors, each with a fact about the next: about 17 kB of archive for each. */
export async function fillGraph(graph: GroupGraph, entityCount: number): Promise<void> {
  const { group } = graph;
  const chance = random(entityCount);
  const vector = () => Array.from({ length: DIMENSION }, () => Math.fround(chance() * 2 - 1));
  const uuid = (index: number) => seededUuid(group, 'thing', index % entityCount);
  await graph.write(`CREATE (:_Meta {key: 'embedder', model: 'text-embedding-3-small', dimension: ${DIMENSION}})`);
  await graph.write('CREATE INDEX FOR (n:Entity) ON (n.uuid)');
  const indexes = Array.from({ length: entityCount }, (_, index) => index);
  for (let from = 0; from < entityCount; from += AT_ONCE)
    await graph.write(
      `UNWIND $rows AS row CREATE (n:Entity {uuid: row.uuid, name: row.name, group_id: $group, summary: ''})
       SET n.name_embedding = vecf32(row.vector)`,
      {
        group,
        rows: indexes
          .slice(from, from + AT_ONCE)
          .map((index) => ({ uuid: uuid(index), name: `Thing${index}`, vector: vector() })),
      },
    );
  for (let from = 0; from < entityCount; from += AT_ONCE)
    await graph.write(
      `UNWIND $rows AS row MATCH (a:Entity {uuid: row.from}) WITH a, row MATCH (b:Entity {uuid: row.to})
       CREATE (a)-[e:RELATES_TO {uuid: row.uuid, fact: row.fact, name: 'USES', group_id: $group, episodes: []}]->(b)
       SET e.fact_embedding = vecf32(row.vector)`,
      {
        group,
        rows: indexes.slice(from, from + AT_ONCE).map((index) => ({
          uuid: seededUuid(group, 'fact', index),
          from: uuid(index),
          to: uuid(index + 1),
          fact: `Thing${index} uses Thing${index + 1}`,
          vector: vector(),
        })),
      },
    );
}

/** The settings of a process that archives to this bucket. */
export function b2Environment({ settings }: FakeB2, prefix: string): Record<string, string> {
  return {
    B2_KEY_ID: settings.keyId,
    B2_APP_KEY: settings.appKey,
    B2_BUCKET: settings.bucket,
    B2_PREFIX: prefix,
    B2_AUTHORIZE_URL: settings.authorizeUrl ?? '',
  };
}

export const b2Config = ({ settings }: FakeB2, prefix: string) => ({ b2: { ...settings, prefix } });

/** Incomplete archives that `list`, `verify` or `restore` accepts; there should be none. */
export async function acceptedIncompleteArchives(
  memory: MemoryManager,
  group: string,
  target: string,
): Promise<string[]> {
  const { archives, incomplete } = await memory.archives.list({ group });
  const taken: string[] = archives.map(({ file }) => `${file} is listed`);
  for (const file of ['latest', ...incomplete]) {
    const verified = await refusedOr(() => memory.archives.verify(file, { group }));
    if (verified?.intact) taken.push(`${file} is verified`);
    if (await refusedOr(() => memory.archives.restore(file, { group: target }))) taken.push(`${file} is restored`);
  }
  return taken;
}

/** Undefined if the work was refused with a sentence for the user. */
async function refusedOr<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if ((error as Error).name === 'InvalidInputError') return undefined;
    throw error;
  }
}
