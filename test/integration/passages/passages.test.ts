import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { episodesOfEarlierRules, replaceStatements } from '../../../src/graph/queries/statements.ts';
import { MemoryManager } from '../../../src/index.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { PASSAGE_VERSION } from '../../../src/passages/passages.ts';
import { STATEMENT_RULES, statementUuids } from '../../../src/statements/statement.ts';
import { countingMetrics } from '../../../src/telemetry/metrics.ts';
import { cutPassages } from '../../../src/upkeep/cut-passages.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { embeddingsFor } from '../models/settings.ts';

const stores = useStores();
const opened: { close(): unknown }[] = [];
let graphs: Graphs;
let workers: RunningWorkers;

const parts = () => ({ languageModel: plainModel(), embedder: plainEmbedder() });

beforeAll(async () => {
  graphs = openGraphs(stores.config.falkordb);
  workers = await startWorkers(stores.config, ['store'], parts());
});
afterAll(async () => {
  await Promise.all(opened.map((it) => it.close()));
  await workers.close();
  graphs.close();
});

function newMemory() {
  const group = newGroup();
  const memory = new MemoryManager({ ...stores.config, group }, { embedder: plainEmbedder() });
  opened.push(memory);
  const remember = async (content: string, options: object = {}) => {
    const receipt = await memory.enqueueEpisode(content, null, options);
    await memory.waitFor(receipt);
    return receipt.uuid;
  };
  const count = async (label: string) =>
    (await graphs.group(group).read<{ n: number }>(`MATCH (x:${label}) RETURN count(x) AS n`))[0]?.n;
  return { group, memory, remember, count, graph: graphs.group(group) };
}

const STEPS = '1. Close `JP3`.\n2. Run `docker build -t checkout-web .`\n3. Open issue #491.';

test('a procedure is returned whole, with its original words and spaces', async () => {
  const { memory, remember } = newMemory();
  await remember(`# Boards\n\nIntro about boards.\n\n## Flashing\n\nTo flash a board:\n\n${STEPS}\n\nThat was all.`);

  const answer = await memory.queryMemory('how do I flash a board?', 1);

  for (const step of STEPS.split('\n')) expect(answer).toContain(step);
  expect(answer).toContain('Boards › Flashing');
});

test('words are found in every inflection, identifiers whole and in parts, and scripts without spaces by their words', async () => {
  const { memory, remember } = newMemory();
  await remember('The boards were calibrated with stoat-cal by Zoë.');
  await remember('港口项目的会话保存在Valkey里。');

  expect(await memory.queryMemory('calibrating a board')).toContain('stoat-cal');
  expect(await memory.queryMemory('who is Zoe?')).toContain('stoat-cal');
  expect(await memory.queryMemory('会话')).toContain('港口项目');
  expect(await memory.queryMemory('Valkey')).toContain('港口项目');
});

test('nothing is returned if nothing is relevant to the query', async () => {
  const { memory, remember } = newMemory();
  for (let turn = 0; turn < 10; turn += 1) await remember(`Harbor keeps its sessions in Valkey number ${turn}.`);

  expect(await memory.queryMemory('which battery powers the submarine?')).toBe('Nothing relevant is known.');
  expect(await memory.search('which battery powers the submarine?')).toEqual({ facts: [], episodes: [], passages: [] });
});

test('the output of a tool is found by its words, without a vector', async () => {
  const { group, memory, count } = newMemory();
  const metadata = { tools: [{ tool: 'bash', input: 'just --list', output: 'recipes: erase bootloader sign' }] };
  await memory.waitFor(
    await memory.enqueueEpisode('user: what is there?\nassistant: A few recipes.', metadata, {
      group,
      source: 'message',
    }),
  );

  const { passages = [] } = await memory.search('bootloader recipes');

  expect(passages[0]).toMatchObject({
    kind: 'tool',
    source: 'tool:0',
    excerpt: expect.stringContaining('erase bootloader'),
  });
  expect([await count("_Passage {kind: 'tool'}"), await count('_Passage'), await count('_PassageVector')]).toEqual([
    1, 3, 2,
  ]);
});

test('forgetting an episode removes its passages and their vectors', async () => {
  const { memory, remember, count } = newMemory();
  await remember('Harbor uses Redis.');
  const uuid = await remember('The canary sings in the mine.');
  expect([await count('_Passage'), await count('_PassageVector')]).toEqual([2, 2]);

  await memory.forget({ episode: uuid });

  expect([await count('_Passage'), await count('_PassageVector')]).toEqual([1, 1]);
  expect(await memory.queryMemory('canary')).toBe('Nothing relevant is known.');
});

