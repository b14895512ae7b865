import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { readInventory } from '../../../src/archive/compare-graph.ts';
import { exportGroup } from '../../../src/archive/export.ts';
import { readManifest } from '../../../src/archive/manifest.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { writeEntitySummaries } from '../../../src/graph/queries/entities.ts';
import { CHECK_FENCE, RETURN_FENCE, readChangeHead, readFence } from '../../../src/graph/queries/fence.ts';
import { graphName } from '../../../src/group.ts';
import { MemoryManager } from '../../../src/index.ts';
import { changeLogKey } from '../../../src/journal/change-log.ts';
import { type Journal, openJournal } from '../../../src/journal/journal.ts';
import { recordUnrepaired } from '../../../src/journal/lost-changes.ts';
import { type ReplayedTail, replayTail } from '../../../src/journal/replay-tail.ts';
import { openUpkeep } from '../../../src/upkeep/upkeep.ts';
import { useScriptedMemories } from '../../support/scripted-memory.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

/** Memories to fill, lose and rebuild, each with its own group and archive folder. */
export function useRebuilding() {
  const stores = useStores();
  const opened = useStoreConnections(stores);
  const openMemory = useScriptedMemories(stores);
  const journals = {} as { journal: Journal };
  let [folder, falkordb] = ['', undefined as unknown as Redis];
  const closing: MemoryManager[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rebuild-test-'));
    falkordb = new Redis(stores.config.falkordb.port, stores.config.falkordb.host);
    journals.journal = openJournal(opened.valkey);
  });
  afterAll(async () => {
    await Promise.all(closing.map((memory) => memory.close()));
    falkordb?.disconnect();
    await rm(folder, { recursive: true, force: true });
  });

  function open() {
    const told = openMemory({ single: ['RUNS_ON'] });
    const { group, graph, model, embedder } = told;
    const { graphs, valkey, leases } = opened;
    const exportDir = join(folder, group);
    const manager = new MemoryManager({ ...stores.config, group, exportDir });
    closing.push(manager);
    const upkeep = openUpkeep({
      ...{ graphs, valkey, leases, languageModel: model, embedder },
      forgetting: told.forgetting,
    });

    /** A day's work: facts, an end, an empty episode, a session, one that is removed again, communities and summaries. */
    async function work(day: number): Promise<void> {
      const thing = `Größe${day}🏔`;
      await told.store(day, `Harbor uses ${thing}. ${thing} needs Node.`, { saga: 'session' });
      const gone = await told.store(day, `Harbor uses Mistake${day}.`, { saga: 'session' });
      await told.store(day, 'Nobody said anything of note on this day.');
      await told.store(day + 1, `Harbor not uses ${thing}. Quay uses ${thing}.`, { saga: 'session' });
      await told.remove(gone);
      await upkeep.run(group, { kind: 'communities' });
      await upkeep.run(group, { kind: 'summarize-saga', saga: 'session' });
      await summarizeHarbor(`Told on day ${day}.`);
    }

    async function summarizeHarbor(summary: string): Promise<void> {
      const [row] = await graph.read<{ uuid: string; was: string }>(
        `MATCH (n:Entity {name: 'Harbor'}) RETURN n.uuid AS uuid, n.summary AS was`,
      );
      const { uuid = '', was = '' } = row ?? {};
      const key = `long:${uuid}`;
      // In a commit, as ingestion does.
      await fenced((both) =>
        graph.change(`${CHECK_FENCE} MERGE (l:_Meta {key: $key}) SET l.entity = $uuid ${RETURN_FENCE}`, {
          ...both,
          ...{ key, uuid },
        }),
      );
      await fenced((both) =>
        writeEntitySummaries(graph, { ...both, summaries: [{ key, uuid, was, summary }], gone: [] }),
      );
    }

    /** Writes as the holder of the lease. */
    async function fenced<T>(write: (both: { fence: number; seen: number }) => Promise<T>): Promise<T> {
      const lease = await leases.take(group);
      try {
        return await write({ fence: lease.fence, seen: await readFence(graph) });
      } finally {
        await lease.release();
      }
    }

    return {
      ...told,
      ...{ manager, exportDir, work, fenced },
      hash: async () => (await readInventory(graph, embedder.dimension)).hashes.exact,
      async export() {
        const store = folderStore(exportDir);
        return readManifest(store, (await exportGroup(graph, leases, store)).manifest);
      },
      /** What models were asked so far. */
      asked: () => [model.calls, model.asked.length, embedder.texts.length],
      lose: () => falkordb.call('GRAPH.DELETE', graphName(group)),
      /** The same where the journal alone cannot restore the graph, so that the memory goes on without its content. */
      async loseForGood() {
        await falkordb.call('GRAPH.DELETE', graphName(group));
        await recordUnrepaired(valkey, group);
      },
      /** As a worker does that compares graphs with the journal. */
      async replay(journal = journals.journal, isHeld?: () => boolean): Promise<ReplayedTail> {
        const lease = await leases.take(group);
        try {
          return await replayTail(valkey, journal, graph, isHeld ? { isHeld } : lease);
        } finally {
          await lease.release();
        }
      },
    };
  }
  /** Which change the graph took is noted a moment after it did. */
  const noted = (graph: GroupGraph): Promise<string> =>
    until('the note', async () => {
      const { token, changeId } = await readChangeHead(graph);
      const taken = await opened.valkey.hget(changeLogKey(opened.valkey, graph.group), 'taken');
      return taken === `${token} ${changeId}` && taken;
    });

  return { stores, opened, journals, noted, open, falkordb: () => falkordb };
}
