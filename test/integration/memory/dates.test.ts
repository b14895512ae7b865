import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryManager, UnusableReplyError } from '../../../src/index.ts';
import { storeReembedding } from '../../../src/valkey/reembedding.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { startMcp } from '../../support/mcp-client.ts';
import { plainEmbedder, summarizingModel } from '../../support/models.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const group = newGroup();
const uuids: string[] = [];
let workers: RunningWorkers;
let memory: MemoryManager;
let deadLetter: string;

beforeAll(async () => {
  const model = summarizingModel();
  const languageModel = {
    ...model,
    extract: async (...given: Parameters<typeof model.extract>) => {
      if (given[0].content.includes('poison')) throw new UnusableReplyError('The model gave no reply.');
      return model.extract(...given);
    },
  };
  const parts = { languageModel, embedder: plainEmbedder() };
  workers = await startWorkers(stores.config, ['store', 'export'], parts);
  memory = new MemoryManager({ ...stores.config, group }, { embedder: plainEmbedder() });
  const metadata = { due: '2025-06-01T00:00:00Z' };
  const episodes = [
    { content: 'Harbor uses Redis.', referenceTime: new Date('2025-01-10T08:30:00.123Z'), saga: 'session', metadata },
    { content: 'Harbor not uses Redis. Harbor uses Valkey.', referenceTime: new Date('2025-03-01'), saga: 'session' },
    { content: 'Always use pnpm.', kind: 'rule', confirmed: true },
    { content: 'Write the tests.', kind: 'task' },
    { content: 'We chose Valkey.', kind: 'decision' },
  ] as const;
  for (const { content, metadata = null, ...options } of episodes as readonly ((typeof episodes)[number] & {
    metadata?: object;
  })[]) {
    const receipt = await memory.enqueueEpisode(content, metadata as Record<string, unknown> | null, options);
    await memory.waitFor(receipt);
    uuids.push(receipt.uuid);
  }
  const poison = await memory.enqueueEpisode('poison');
  deadLetter = poison.uuid;
  await expect(memory.waitFor(poison)).rejects.toThrow();
  await memory.communities.build();
  await memory.export();
  await memory.archives.verify('latest', { restore: true });
  await storeReembedding(opened.valkey, group, { model: 'new', dimension: 8, phase: 'embedding', share: 0.5 });
});
afterAll(async () => {
  await memory?.close();
  await workers?.close();
});

const fact = async () => (await memory.getHistory('Redis')).facts[0]?.uuid ?? '';
const search = (options = {}) => memory.search('Harbor Redis Valkey', 10, options);

/** Every method that reads, with the members that hold times. */
const READS: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
  [
    'search, of facts and passages',
    () => search(),
    ['facts.createdAt', 'facts.sources.referenceTime', 'facts.validAt', 'passages.episode.referenceTime'].concat(
      'passages.referenceTime',
    ),
  ],
  [
    'search, of what held then',
    () => search({ asOf: new Date('2025-02-01'), find: 'facts' }),
    ['facts.createdAt', 'facts.expiredAt', 'facts.invalidAt', 'facts.sources.referenceTime', 'facts.validAt'],
  ],
  [
    'search, of everything',
    () => search({ find: 'all' }),
    [
      ...['communities.createdAt', 'entities.createdAt', 'entities.sources.referenceTime'],
      ...['episodes.createdAt', 'episodes.referenceTime'],
      ...['facts.createdAt', 'facts.sources.referenceTime', 'facts.validAt'],
    ],
  ],
  ['getEntities', () => memory.getEntities(), []],
  [
    'getHistory',
    () => memory.getHistory('Harbor'),
    [
      ...['facts.createdAt', 'facts.endSources.referenceTime', 'facts.expiredAt', 'facts.invalidAt'],
      ...['facts.sources.referenceTime', 'facts.validAt'],
    ],
  ],
  [
    'getEpisode',
    () => memory.getEpisode(uuids[1] ?? ''),
    ['committedAt', 'createdAt', 'facts.invalidAt', 'facts.sources.referenceTime', 'facts.validAt', 'referenceTime'],
  ],
  ['getFact', async () => memory.getFact(await fact()), ['createdAt', 'expiredAt', 'invalidAt', 'validAt']],
  [
    'getBriefing',
    () => memory.getBriefing(),
    ['decisions.time', 'facts.from', 'facts.time', 'rules.time', 'tasks.time'],
  ],
  [
    'getStatus',
    () => memory.getStatus(),
    ['valkey.journal.since', 'valkey.liveWorkers.startedAt', 'valkey.reembedding.updatedAt'],
  ],
  ['getLastFailure', () => memory.getLastFailure('store'), []],
  ['episodes.list', () => memory.episodes.list(), ['committedAt', 'createdAt', 'referenceTime']],
  [
    'episodes.getExtracted',
    () => memory.episodes.getExtracted(uuids),
    ['entities.createdAt', 'facts.createdAt', 'facts.expiredAt', 'facts.invalidAt', 'facts.validAt'],
  ],
  ['episodes.getState', () => memory.episodes.getState(uuids[0] ?? ''), []],
  ['sagas.list', () => memory.sagas.list(), ['first', 'last']],
  ['sagas.get', () => memory.sagas.get('session'), ['episodes.referenceTime']],
  ['communities.list', () => memory.communities.list(), []],
  ['deadLetters.list', () => memory.deadLetters.list(), ['failedAt', 'queuedAt']],
  ['deadLetters.get', () => memory.deadLetters.get(deadLetter), ['failedAt', 'queuedAt']],
  [
    'archives.list',
    () => memory.archives.list({ group }),
    ['archives.createdAt', 'archives.restoredAt'].concat('archives.verifiedAt'),
  ],
  ['archives.planReembedding', () => memory.archives.planReembedding(), []],
  ['forget, as a dry run', () => memory.forget({ session: 'session' }, { dryRun: true }), []],
  [
    'import, as a dry run',
    () =>
      memory.import(
        'episodes',
        { text: '{"content": "Harbor floats.", "reference_time": "2025-01-02"}' },
        { dryRun: true },
      ),
    ['examples.referenceTime'],
  ],
];