test('a graph of an older release can be queried at once, and a starting worker cuts its texts into passages', async () => {
  const { memory, count, graph, group } = newMemory();
  const { model, dimension } = plainEmbedder();
  await graph.write(
    `CREATE (:_Meta {key: 'embedder', model: $model, dimension: $dimension})
     CREATE (:Episodic {uuid: 'old', name: 'n', group_id: $group, content: 'Harbor no longer rests on wooden piles.', source: 'text',
       source_description: '', entity_edges: [], created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'})`,
    { group, model, dimension },
  );

  expect(await memory.queryMemory('wooden piles', 5, { cache: false })).toBe('Nothing relevant is known.');
  const later = await startWorkers(stores.config, ['store'], parts());

  await expect.poll(() => memory.queryMemory('wooden piles'), { timeout: 120_000 }).toContain('wooden piles');
  expect([await count('_Passage'), await count('_PassageVector'), await count('_Statement')]).toEqual([1, 1, 1]);
  await later.close();
});

test('status counts the episodes cut into passages, the task continues where it stopped, and blank texts do not block others', async () => {
  const { memory, count, graph, group } = newMemory();
  const embedder = plainEmbedder();
  await graph.prepare(embedder);
  const episodes = Array.from({ length: 70 }, (_, place) => ({
    uuid: `old-${place}`,
    content: place < 25 ? '\n\t\n' : `Harbor has pile number ${place}.`,
    time: `2025-01-01T00:00:${String(place).padStart(2, '0')}+00:00`,
  }));
  await graph.write(
    `UNWIND $episodes AS x
     CREATE (:Episodic {uuid: x.uuid, name: 'n', group_id: $group, content: x.content, source: 'text', source_description: '',
       entity_edges: [], created_at: x.time, valid_at: x.time})`,
    { group, episodes },
  );
  const passages = async () => {
    const { falkordb } = await memory.getStatus();
    return falkordb.ok ? falkordb.passages : falkordb;
  };
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() });
  let asked = 0;
  const failing = {
    ...embedder,
    embed(texts: readonly string[]) {
      asked += 1;
      return asked === 2 ? Promise.reject(new Error('stopped')) : embedder.embed(texts);
    },
  };
  expect(await passages()).toEqual({ cut: 25, episodes: 70 });

  await expect(cutPassages({ graphs, valkey, embedder: failing }, group)).rejects.toThrow('stopped');

  expect(await passages()).toEqual({ cut: 45, episodes: 70 });
  expect(await cutPassages({ graphs, valkey, embedder }, group)).toEqual({ episodes: 25, orphans: 0 });
  expect(await passages()).toEqual({ cut: 70, episodes: 70 });
  expect((await memory.getStatus({ countPassages: false })).falkordb).toMatchObject({ ok: true, passages: null });
  expect([await count('_Passage'), await count('_PassageVector')]).toEqual([45, 45]);
  expect(await cutPassages({ graphs, valkey, embedder }, group)).toEqual({ episodes: 0, orphans: 0 });
});

test('a text on which the embedding server always fails has no vector, and all other old episodes get theirs', async () => {
  const { memory, graph, group, count } = newMemory();
  const fake = await startFakeOpenAI({
    faultOf: ({ body }) => (JSON.stringify(body).includes('hemlock') ? { kind: 'server-error' } : undefined),
  });
  const embedder = openaiEmbedder(embeddingsFor(fake));
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() }, fake);
  await graph.prepare(embedder);
  const episodes = Array.from({ length: 45 }, (_, place) => ({
    uuid: `old-${place}`,
    content: place === 7 ? 'The recipe needs hemlock.' : `Harbor has pile number ${place}.`,
    time: `2025-01-01T00:00:${String(place).padStart(2, '0')}+00:00`,
  }));
  await graph.write(
    `UNWIND $episodes AS x
     CREATE (:Episodic {uuid: x.uuid, name: 'n', group_id: $group, content: x.content, source: 'text', source_description: '',
       entity_edges: [], created_at: x.time, valid_at: x.time})`,
    { group, episodes },
  );
  const said: string[] = [];
  const metrics = countingMetrics();
  const cut = () =>
    cutPassages({ graphs, valkey, embedder, metrics, onNotice: (sentence) => said.push(sentence) }, group);

  for (const _ of [1, 2]) await expect(cut()).rejects.toMatchObject({ name: 'ModelUnavailableError' });
  const done = await cut();

  expect(done).toEqual({ episodes: 45, orphans: 0 });
  expect([await count('_Passage'), await count('_PassageVector')]).toEqual([45, 44]);
  expect(await graph.read("MATCH (v:_PassageVector {episode: 'old-7'}) RETURN v.passage AS uuid")).toEqual([]);
  expect(said).toEqual([
    `The embedding model text-embedding-3-small always fails on 1 text of the memory "${group}"; searches find it by words only.`,
  ]);
  expect(metrics.count('opencode.memory.model.texts_skipped')).toBe(1);
  expect(await memory.queryMemory('hemlock recipe')).toContain('hemlock');
  expect(await cut()).toEqual({ episodes: 0, orphans: 0 });
});

