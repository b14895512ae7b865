import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { newEpisode } from '../../src/episode.ts';
import { type Graphs, openGraphs } from '../../src/graph/graphs.ts';
import { openIngest } from '../../src/ingest/ingest.ts';
import { openRemoveEpisode } from '../../src/ingest/remove-episode.ts';
import { patientConnection } from '../../src/valkey/connections.ts';
import { judgingModel, type Knowledge } from './judging-model.ts';
import { plainEmbedder } from './models.ts';
import { newGroup, type Stores } from './stores.ts';

/** A time of the story that a test tells: the day of January 2025. */
export const day = (number: number): Date => new Date(Date.UTC(2025, 0, number));

/** Memories of groups of their own, to which episodes are told one after the other, past the queue. */
export function useToldMemories(stores: Stores) {
  let graphs: Graphs;
  let valkey: ReturnType<typeof patientConnection>;
  beforeAll(() => {
    graphs = openGraphs(stores.config.falkordb);
    valkey = patientConnection(stores.config.valkey);
  });
  afterAll(() => {
    graphs.close();
    valkey.disconnect();
  });

  return function openMemory(knowledge: Knowledge = {}) {
    const group = newGroup();
    const model = judgingModel(knowledge);
    const embedder = plainEmbedder();
    const ingest = openIngest(graphs, valkey, { model, embedder });
    const remove = openRemoveEpisode(graphs, valkey);
    const graph = graphs.group(group);
    return {
      group,
      graph,
      model,
      embedder,
      async tell(on: number, content: string, options: { uuid?: string; saga?: string } = {}): Promise<string> {
        const uuid = options.uuid ?? randomUUID();
        await ingest(newEpisode(content, null, group, 1_000_000, { ...options, uuid, referenceTime: day(on) }));
        return uuid;
      },
      remove: (uuid: string, dryRun = false) => remove(group, uuid, dryRun),
      /** `Harbor uses Redis 1–3 (2)`: from the 1st to the 3rd, told by two episodes. */
      async facts(): Promise<string[]> {
        const rows = await graph.read<{ fact: string; from: string | null; to: string | null; n: number }>(
          `MATCH (:Entity)-[e:RELATES_TO]->(:Entity)
           RETURN e.fact AS fact, e.valid_at AS from, e.invalid_at AS to, size(e.episodes) AS n ORDER BY from, fact`,
        );
        const date = (time: string | null) => (time ? Number(time.slice(8, 10)) : '');
        return rows.map(({ fact, from, to, n }) => `${fact} ${date(from)}–${date(to)} (${n})`);
      },
    };
  };
}
