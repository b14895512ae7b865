import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportGraph } from '../../../src/archive/export.ts';
import { folderStore } from '../../../src/archive/stores/folder.ts';
import { newEpisode } from '../../../src/episode.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { statementsByKey, statementsOfEpisodes, writeStatements } from '../../../src/graph/queries/statements.ts';
import { MemoryManager } from '../../../src/index.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import { type Statement, statementsOf } from '../../../src/statements/statement.ts';
import { anEpisode, openTestForgetting } from '../../support/forgetting.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const embedder = plainEmbedder();
const TOLD = new Date('2026-03-02T10:00:00Z');
const TEXT = 'The proxy listens on port 9090. We moved off Redis, sessions are in Valkey.';

/** A graph with one recorded episode. */
async function recorded() {
  const graph = opened.graphs.group(newGroup());
  await graph.prepare(embedder);
  const episode = newEpisode(TEXT, null, graph.group, 1_000_000, { referenceTime: TOLD });
  await recordEpisodes(graph, [episode]);
  await recordEpisodes(graph, [episode]);
  return { graph, uuid: episode.uuid };
}

test('the changes that an episode states are stored with it, once, and removed with it', async () => {
  const { graph, uuid } = await recorded();
  const stated = statementsOf({ uuid, content: TEXT, source: 'text', referenceTime: TOLD });

  const found = await statementsByKey(graph, ['-redis', 'listen port proxy']);
  await writeStatements(graph, [{ uuid, statements: stated }]);
  await writeStatements(graph, [{ uuid: 'gone', statements: stated }]);
  const all = await statementsOfEpisodes(graph, [uuid, 'gone']);
  await openTestForgetting(stores.config, opened, embedder).forget(graph.group, anEpisode(uuid));

  const sorted = (some: readonly Statement[]) =>
    some.map(({ knownAt: _, episodeName: __, ...it }) => it).sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  expect(stated.map(({ kind, key }) => `${kind} ${key}`)).toContain('ends -redis');
  expect(sorted(found)).toEqual(sorted(stated.filter(({ key }) => ['-redis', 'listen port proxy'].includes(key))));
  expect(sorted(all)).toEqual(sorted(stated));
  expect(await statementsOfEpisodes(graph, [uuid])).toEqual([]);
});

test('statements of an episode that another program deleted are not read', async () => {
  const { graph, uuid } = await recorded();

  await graph.write('MATCH (p:Episodic {uuid: $uuid}) DETACH DELETE p', { uuid });

  expect(await statementsByKey(graph, ['-redis'])).toEqual([]);
});

test('an archive contains statements', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'statements-test-'));
  const { graph, uuid } = await recorded();
  const group = newGroup();
  const { file, graphHash } = await exportGraph(graph, folderStore(folder), () => {});

  const memory = new MemoryManager({ ...stores.config, group, exportDir: folder }, { embedder });
  const restored = await memory.archives.restore(file, { group });
  await memory.close();
  await rm(folder, { recursive: true, force: true });

  expect(restored).toMatchObject({ graphHash });
  expect(await statementsOfEpisodes(opened.graphs.group(group), [uuid])).toHaveLength(
    (await statementsOfEpisodes(graph, [uuid])).length,
  );
});

test('forgetting a fact removes exactly the statements of its sentence', async () => {
  const { graphs, valkey, leases } = opened;
  const graph = graphs.group(newGroup());
  await graph.prepare(embedder);
  const ingest = openIngest(graphs, valkey, leases, { model: plainModel(), embedder });
  const episode = newEpisode('Mona owns Ledger. The proxy listens on port 9090.', null, graph.group, 1_000_000, {});
  await ingest(episode);
  const [fact] = await graph.read<{ uuid: string }>('MATCH ()-[e:RELATES_TO]->() RETURN e.uuid AS uuid');
  const before = await statementsOfEpisodes(graph, [episode.uuid]);

  const wanted = { episodes: [], facts: [fact?.uuid ?? ''], entities: [], withEpisodes: false };
  await openTestForgetting(stores.config, opened, embedder).forget(graph.group, wanted);

  const texts = (await statementsOfEpisodes(graph, [episode.uuid])).map(({ text }) => text);
  expect(before.map(({ text }) => text).sort()).toEqual(['Mona owns Ledger.', 'The proxy listens on port 9090.']);
  expect(texts).toEqual(['The proxy listens on port 9090.']);
});
