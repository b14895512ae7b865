import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../src/memory.ts';
import { startWorkers } from '../../workers/main.ts';

// Invalid input is rejected before any server is contacted: nothing listens at these addresses.
const nowhere = { host: '127.0.0.1', port: 1, tls: false };
const nodes = [{ host: '127.0.0.1', port: 1 }];
const config = { falkordb: nowhere, valkey: nowhere, models: 'local' } as const;
const memory = new MemoryManager(config);
afterAll(() => memory.close());

// biome-ignore lint/suspicious/noExplicitAny: callers in JavaScript may give anything.
type Any = any;
const given: Any = memory;
const unknown = { nope: 1 };
const meant = (name: string, other: string) => new RegExp(`has no "${name}"; "${other}" was probably meant\\.$`);

test('a home that is writable by others is rejected, even when the program names it', () => {
  const home = mkdtempSync(join(tmpdir(), 'memory-home-'));
  chmodSync(home, 0o770);
  try {
    expect(() => new MemoryManager({ ...config, home })).toThrow(
      /^Other users of this machine can write into .*chmod 700/,
    );
  } finally {
    rmSync(home, { recursive: true });
  }
});

test.each([
  [
    'FalkorDB as a cluster',
    { falkordb: { ...nowhere, topology: { kind: 'cluster', nodes } } },
    /^FalkorDB is used as one server or behind sentinels/,
  ],
  [
    'a cluster with a prefix without braces',
    { valkey: { ...nowhere, topology: { kind: 'cluster', nodes } }, queuePrefix: 'x' },
    /^MEMORY_QUEUE_PREFIX is "x", which cannot be used with a cluster/,
  ],
  [
    "a client's certificate without its key",
    { valkey: { ...nowhere, tls: true, certificates: { cert: 'PEM' } } },
    /^VALKEY_TLS_CERT and VALKEY_TLS_KEY belong together/,
  ],
])('%s is rejected, even when the program names it', async (_, stores: object, sentence) => {
  expect(() => new MemoryManager({ ...config, ...stores })).toThrow(sentence);
  await expect(startWorkers({ ...memory.config, ...stores }, ['store'])).rejects.toThrow(sentence);
});

/** Every public method, with an option that it does not know. */
const CALLS: Readonly<Record<string, (options: object) => Promise<unknown>>> = {
  storeEpisode: (options) => given.storeEpisode('x', null, options),
  enqueueEpisode: (options) => given.enqueueEpisode('x', null, options),
  enqueueEpisodes: (options) => given.enqueueEpisodes([{ content: 'x' }], options),
  'an episode of enqueueEpisodes': (options) => given.enqueueEpisodes([{ content: 'x', ...options }]),
  enqueueFact: (options) => given.enqueueFact({ source: 'a', relation: 'B', target: 'c' }, null, options),
  'a fact': (options) => given.enqueueFact({ source: 'a', relation: 'B', target: 'c', ...options }),
  import: (options) => given.import('auto', { text: '[]' }, options),
  waitFor: (options) => given.waitFor({ queue: 'store', jobId: 'x' }, options),
  queryMemory: (options) => given.queryMemory('x', 5, options),
  search: (options) => given.search('x', 5, options),
  getEntities: (options) => given.getEntities(undefined, options),
  getHistory: (options) => given.getHistory('x', options),
  getTimeline: (options) => given.getTimeline(options),
  getMentions: (options) => given.getMentions('x', options),
  getEpisode: (options) => given.getEpisode('x', options),
  getFact: (options) => given.getFact('x', options),
  exportToB2: (options) => given.exportToB2(options),
  export: (options) => given.export(options),
  exportAll: (options) => given.exportAll(options),
  forget: (options) => given.forget({ episode: 'x' }, options),
  forgetGroup: (options) => given.forgetGroup('x', options),
  redact: (options) => given.redact(options),
  'what is forgotten': (options) => given.forget({ episode: 'x', ...options }),
  getStatus: (options) => given.getStatus(options),
  getWaitingJobs: (options) => given.getWaitingJobs(options),
  'archives.list': (options) => given.archives.list(options),
  'archives.verify': (options) => given.archives.verify('latest', options),
  'archives.restore': (options) => given.archives.restore('latest', options),
  'archives.rebuild': (options) => given.archives.rebuild(options),
  'archives.acceptLoss': (options) => given.archives.acceptLoss(options),
  'archives.planReembedding': (options) => given.archives.planReembedding(options),
  'archives.reembed': (options) => given.archives.reembed(options),
  'archives.prune': (options) => given.archives.prune({ keep: { daily: 1 }, ...options }),
  'communities.list': (options) => given.communities.list(options),
  'communities.build': (options) => given.communities.build(options),
  'deadLetters.list': (options) => given.deadLetters.list(options),
  'deadLetters.get': (options) => given.deadLetters.get('x', options),
  'deadLetters.replay': (options) => given.deadLetters.replay('all', options),
  'deadLetters.drop': (options) => given.deadLetters.drop('all', options),
  'episodes.list': (options) => given.episodes.list(options),
  'episodes.getExtracted': (options) => given.episodes.getExtracted(['x'], options),
  'episodes.getEndedSentences': (options) => given.episodes.getEndedSentences('x', options),
  'episodes.getUse': (options) => given.episodes.getUse(new Date(), options),
  'episodes.getState': (options) => given.episodes.getState('x', options),
  'sagas.list': (options) => given.sagas.list(options),
  suggestEntities: (options) => given.suggestEntities('x', options),
  getBriefing: (options) => given.getBriefing(options),
  getLastBriefing: (options) => given.getLastBriefing(options),
  'episodes.confirm': (options) => given.episodes.confirm('x', options),
  'episodes.unpin': (options) => given.episodes.unpin('x', options),
  'sagas.get': (options) => given.sagas.get('x', options),
  'sagas.summarize': (options) => given.sagas.summarize('x', options),
};