test('a task that fails after it removed something invalidates cached answers', async () => {
  const { memory, remember, graph, group } = newMemory();
  const embedder = plainEmbedder();
  const failing = { ...embedder, embed: () => Promise.reject(new Error('stopped')) };
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() });
  await remember('The gateway listens on port 8080.', { referenceTime: new Date('2025-01-01') });
  const moved = await remember('The gateway now listens on port 9090 instead of 8080.', {
    referenceTime: new Date('2025-02-01'),
  });
  const canary = await remember('The canary sings in the mine.');
  const ask = async () =>
    (await Promise.all([memory.queryMemory('the canary'), memory.queryMemory('the port of the gateway')])).join('\n');
  const cut = () => cutPassages({ graphs, valkey, embedder: failing }, group);
  expect(await ask()).toMatch(/canary[\s\S]*9090/);

  await graph.write('MATCH (p:Episodic {uuid: $canary}) DETACH DELETE p', { canary });
  await graph.write(
    `CREATE (:Episodic {uuid: 'py', name: 'n', group_id: $group, content: 'Keel: the ballast is lead.', source: 'message',
       source_description: '', entity_edges: [], created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'})`,
    { group },
  );
  await expect(cut()).rejects.toThrow('stopped');

  expect(await ask()).not.toContain('canary');
  expect(await ask()).toContain('9090');

  await graph.write(
    `MATCH (p:Episodic {uuid: $moved}) DETACH DELETE p
     WITH 1 AS one MATCH (q:_Passage {episode: $moved}), (v:_PassageVector {episode: $moved}) DELETE q, v`,
    { moved },
  );
  await expect(cut()).rejects.toThrow('stopped');

  expect(await ask()).toContain('port 8080');
  expect(await ask()).not.toContain('9090');
});

test('a task that fails between its writes invalidates cached answers from before them', async () => {
  const { memory, graph, group } = newMemory();
  const embedder = plainEmbedder();
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() });
  await graph.prepare(embedder);
  await graph.write(
    `CREATE (:Episodic {uuid: 'old', name: 'n', group_id: $group, content: 'The canary sings in the mine.', source: 'text',
       source_description: '', entity_edges: [], created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'})`,
    { group },
  );
  expect(await memory.queryMemory('canary')).toBe('Nothing relevant is known.');
  const change: GroupGraph['change'] = (query, params) =>
    query.includes('_PassageVector') && query.includes('CREATE')
      ? Promise.reject(new Error('stopped'))
      : graph.change(query, params);
  const breaking = { ...graphs, group: () => ({ ...graph, change }) };

  await expect(cutPassages({ graphs: breaking, valkey, embedder }, group)).rejects.toThrow('stopped');

  expect(await memory.queryMemory('canary')).toContain('The canary sings in the mine.');
});

test('only passages of an older version are cut, analysed and embedded again', async () => {
  const { memory, remember, count, graph, group } = newMemory();
  const current = await remember('The keel is made of lead.');
  const old = await remember('# Harbor\n\nThe canary sings in the mine.\n\n- It rests at night.');
  const passages = (episode: string) =>
    graph.read<{ uuid: string; version: string }>(
      'MATCH (p:_Passage {episode: $episode}) RETURN p.passage AS uuid, p.version AS version ORDER BY uuid',
      { episode },
    );
  const [kept, cut] = [await passages(current), await passages(old)];
  await graph.write(
    `MATCH (p:_Passage {episode: $old}) MATCH (v:_PassageVector {episode: $old}) WITH collect(DISTINCT p) AS ps, collect(DISTINCT v) AS vs
     FOREACH (x IN ps | DELETE x) FOREACH (x IN vs | DELETE x)`,
    { old },
  );
  const embedder = plainEmbedder();
  const [embedding = []] = await embedder.embed(['of another text']);
  await graph.write(
    `UNWIND range(0, 2) AS i
     CREATE (:_Passage {passage: 'p' + i, episode: $old, ordinal: i, source: '', start: 0, end: 3, kind: 'paragraph', asks: false, headings: [],
       terms: 'outdated', length: 1, time: '2025-01-01T00:00:00+00:00', known: '2025-01-01T00:00:00+00:00', version: '1.1'})
     CREATE (:_PassageVector {passage: 'p' + i, episode: $old, embedding: vecf32($embedding)})`,
    { old, embedding },
  );
  expect(await memory.queryMemory('canary in the mine', 5, { cache: false })).not.toContain('canary sings');
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() });
  embedder.texts.length = 0;

  expect(await cutPassages({ graphs, valkey, embedder }, group)).toEqual({ episodes: 1, orphans: 0 });

  expect([await passages(current), await passages(old)]).toEqual([kept, cut]);
  expect(new Set(cut.map(({ version }) => version))).toEqual(new Set([PASSAGE_VERSION]));
  expect(await count('_PassageVector')).toBe(kept.length + cut.length);
  expect(embedder.texts).toHaveLength(cut.length);
  expect(await graph.read("MATCH (p:_Passage) WHERE p.terms = 'outdated' RETURN p.passage AS uuid")).toEqual([]);
  expect(await memory.queryMemory('canary in the mine')).toContain('canary sings');
  expect(await cutPassages({ graphs, valkey, embedder }, group)).toEqual({ episodes: 0, orphans: 0 });
});

