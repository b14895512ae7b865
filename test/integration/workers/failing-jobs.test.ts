import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServers } from '../../../src/embedded/servers.ts';
import * as errors from '../../../src/errors.ts';
import { openGraphs } from '../../../src/graph/graphs.ts';
import type { Ingest } from '../../../src/ingest/ingest.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { postponeReason } from '../../../src/queue/failure-reason.ts';
import { STORE_OPTIONS } from '../../../src/queue/jobs.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { openLeases } from '../../../src/valkey/lease.ts';
import { startWorkers } from '../../../workers/main.ts';
import { startStoreWorker } from '../../../workers/store-role.ts';
import { startConfigured } from '../../support/configured-server.ts';
import { type Fault, type FaultName, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { modelsAt } from '../models/settings.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
let config: typeof stores.config;
let memory: MemoryManager;
let queue: Queue;
let said: string[] = [];
beforeEach(() => open(stores.config));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A queue and a group of the test's own. */
function open(base: typeof stores.config): void {
  // Without a key of the journal a worker says so first.
  const journalKey = { secret: 'a secret that Valkey never sees, of 32 and more' };
  config = { ...base, queuePrefix: `{${newGroup()}}`, group: newGroup(), journalKey };
  memory = new MemoryManager(config);
  const connection = retryingConnection(config.valkey);
  queue = new Queue('store', { connection, prefix: config.queuePrefix });
  said = [];
  closers.push(
    () => connection.disconnect(),
    () => queue.close(),
    () => memory.close(),
  );
}

const onNotice = (sentence: string) => void said.push(sentence);
const counts = () => memory.getJobCounts('store');
const jobOf = async (uuid: string) => (await queue.getJob(uuid)) as Job;
const completed = (count: number) => async () => (await counts()).completed === count;

/** A whole worker; its model is the fake one where a test gives a fault for its calls. */
async function start(faultOf?: (content: string, purpose: string) => Fault | FaultName | undefined) {
  if (!faultOf) {
    const running = await startWorkers(config, ['store', 'export'], {
      languageModel: plainModel(),
      embedder: plainEmbedder(),
      onNotice,
    });
    closers.push(() => running.close());
    return undefined;
  }
  const fake = await startFakeOpenAI({ faultOf: ({ body, purpose }) => faultOf(JSON.stringify(body), purpose) });
  const running = await startWorkers({ ...config, ...modelsAt(fake) }, ['store'], {
    onNotice,
  });
  closers.push(
    () => fake.close(),
    () => running.close(),
  );
  return fake;
}

/** Only what takes jobs, with `ingest` in place of all that stands behind. */
function startTaking(ingest: Ingest, metrics?: Metrics): void {
  const connection = retryingConnection(config.valkey);
  const told = { onNotice, ...(metrics && { metrics }) };
  const worker = startStoreWorker(config, connection, ingest, { run: async () => ({ entities: 0 }) }, told);
  closers.push(async () => {
    await worker.close();
    connection.disconnect();
  });
}

describe('a FalkorDB outage', () => {
  beforeEach(async () => {
    const servers = await startServers({ env: {} });
    if (!servers.own) throw new Error('this test needs servers of its own');
    closers.push(() => servers.stop());
    const { host, port } = servers.falkordb;
    open({ ...stores.config, falkordb: { host, port, tls: false } });
    falkordb = servers.falkordb;
  });
  let falkordb: { kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<unknown>; restart(): Promise<unknown> };

  test('makes jobs wait without an attempt, reports why, and all succeed soon after it ends', async () => {
    await start();
    await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.'));
    await falkordb.kill('SIGKILL');
    const began = performance.now();
    const receipts = await memory.enqueueEpisodes(
      Array.from({ length: 40 }, (_, index) => ({ content: `Harbor uses Part${index}.` })),
    );
    const [first = { uuid: '' }] = receipts;

    await until('a reason', async () =>
      (await memory.getLastFailure('store'))?.match(/^FalkorDB at .* does not answer/),
    );
    await until('its reason', async () => postponeReason((await jobOf(first.uuid)).progress));
    await expect(memory.waitFor(first as never, { timeoutMs: 2 * SECOND })).rejects.toThrow(
      /Its last try failed: FalkorDB at .* does not answer/,
    );
    const tries = await Promise.all(receipts.map(async ({ uuid }) => (await jobOf(uuid)).attemptsStarted));
    const seconds = (performance.now() - began) / SECOND;
    await falkordb.restart();
    await until('all jobs', completed(41));

    expect((await memory.getGraphSize()).episodes).toBe(41);
    const jobs = await Promise.all(receipts.map(({ uuid }) => jobOf(uuid)));
    for (const job of jobs) expect(job.attemptsMade).toBe(1);
    // The queue rests: the 40 jobs are not tried over and over.
    expect(tries.reduce((sum, one) => sum + one)).toBeLessThan(50 * (1 + seconds));
    expect(said.filter((line) => line.includes('does not answer')).length).toBeLessThan(3 * (1 + seconds));
    expect(said[0]).toMatch(/^store \S+ failed \(attempt 1, postponed; no attempt is counted\): FalkorDB at/);
  });
});

describe('a command that Valkey refuses in the middle of a job', () => {
  test.each<[string, string[], (connection: Redis) => Promise<unknown>, RegExp]>([
    [
      'without the right',
      ['user', 'default on nopass ~* -@all +ping +info'],
      (it) => it.get('x'),
      /^Valkey at .* does not let its user run GET; grant that/,
    ],
    ['out of memory', ['maxmemory', '1'], (it) => it.set('x', 'y'), /^Valkey at .* is out of memory/],
    [
      'out of memory, in a script',
      ['maxmemory', '1'],
      (it) => it.eval("return redis.call('SET', KEYS[1], 'y')", 1, 'x'),
      /^Valkey at .* is out of memory/,
    ],
    ['as a replica', ['replicaof', '127.0.0.1 1'], (it) => it.set('x', 'y'), /^Valkey at .* is a replica/],
    [
      'without enough replicas',
      ['min-replicas-to-write', '1'],
      (it) => it.set('x', 'y'),
      /^Valkey at .* has fewer good replicas than its min-replicas-to-write demands/,
    ],
    [
      'without enough replicas, in a script',
      ['min-replicas-to-write', '1'],
      (it) => it.eval("return redis.call('SET', KEYS[1], 'y')", 1, 'x'),
      /^Valkey at .* has fewer good replicas than its min-replicas-to-write demands/,
    ],
    ['on a closed connection', [], async (it) => it.disconnect() ?? it.get('x'), /^Valkey at .* does not answer/],
  ])('%s makes the job wait without an attempt, and reports why', async (_, [setting, value], use, sentence) => {
    const server = await startConfigured(setting ? [`${setting} ${value}`] : []);
    const refusing = new Redis({ host: server.host, port: server.port, enableReadyCheck: false });
    closers.push(
      () => server.stop(),
      () => refusing.disconnect(),
    );
    let tries = 0;
    startTaking(async () => {
      tries += 1;
      if (tries <= 2) await use(refusing);
    });

    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the end', completed(1));

    const told = said[0]?.split(' failed (attempt 1, postponed; no attempt is counted): ');
    expect(told).toEqual([`store ${uuid}`, expect.stringMatching(sentence)]);
    expect(await jobOf(uuid)).toMatchObject({ attemptsMade: 1, attemptsStarted: 3 });
  });

  test('a job that was taken over is reported once, and not as a failure', async () => {
    const release = Promise.withResolvers<void>();
    const model = plainModel();
    const extract: typeof model.extract = async (...args) => {
      await release.promise;
      return model.extract(...args);
    };
    const running = await startWorkers({ ...config, takeoverMs: 2 * SECOND }, ['store'], {
      languageModel: { ...model, extract },
      embedder: plainEmbedder(),
      onNotice,
    });
    closers.push(() => running.close());
    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the job', async () => (await counts()).active === 1);
    const connection = retryingConnection(config.valkey);
    closers.push(() => connection.disconnect());
    await connection.set(`${queue.toKey(uuid)}:lock`, 'another');

    const sentence = `Another worker has taken over the store job ${uuid}, which this one held too long.`;
    await until('the sentence', () => said.includes(sentence));
    release.resolve();
    await connection.del(`${queue.toKey(uuid)}:lock`);
    await until('the end', completed(1));

    expect(said.filter((line) => line.includes('unexpected failure'))).toEqual([]);
    expect(said.filter((line) => line === sentence).length).toBeLessThan(3);
  });
});

test('a job of a newer release waits for a worker of that release; a job of no release becomes a dead letter', async () => {
  startTaking(async () => undefined);
  const newer = { version: 2, group: config.group, language: 'en' };
  for (const name of ['store', 'task', 'translate']) await queue.add(name, newer, { ...STORE_OPTIONS, jobId: name });
  const newKind = { version: 1, group: config.group, task: { kind: 'translate' } };
  await queue.add('task', newKind, { ...STORE_OPTIONS, jobId: 'kind' });
  await queue.add('translate', { version: 1, group: config.group }, { ...STORE_OPTIONS, jobId: 'poison' });
  await until('all reasons', async () => {
    const jobs = await Promise.all(['store', 'task', 'translate', 'kind'].map(jobOf));
    return (await counts()).failed === 1 && jobs.every(({ progress }) => postponeReason(progress));
  });

  expect(await jobOf('poison')).toMatchObject({ failedReason: 'This worker does not know jobs named "translate".' });
  expect(postponeReason((await jobOf('task')).progress)).toMatch(
    /^The task job has version 2, and this worker reads version 1/,
  );
  expect(said).toContainEqual(
    expect.stringMatching(/^store translate failed \(attempt 1, postponed.*newer release\.$/),
  );

  // While both take jobs, chance decides which of them gets one, and each postponement doubles the wait.
  await closers.pop()?.();
  const connection = retryingConnection(config.valkey);
  const done: string[] = [];
  const update = new Worker('store', async ({ id = '' }) => void done.push(id), {
    connection,
    prefix: config.queuePrefix,
  });
  closers.push(async () => {
    await update.close();
    connection.disconnect();
  });
  await until('the newer worker', completed(4));
  expect(done.sort()).toEqual(['kind', 'store', 'task', 'translate']);
  for (const id of done) expect((await jobOf(id)).attemptsMade).toBe(1);
});

test('a notice handler that throws does not affect the job', async () => {
  const model = plainModel();
  const failures = [new errors.StoreUnreachableError('away'), new errors.ModelBusyError('busy', { retryAfterMs: 1 })];
  const extract: typeof model.extract = async (...args) => {
    const failure = failures.shift();
    if (failure) throw failure;
    return model.extract(...args);
  };
  const running = await startWorkers(config, ['store'], {
    languageModel: { ...model, extract },
    embedder: plainEmbedder(),
    onNotice() {
      throw new Error('the handler is broken');
    },
  });
  closers.push(() => running.close());

  const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
  await until('the end', completed(1));

  expect(await jobOf(uuid)).toMatchObject({ attemptsMade: 1, attemptsStarted: 3 });
});

describe('a model', () => {
  test('that asks to wait is not called before; texts are found meanwhile and given facts are stored', async () => {
    let isBusy = true;
    const refusals: number[] = [];
    await start((_, purpose) => {
      if (!isBusy || purpose === 'embed') return undefined;
      refusals.push(performance.now());
      return { kind: 'rate-limit', retryAfter: '4' };
    });
    const first = await memory.enqueueEpisode('Harbor USES Redis: Harbor uses Redis');
    await until('the refusal', async () => (await counts()).delayed === 1);

    const many = await memory.enqueueEpisodes(
      Array.from({ length: 30 }, (_, index) => ({
        content: `Quay${index} USES Part${index}: Quay${index} uses Part${index}`,
      })),
    );
    const fact = await memory.enqueueFact({ source: 'Mira', relation: 'LEADS', target: 'Dock' });
    await memory.waitFor(fact);
    await until('the texts', async () => (await memory.getGraphSize()).episodes === 32);
    const waiting = await until('all that wait', async () => {
      const jobs = await Promise.all(many.map(({ uuid }) => jobOf(uuid)));
      return jobs.every(({ progress }) => postponeReason(progress)?.includes('is busy')) && jobs;
    });
    await until('another try', () => refusals.length > 1);
    isBusy = false;
    await until('all jobs', completed(32));

    // Whoever comes meanwhile does not ask either.
    const pauses = refusals.slice(1).map((at, place) => at - (refusals[place] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThan(3.9 * SECOND);
    for (const job of waiting) expect(job).toMatchObject({ attemptsMade: 0 });
    expect((await jobOf(first.uuid)).attemptsMade).toBe(1);
  });

  test('that is down makes jobs wait, however often', async () => {
    let isAway = true;
    await start((_, purpose) => (isAway && purpose === 'extract' ? 'reset' : undefined));
    const receipts = await memory.enqueueEpisodes(
      Array.from({ length: 20 }, (_, index) => ({
        content: `Quay${index} USES Part${index}: Quay${index} uses Part${index}`,
      })),
    );
    await until('many tries', async () => (await jobOf(receipts[0]?.uuid ?? '')).attemptsStarted > 3);

    const reason = await memory.getLastFailure('store');
    isAway = false;
    await until('all jobs', completed(20));

    expect(reason).toMatch(/cannot be reached \([A-Z_]+\)/);
    for (const { uuid } of receipts) expect((await jobOf(uuid)).attemptsMade).toBe(1);
  });

  test('that refuses the key costs attempts, and is called only now and then', async () => {
    const fake = await start((_, purpose) => (purpose === 'extract' ? 'wrong-key' : undefined));
    const receipts = await memory.enqueueEpisodes(
      Array.from({ length: 40 }, (_, index) => ({
        content: `Quay${index} USES Part${index}: Quay${index} uses Part${index}`,
      })),
    );
    const jobs = () => Promise.all(receipts.map(({ uuid }) => jobOf(uuid)));

    await until('three tries of each', async () => (await jobs()).every(({ attemptsMade }) => attemptsMade >= 3));

    expect(await memory.getLastFailure('store')).toMatch(/refused the key in OPENAI_API_KEY/);
    expect(fake?.called('extract').length).toBeLessThan(30);
  });

  test('that refuses some texts makes dead letters only of these, at once', async () => {
    await start((body) => (/<episode>[^<]*poison/.test(body) ? 'refusal' : undefined));
    const text = (index: number) =>
      index % 8 === 3 ? `poison ${index}` : `Quay${index} USES Part${index}: Quay${index} uses Part${index}`;
    const receipts = await memory.enqueueEpisodes(Array.from({ length: 80 }, (_, index) => ({ content: text(index) })));
    await until('all jobs', async () => (await counts()).completed + (await counts()).failed === 80);

    const letters = await memory.deadLetters.list({ limit: 100 });

    expect(letters.map(({ id }) => id).sort()).toEqual(
      receipts.flatMap(({ uuid }, index) => (index % 8 === 3 ? [uuid] : [])).sort(),
    );
    for (const letter of letters)
      expect(letter).toMatchObject({
        error: 'UnusableReplyError',
        attempts: 1,
        reason: expect.stringMatching(/the model declined to answer/),
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    // Their raw texts are stored nevertheless.
    expect((await memory.getGraphSize()).episodes).toBe(80);
  });

  test('whose server always fails on one text of a job and one of a batch delays no other jobs or texts', async () => {
    const graphs = openGraphs(config.falkordb);
    closers.push(() => graphs.close());
    const graph = graphs.group(config.group);
    // Of an older release: the worker cuts them in one task.
    const old = Array.from({ length: 30 }, (_, place) => `Pile ${place} ${place === 5 ? 'is hemlock' : 'is oak'}.`);
    await graph.write(
      `UNWIND range(0, size($old) - 1) AS place
       CREATE (:Episodic {uuid: 'old-' + place, name: 'n', group_id: $group, content: $old[place], source: 'text', source_description: '',
         entity_edges: [], created_at: '2025-01-01T00:00:00+00:00', valid_at: '2025-01-01T00:00:00+00:00'})`,
      { group: config.group, old },
    );
    const fake = await start((body, purpose) =>
      (purpose === 'embed' ? /hemlock/ : /<episode>[^<]*poison/).test(body)
        ? { kind: 'server-error', status: 500 }
        : undefined,
    );
    const poison = await memory.enqueueEpisode('poison');
    const others = await memory.enqueueEpisodes(
      Array.from({ length: 20 }, (_, index) => ({
        content: `Quay${index} USES Part${index}: Quay${index} uses Part${index}`,
      })),
    );

    for (const receipt of others) await memory.waitFor(receipt);
    const attempts = await until('counted attempts', async () => (await jobOf(poison.uuid)).attemptsMade);
    const after = await memory.waitFor(await memory.enqueueEpisode('Late USES Thing: Late uses Thing'));
    await until('the passages', () => said.some((line) => line.includes('always fails on 1 text of the memory')));
    const vectors = await until('their vectors', async () => {
      const rows = await graph.read<{ episode: string }>(
        "MATCH (v:_PassageVector) WHERE v.episode STARTS WITH 'old-' RETURN v.episode AS episode",
      );
      return rows.length === 29 && rows.map(({ episode }) => episode);
    });

    expect(attempts).toBeGreaterThan(0);
    expect(said.join('\n')).toMatch(/fails on this text every time \(500\) but answers others/);
    expect(after).toBeDefined();
    expect(vectors).not.toContain('old-5');
    expect(fake?.called('extract').filter(({ status }) => status === 200).length).toBe(21);
    for (const { uuid } of others) expect((await jobOf(uuid)).attemptsMade).toBe(1);
  });
});

describe('a failed job', () => {
  type Failure = new (message: string, options?: ErrorOptions) => Error;
  const classes = Object.entries(errors).filter(([name]) => /^[A-Z]/.test(name)) as [string, Failure][];

  test.each(classes)('with %s has the attempts and the state listed in the table', async (_, Failed) => {
    const failure = new Failed('A sentence.');
    const policy = errors.failurePolicy(failure);
    let tries = 0;
    const labels: unknown[] = [];
    startTaking(
      async () => {
        tries += 1;
        if (tries <= 2) throw failure;
      },
      { increment: (name, tags) => void (name === 'opencode.memory.jobs.failed' && labels.push(tags)) },
    );

    const { uuid } = await memory.enqueueEpisode('Harbor uses Redis.');
    await until('the end', async () => (await counts()).completed + (await counts()).failed === 1);

    const job = await jobOf(uuid);
    const ended = { state: await job.getState(), attemptsMade: job.attemptsMade, attemptsStarted: job.attemptsStarted };
    expect(ended).toEqual(
      {
        postpone: { state: 'completed', attemptsMade: 1, attemptsStarted: 3 },
        retry: { state: 'completed', attemptsMade: 3, attemptsStarted: 3 },
        deadLetter: { state: 'failed', attemptsMade: 1, attemptsStarted: 1 },
      }[policy],
    );
    const fate = { postpone: 'waits', retry: 'retried', deadLetter: 'given up' }[policy];
    expect(labels).toEqual(Array(policy === 'deadLetter' ? 1 : 2).fill({ queue: 'store', fate }));
    expect(job.stacktrace?.[0]?.split('\n')[0]).toBe(
      policy === 'postpone' ? undefined : `${failure.name}: A sentence.`,
    );
  });

  test('with an unexpected error reports only its kind; its message is kept in the dead letter', async () => {
    startTaking(async () => {
      throw new TypeError('cannot read "the secret text"');
    });
    await queue.add('store', await payload(), { ...STORE_OPTIONS, attempts: 1, jobId: 'odd' });
    await until('the failure', async () => (await counts()).failed === 1);

    const letter = await memory.deadLetters.get('odd');

    expect(letter).toMatchObject({ reason: 'An unexpected failure (TypeError).', error: 'TypeError', attempts: 1 });
    expect(letter.details.at(-1)).toBe('TypeError: cannot read "the secret text"');
    expect(`${said} ${await memory.getLastFailure('store')} ${letter.details[0]}`).not.toContain('secret');
    expect(said).toEqual(['store odd failed (attempt 1, dead letter): An unexpected failure (TypeError).']);
  });

  test('reports the reason of a counted attempt instead of a reason for waiting', async () => {
    const failures = [new errors.StaleFenceError('Somebody else wrote.'), new errors.ModelFailedError('Odd answer.')];
    startTaking(async () => {
      throw failures.shift() ?? new errors.InvalidInputError('Never.');
    });
    await memory.enqueueEpisode('Harbor uses Redis.');
    const reasons = new Set<string>();

    await until('the end', async () => {
      reasons.add((await memory.getLastFailure('store')) ?? '');
      return (await counts()).failed === 1;
    });
    reasons.add((await memory.getLastFailure('store')) ?? '');

    expect([...reasons].filter(Boolean)).toEqual(['Somebody else wrote.', 'Odd answer.', 'Never.']);
  });

  test('of an export reports progress to its caller, but not why it waits', async () => {
    await start();
    await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.'));
    const shares: number[] = [];
    const [connection, exports] = [retryingConnection(config.valkey), queue.opts];
    const leases = openLeases(connection, MINUTE);
    const lease = await leases.take(config.group);
    const ending = memory.export({ onProgress: (share) => shares.push(share) });
    const exportQueue = new Queue('export', { ...exports, connection });
    closers.push(
      () => connection.disconnect(),
      () => leases.close(),
    );
    const job = await until('the job', async () => (await exportQueue.getJobs(['active']))[0]);
    await job.updateProgress({ waitsFor: 'Something.' });
    await lease.release();
    await ending;

    expect(shares.length).toBeGreaterThan(0);
    for (const share of shares) expect(share).toBeLessThanOrEqual(1);
  });
});

async function payload() {
  const { toStoreJob } = await import('../../../src/queue/jobs.ts');
  const { newEpisode } = await import('../../../src/episode.ts');
  return toStoreJob(newEpisode('Harbor uses Redis.', null, config.group, 1000, { uuid: randomUUID() }));
}