// The second time some answers come from the cache.
test.each(READS)('%s returns times as Dates, also from the cache', async (_, read, expected) => {
  const [first, second] = [timesIn(await read()), timesIn(await read())];

  expect(first).toEqual({ dates: [...expected].sort(), others: [] });
  expect(second).toEqual(first);
});

test('--json and MCP print times as stored, with microseconds and offset', async () => {
  const uuid = await fact();
  const stored = '2025-02-01T01:00:00.123456+02:00';
  const graph = opened.graphs.group(group);
  await graph.write('MATCH ()-[e:RELATES_TO {uuid: $uuid}]->() SET e.created_at = $stored', { uuid, stored });
  const environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };

  const { createdAt } = await memory.getFact(uuid);
  const history = await runCommand(['history', 'Redis', '--no-cache', '--json'], environment);
  const status = await runCommand(['status', '--json'], environment);
  const saga = await runCommand(['saga', 'list', '--json'], environment);
  const mcp = await startMcp([], environment);
  const edge = await mcp.call('get_entity_edge', { uuid, group_id: group });
  const briefing = await mcp.call('get_briefing', { group_id: group });
  await mcp.close();

  expect(createdAt.toISOString()).toBe('2025-01-31T23:00:00.123Z');
  expect(JSON.stringify({ createdAt })).toBe(JSON.stringify({ createdAt: stored }));
  expect(JSON.parse(history.stdout).facts[0].createdAt).toBe(stored);
  expect(JSON.parse(status.stdout).valkey.reembedding.updatedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(JSON.parse(saga.stdout)).toEqual([
    { name: 'session', episodes: 2, first: '2025-01-10T08:30:00.123000+00:00', last: '2025-03-01T00:00:00+00:00' },
  ]);
  expect(edge.created_at).toBe(stored);
  expect(briefing.rules[0].time).toMatch(/^\d{4}-.*\+00:00$/);
});

/** What users wrote may look like a time. */
const TEXTS = new Set([
  'content',
  'text',
  'fact',
  'excerpt',
  'metadata',
  'attributes',
  'summary',
  'payload',
  'details',
]);
const LOOKS_LIKE_TIME = /^\d{4}-\d\d-\d\d(?:[T ]|$)/;
const isMilliseconds = (value: unknown) =>
  typeof value === 'number' && value > Date.UTC(2020) && value < Date.UTC(2100);

/** Paths of `Date`s in a result, and of times in another form. */
function timesIn(result: unknown) {
  const [dates, others] = [new Set<string>(), new Set<string>()];
  const walk = (value: unknown, path: readonly string[]): void => {
    if (value instanceof Date) dates.add(path.join('.'));
    else if (isMilliseconds(value) || (typeof value === 'string' && LOOKS_LIKE_TIME.test(value)))
      others.add(path.join('.'));
    else if (Array.isArray(value)) for (const item of value) walk(item, path);
    else if (value !== null && typeof value === 'object')
      for (const [name, item] of Object.entries(value)) if (!TEXTS.has(name)) walk(item, [...path, name]);
  };
  walk(result, []);
  return { dates: [...dates].sort(), others: [...others] };
}