test('statements that an earlier release read are read again with the present rules', async () => {
  const {
    memory,
    remember,
    graph,
    graph: { group },
  } = newMemory();
  await remember('Redis holds the sessions.', { referenceTime: new Date('2026-03-02T10:00:00Z') });
  const later = await remember('Valkey holds the sessions now.', { referenceTime: new Date('2026-04-20T10:00:00Z') });
  const statements = async () =>
    (await graph.read<{ id: string }>('MATCH (s:_Statement {episode: $later}) RETURN s.id AS id', { later })).map(
      ({ id }) => id,
    );
  const own = await statements();
  // As an earlier release left it: without a number of rules, with another statement, and with one that a model read.
  await graph.write(
    `MATCH (m:_Meta {key: 'episode:' + $later}) SET m.rules = NULL
     WITH m MATCH (s:_Statement {episode: $later}) SET s.key = 'other', s.flags = ''
     WITH s LIMIT 1 CREATE (:_Statement {id: 'model', episode: $later, key: '=rule', kind: 'rule', flags: '', text: 'x',
       said_at: s.said_at, valid_at: s.valid_at})`,
    { later },
  );
  expect(await memory.queryMemory('Who holds the sessions?', 5, { cache: false })).toContain(
    'Redis holds the sessions',
  );
  const valkey = retryingConnection(stores.config.valkey);
  opened.push({ close: () => valkey.disconnect() });
  const embedder = plainEmbedder();

  await cutPassages({ graphs, valkey, embedder }, group);

  expect((await statements()).toSorted()).toEqual([...own, 'model'].toSorted());
  expect(await memory.queryMemory('Who holds the sessions?')).not.toMatch(/^- Redis holds/m);
  expect(await episodesOfEarlierRules(graph, STATEMENT_RULES)).toEqual([]);
});

test('a text that was masked while its statements were read again keeps its statements', async () => {
  const { remember, graph } = newMemory();
  const uuid = await remember('Valkey holds the sessions now.');
  await graph.write("MATCH (m:_Meta {key: 'episode:' + $uuid}) SET m.rules = 1", { uuid });
  const read = { uuid, content: 'Another text.', statements: [], before: statementUuids(uuid) };

  await replaceStatements(graph, [read], STATEMENT_RULES);

  expect(await graph.read('MATCH (s:_Statement {episode: $uuid}) RETURN count(s) AS n', { uuid })).toEqual([{ n: 1 }]);
  expect(await episodesOfEarlierRules(graph, STATEMENT_RULES)).toEqual([uuid]);
});

test('texts that another program wrote are cut, and passages of texts that it deleted are removed', async () => {
  const { memory, remember, count, graph, group } = newMemory();
  const uuid = await remember('The canary sings in the mine.');
  await graph.write('MATCH (p:Episodic {uuid: $uuid}) DETACH DELETE p', { uuid });
  await graph.write(
    `CREATE (:Episodic {uuid: 'py', name: 'n', group_id: $group, content: 'Keel: the ballast is lead.', source: 'message',
       source_description: '', entity_edges: [], created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'})`,
    { group },
  );

  expect(await memory.queryMemory('canary in the mine', 5, { cache: false })).toBe('Nothing relevant is known.');
  const later = await startWorkers(stores.config, ['store'], parts());

  await expect.poll(() => memory.queryMemory('ballast'), { timeout: 120_000 }).toContain('the ballast is lead');
  expect([await count('_Passage'), await count('_PassageVector')]).toEqual([1, 1]);
  await later.close();
});
