import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { InvalidInputError } from '../../../src/errors.ts';
import { openKnownSecrets } from '../../../src/forget/redact/known-secrets.ts';
import { planRedaction } from '../../../src/forget/redact/plan.ts';
import { redactGroup } from '../../../src/forget/redact/redact-group.ts';
import { recordEpisodes } from '../../../src/graph/queries/record.ts';
import { addStatements, storedStatements } from '../../../src/graph/queries/statements.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { loadEmbedder } from '../../../src/models/providers.ts';
import { STORE_OPTIONS, STORE_QUEUE, toStoreJob } from '../../../src/queue/jobs.ts';
import { openQueue } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { modelStatements } from '../../../src/statements/statements-from-model.ts';
import { HOUR } from '../../../src/time.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { changesBetween } from '../../support/faults/canonical-graph.ts';
import { storedTexts } from '../../support/faults/dump.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { startWorkerProcess } from '../../support/faults/worker-process.ts';
import { forgettingParts } from '../../support/forgetting.ts';
import { wholeGraph } from '../../support/graphiti/whole-graph.ts';
import { plainModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closing: (() => unknown)[] = [];
/** Known by its form, by its name in metadata, and only by what stands before it. */
const KEY = `ghp_${'kQ7xW2mN'.repeat(5)}`;
const METADATA_TOKEN = 'Zr9tLq42Vb';
const PASSWORD = 'Wx7-Quartz-93';
/** Elsewhere it may be a word, so it is hidden only in its episode and what is derived from that. */
const WORD = 'hunter2';
const SECRETS = [KEY, METADATA_TOKEN, PASSWORD, WORD];
let memory: MemoryManager;
let workers: RunningWorkers;
let falkordb: Redis;
/** What the model does before it reads. */
let before: (content: string) => Promise<void> = async () => {};

beforeAll(async () => {
  const languageModel = plainModel((content) => before(content));
  workers = await startWorkers(stores.config, ['store', 'export'], { languageModel });
  memory = new MemoryManager(stores.config);
  const { host, port } = stores.config.falkordb;
  falkordb = new Redis({ host, port });
  closing.push(
    () => memory.close(),
    () => falkordb.disconnect(),
    () => workers.close(),
  );
});
afterEach(() => {
  before = async () => {};
});
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Where in Valkey, FalkorDB or the home folder something still has a secret, in any case, or the start of one. */
async function placesOfSecrets(): Promise<string[]> {
  const parts = [...SECRETS, 'kq7xw2mnkq7xw2mn', 'quartz'].map((part) => part.toLowerCase());
  return (await storedTexts(opened.valkey, falkordb, stores.config.home))
    .filter(([, text]) => parts.some((part) => text.toLowerCase().includes(part)))
    .map(([place]) => place);
}

async function stored(group: string, content: string, metadata: object = {}, saga = 'session'): Promise<string> {
  const receipt = await memory.enqueueEpisode(content, { ...metadata }, { group, saga });
  await memory.waitFor(receipt);
  return receipt.uuid;
}

/** Episodes, facts and names with secrets; two of the episodes only repeat what another gives away. */
async function storeSecrets(group: string) {
  const recognised = await stored(group, `# Access\n\nThe admin password is ${PASSWORD}. Harbor uses Kafka.`);
  const repeating = await stored(group, `Harbor uses ${PASSWORD}.`);
  const inTools = await stored(group, `Dock uses Rust. Quay uses ${KEY}.`, {
    session: 's-1',
    tools: [{ tool: 'bash', input: `{"api_token": "${METADATA_TOKEN}"}`, output: `export GH=${KEY}\nPier holds Go` }],
  });
  await stored(group, `Login uses ${WORD}. Login is at Pier.\n\npassword: ${WORD}`);
  return { recognised, repeating, inTools };
}

async function leaveOutsideGraph(group: string): Promise<void> {
  before = async (content) => {
    if (content.includes('poison')) throw new InvalidInputError(content);
  };
  await stored(group, `Harbor is poison for ${KEY}.`).catch(() => {});
  const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
  closing.push(() => queue.close());
  const [queued, spooled] = ['queue', 'disk'].map((place) =>
    newEpisode(`In the ${place}: ${KEY}.`, { note: KEY }, group, 1000, { uuid: randomUUID() }),
  );
  if (!queued || !spooled) throw new Error('There are two.');
  await queue.add('store', toStoreJob(queued), { ...STORE_OPTIONS, jobId: queued.uuid, delay: HOUR });
  openSpool(stores.config.home, 100).storeUnreadable([{ episode: spooled, hasCallerId: true, carrier: {} }]);
  await memory.search(KEY, 5, { group });
}

test('secrets are removed everywhere, the rest of each text stays, and no archive or journal brings them back', async () => {
  const group = newGroup();
  const { recognised, repeating, inTools } = await storeSecrets(group);
  await memory.sagas.summarize('session', { group });
  const older = await memory.export({ group });
  await leaveOutsideGraph(group);
  expect((await placesOfSecrets()).length).toBeGreaterThan(8);

  const planned = await runCommand(['redact', '--dry-run', '--group', group], environmentOf(stores.config));
  const masked = await memory.redact({ group });

  expect(planned.status).toBe(0);
  expect(planned.stdout).toContain(`Would mask in the memory "${group}": 5 episodes`);
  expect(planned.stdout).toContain('1 github-token');
  for (const secret of SECRETS) expect(planned.stdout + planned.stderr + JSON.stringify(masked)).not.toContain(secret);
  expect(await placesOfSecrets()).toEqual([]);
  expect(masked).toMatchObject({ dryRun: false, facts: 3, entities: 3, outsideGraph: { spooled: 1 } });
  expect(masked.outsideGraph.jobs).toBeGreaterThanOrEqual(2);
  expect(masked.archives).toMatchObject({ files: [older.file], masking: 'recorded' });
  expect(masked.episodes.map(({ uuid }) => uuid)).toEqual(expect.arrayContaining([recognised, repeating, inTools]));
  expect((await memory.getEpisode(recognised, { group })).content).toBe(
    '# Access\n\nThe admin password is [redacted:value] Harbor uses Kafka.',
  );
  const details = await memory.getEpisode(inTools, { group });
  expect(details.metadata).toMatchObject({
    session: 's-1',
    tools: [{ output: 'export GH=[redacted:github-token]\nPier holds Go' }],
  });
  const found = await memory.search('What does Quay use?', 5, { group, cache: false });
  expect(JSON.stringify(found.facts)).toContain('Quay uses [redacted:github-token]');
  expect(found.passages?.length).toBeGreaterThan(0);
  const letters = await memory.deadLetters.list();
  expect(JSON.stringify(letters)).toContain('[redacted:github-token]');

  const whole = await wholeGraph(opened.graphs.group(group));
  expect((await memory.redact({ group })).episodes).toEqual([]);
  const copy = newGroup();
  const restored = await memory.archives.restore(older.file, { group: copy });
  expect(restored.leftOut).toBeGreaterThan(3);
  // All but what was stored after the archive.
  const differences = changesBetween(whole, await wholeGraph(opened.graphs.group(copy)));
  expect(differences.filter((line) => !line.includes('poison'))).toEqual([]);
  await memory.archives.rebuild({ group, file: older.file, replace: true });
  expect(changesBetween(whole, await wholeGraph(opened.graphs.group(group)))).toEqual([]);
  const newer = await memory.export({ group });
  expect(await readFile(join(stores.config.exportDir, newer.file), 'utf8')).not.toContain(KEY);
  expect(await placesOfSecrets()).toEqual([]);
});

test('--all reaches memories without a graph: in the queue, on disk, among the dead letters, only in the journal', async () => {
  const [graph, queued, spooled, dead, journaled] = Array.from({ length: 5 }, newGroup) as [string, ...string[]];
  const text = `Quay uses ${KEY}.`;
  const episodeIn = (group = '') => newEpisode(text, undefined, group, 1000, { uuid: randomUUID() });
  await stored(graph, text);
  await stored(journaled ?? '', text);
  await falkordb.call('GRAPH.DELETE', journaled ?? '');
  before = async (content) => {
    if (content.includes('Quay')) throw new InvalidInputError('This is a dead letter.');
  };
  await stored(dead ?? '', text).catch(() => {});
  await falkordb.call('GRAPH.DELETE', dead ?? '').catch(() => {});
  const queue = openQueue(STORE_QUEUE, opened.valkey, stores.config);
  closing.push(() => queue.close());
  const waiting = episodeIn(queued);
  await queue.add('store', toStoreJob(waiting), { ...STORE_OPTIONS, jobId: waiting.uuid, delay: HOUR });
  openSpool(stores.config.home, 100).hold('somewhere', [
    { episode: episodeIn(spooled), hasCallerId: true, carrier: {} },
  ]);
  const run = (...args: string[]) => runCommand(['redact', '--all', '--json', ...args], environmentOf(stores.config));
  const groupsIn = ({ stdout }: { readonly stdout: string }) =>
    stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).group]));

  const planned = await run('--dry-run');
  const masked = await run();

  expect([planned.stderr, masked.stderr, masked.status]).toEqual(['', '', 0]);
  for (const ended of [planned, masked])
    expect(groupsIn(ended)).toEqual(expect.arrayContaining([graph, queued, spooled, dead, journaled]));
  expect(await placesOfSecrets()).toEqual([]);
  expect(await opened.graphs.groups()).not.toContain(spooled);
});