test.each(Object.keys(CALLS))('%s rejects unknown options by name', async (name) => {
  await expect(CALLS[name]?.(unknown)).rejects.toMatchObject({
    name: 'InvalidInputError',
    message: expect.stringMatching(/ has no "nope"; there is \w/),
  });
});

test('the table covers every public method', () => {
  const methods = (it: object) => Object.getOwnPropertyNames(it).filter((name) => name !== 'constructor');
  const own = methods(MemoryManager.prototype);
  const rooms = ['archives', 'communities', 'deadLetters', 'episodes', 'sagas'];
  const inRooms = rooms.flatMap((room) => methods(given[room]).map((name) => `${room}.${name}`));

  // These take no options.
  const without = [
    'connect',
    'getWorkerCount',
    'getJobCounts',
    'getLastFailure',
    'drainSpool',
    'getGraphSize',
    'getGroups',
    'getGroupNames',
    'close',
  ];
  expect(Object.keys(CALLS)).toEqual(
    expect.arrayContaining([...own, ...inRooms].filter((it) => !without.includes(it))),
  );
});

describe('a misspelt option is rejected with a suggestion', () => {
  test.each([
    [() => given.storeEpisode('x', null, { referencetime: new Date() }), meant('referencetime', 'referenceTime')],
    [() => given.enqueueEpisode('x', null, { idempotency_key: 'k' }), meant('idempotency_key', 'idempotencyKey')],
    [() => given.queryMemory('x', 5, { asof: new Date() }), meant('asof', 'asOf')],
    [() => given.search('x', 5, { filters: { type: ['Person'] } }), meant('type', 'types')],
    [() => given.forget({ episode: 'x' }, { dryrun: true }), meant('dryrun', 'dryRun')],
    [() => given.forget({ epsiode: 'x' }), meant('epsiode', 'episode')],
    [() => given.archives.prune({ keep: { dayly: 1 } }), meant('dayly', 'daily')],
    [() => new MemoryManager({ grup: 'x' } as Any), meant('grup', 'group')],
    [() => new MemoryManager({ valkey: { ...nowhere, prot: 1 } } as Any), meant('prot', 'port')],
    [() => new MemoryManager({}, { onnotice: () => {} } as Any), meant('onnotice', 'onNotice')],
    [() => startWorkers(memory.config, ['stor'] as Any), meant('stor', 'store')],
    [() => startWorkers(memory.config, ['store'], { onNotify: () => {} } as Any), meant('onNotify', 'onNotice')],
  ])('%s', async (call, sentence) => {
    await expect(async () => call()).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: expect.stringMatching(sentence),
    });
  });
});