test('redact waits for an episode with a secret that a worker is reading', async () => {
  const group = newGroup();
  const [began, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  before = async (content) => {
    if (!content.includes('Midway')) return;
    began.resolve();
    await goesOn.promise;
  };
  const midway = await memory.enqueueEpisode(`Midway uses ${PASSWORD}.`, undefined, { group });
  // Only this one gives the password away.
  const held = newEpisode(`The admin password is ${PASSWORD}.`, undefined, group, 1000, { uuid: randomUUID() });
  openSpool(stores.config.home, 100).storeUnreadable([{ episode: held, hasCallerId: true, carrier: {} }]);
  await began.promise;

  const { delayed } = await memory.getJobCounts('store');
  const masking = memory.redact({ group });
  await until('the first attempt has ended', async () => (await memory.getJobCounts('store')).delayed > delayed);
  goesOn.resolve();
  await memory.waitFor(midway);
  await masking;

  expect(await placesOfSecrets()).toEqual([]);
  expect((await memory.search('Midway', 5, { group, cache: false })).facts).toHaveLength(1);
});

test.each([
  `# Access\n\nThe admin password is ${PASSWORD}. Harbor uses Kafka.`,
  // Nothing but the episode itself has the secret.
  `password: ${PASSWORD}`,
])('an episode recorded during the scan that only repeats a secret of %j is masked', async (text) => {
  const group = newGroup();
  await stored(group, text);
  const late = newEpisode(`Late uses ${PASSWORD}.`, undefined, group, 1000, { uuid: randomUUID() });
  let isRecorded = false;
  const graphs = {
    ...opened.graphs,
    group(name: string) {
      const graph = opened.graphs.group(name);
      const read: typeof graph.read = async (query, params) => {
        if (!isRecorded && query.includes('(a)-[x]->(b)')) {
          isRecorded = true;
          await recordEpisodes(graph, [late]);
        }
        return graph.read(query, params);
      };
      return { ...graph, read };
    },
  };

  const parts = forgettingParts(stores.config, { ...opened, graphs }, await loadEmbedder(stores.config));
  const masked = await redactGroup(parts, group, async () => {});

  expect(isRecorded).toBe(true);
  expect(masked.episodes).toContain(late.uuid);
  expect(await placesOfSecrets()).toEqual([]);
});

test('other commits continue during the scan, and a plan that they outdate is made again', async () => {
  const group = newGroup();
  await stored(group, `# Access\n\nThe admin password is ${PASSWORD}. Harbor uses Kafka.`);
  let meanwhile: string[] = [];
  const graphs = {
    ...opened.graphs,
    group(name: string) {
      const graph = opened.graphs.group(name);
      const read: typeof graph.read = async (query, params) => {
        // Each time all edges are read, so that each of the plans without the lease is outdated in the end.
        if (query.includes('(a)-[x]->(b)') && meanwhile.length < 4) {
          const text = `Late${meanwhile.length} uses ${PASSWORD}.`;
          meanwhile = [...meanwhile, text];
          // Would wait for the lease until it times out.
          await stored(group, text);
        }
        return graph.read(query, params);
      };
      return { ...graph, read };
    },
  };

  const parts = forgettingParts(stores.config, { ...opened, graphs }, await loadEmbedder(stores.config));
  const masked = await redactGroup(parts, group, async () => {});

  expect(meanwhile).toHaveLength(4);
  expect(masked.episodes).toHaveLength(5);
  expect(await placesOfSecrets()).toEqual([]);
});

test('statements that a model adds between the plan and the lease are kept', async () => {
  const group = newGroup();
  const uuid = await stored(group, `The admin password is ${PASSWORD}. Use tabs.`);
  const leases = {
    ...opened.leases,
    async take(name: string) {
      // As the last worker that read the episode does, without the lease.
      const statements = modelStatements(
        { uuid, content: `The admin password is ${PASSWORD}. Use tabs.`, referenceTime: new Date() },
        [{ kind: 'rule', sentence: 'Use tabs.' }],
      );
      await addStatements(opened.graphs.group(name), uuid, statements);
      return opened.leases.take(name);
    },
  };

  const parts = forgettingParts(stores.config, { ...opened, leases }, await loadEmbedder(stores.config));
  await redactGroup(parts, group, async () => {});

  const rules = (await storedStatements(opened.graphs.group(group), [uuid])).filter(({ kind }) => kind === 'rule');
  expect(rules).toMatchObject([{ text: 'Use tabs.' }]);
  expect(await placesOfSecrets()).toEqual([]);
});

test('texts that reveal a secret themselves are changed after those that only repeat one', async () => {
  const group = newGroup();
  await stored(group, `The admin password is ${PASSWORD}. Dock uses ${PASSWORD}. Quay uses ${KEY}.`);

  const plan = await planRedaction(opened.graphs.group(group), openKnownSecrets());

  const names = (commits: typeof plan.repeating) =>
    commits.flatMap(({ renamedEntities }) => renamedEntities.map(({ name }) => name));
  expect(names(plan.repeating)).toEqual(['[redacted:repeated]']);
  expect(names(plan.recognised)).toEqual(['[redacted:github-token]']);
  expect(plan.repeating.flatMap(({ maskedEpisodes }) => maskedEpisodes)).toEqual([]);
  await memory.redact({ group });
});

test('after a worker is killed between two writes, its successor finds everything that is left to mask', async () => {
  const group = newGroup();
  const { recognised } = await storeSecrets(group);
  await workers.close();
  const proxy = await startProxy(stores.config.falkordb, 'resp');
  closing.push(() => proxy.close());
  const environment = {
    ...environmentOf({ ...stores.config, falkordb: { host: proxy.host, port: proxy.port, tls: false } }),
    MEMORY_TAKEOVER_SECONDS: '2',
    MEMORY_HEALTH_PORT: '0',
  };
  const matches = (words: readonly string[]) => words.some((word) => word.includes('$maskedEpisodes'));
  let masking: Promise<unknown> | undefined;
  for (const moment of ['before', 'after'] as const) {
    const worker = await startWorkerProcess(environment).ready();
    const killed = Promise.withResolvers<void>();
    const kill = async (): Promise<'drop'> => {
      await worker.kill();
      killed.resolve();
      return 'drop';
    };
    proxy.intercept({ matches, [moment]: kill });
    masking ??= memory.redact({ group });
    await killed.promise;
    expect(await placesOfSecrets()).not.toEqual([]);
  }
  const last = await startWorkerProcess(environment).ready();
  closing.push(() => last.kill());
  await masking;

  expect(await placesOfSecrets()).toEqual([]);
  expect((await memory.getEpisode(recognised, { group })).content).toContain('[redacted:value] Harbor uses Kafka.');
});