describe('values of the wrong type are rejected with a message', () => {
  test.each([
    [() => new MemoryManager({ group: 'a b' }), /^The group "a b" is not a valid name/],
    [
      () => new MemoryManager({ valkey: { ...nowhere, port: '6380' } } as Any),
      /^The configuration "valkey.port" must be a whole number from 1 to 65535\.$/,
    ],
    [() => new MemoryManager({ models: 'gpt' } as Any), /^The configuration "models" must be openai or local\.$/],
    [() => new MemoryManager({}, { embedder: {} } as Any), /"embedder" must be an object with embed\(\), close\(\)\.$/],
    [() => new MemoryManager(null as Any), /^The configuration must be an object\.$/],
    [() => given.waitFor({ queue: 'nope', jobId: 'x' }), /^The queue must be store or export\.$/],
    [() => given.waitFor(undefined), /^A receipt is what an enqueue method returned/],
    [
      () => given.waitFor({ queue: 'store', jobId: 'x' }, { timeoutMs: Number.POSITIVE_INFINITY }),
      /^waitFor "timeoutMs" must be a whole number from 1 to 2147483647\.$/,
    ],
    [
      () => given.waitFor({ queue: 'store', jobId: 'x' }, { signal: {} }),
      /^waitFor "signal" must be an AbortSignal\.$/,
    ],
    [() => given.connect('nope'), /^The queue must be store or export\.$/],
    [() => given.getJobCounts('nope'), /^The queue must be store or export\.$/],
    [() => given.getWorkerCount(undefined), /^The queue must be store or export\.$/],
    [() => given.getLastFailure(['store']), /^The queue must be store or export\.$/],
    [() => given.deadLetters.list({ queue: 'nope' }), /"queue" must be store or export\.$/],
    [() => given.deadLetters.replay('some'), /^The ids must be a list\.$/],
    [() => given.episodes.getExtracted('x'), /^The uuids must be a list\.$/],
    [() => given.enqueueEpisodes('x'), /^What is stored must be a list\.$/],
    [() => given.enqueueEpisodes([null]), /^Episode 1: An episode must be an object\.$/],
    [() => given.enqueueEpisode('x', null, null), /^An episode must be an object\.$/],
    [() => given.enqueueEpisode('x', null, { spool: 'yes' }), /^An episode "spool" must be true or false\.$/],
    [() => given.enqueueFact(undefined), /^A fact must be an object\.$/],
    [() => given.queryMemory('x', 5, { cache: 'no' }), /^A query "cache" must be true or false\.$/],
    [() => given.search('x', 5, { asOf: '2025-01-01' }), /^The time asOf must be a valid Date/],
    [() => given.export({ onProgress: true }), /^export "onProgress" must be a function\.$/],
    [() => given.archives.verify(undefined), /^The archive's name must be text\.$/],
    [() => given.archives.prune({ keep: { daily: 1.5 } }), /"keep.daily" must be a whole number from 0\.$/],
    [() => given.archives.prune(undefined), /^archives\.prune must be an object\.$/],
    [() => given.archives.prune({}), /^Give the number of archives to keep/],
    [() => given.forget(undefined), /^Name exactly one thing to forget/],
    [() => given.forget({ episode: 'x', fact: 'y' }), /^Name exactly one thing to forget/],
    [() => given.forget({ episode: 'x', limit: 3 }), /^forget takes a limit only with a query\.$/],
    [() => given.import('auto', 5), /^import takes the path of a file/],
    [() => given.import('auto', { text: 5 }), /^import takes the path of a file/],
    [() => given.getGraphSize(5), /^The group "5" is not a valid name/],
  ])('%s', async (call, sentence) => {
    await expect(async () => call()).rejects.toMatchObject({
      name: 'InvalidInputError',
      message: expect.stringMatching(sentence),
    });
  });
});

test('undefined in the configuration is the same as leaving it out', () => {
  const { config: used } = new MemoryManager({ ...config, group: undefined, exportDir: undefined } as Any);

  expect(used.group).toBe('_');
  expect(used.exportDir).toBe(memory.config.exportDir);
});
