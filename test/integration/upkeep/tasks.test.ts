import type { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInputError, JobFailedError, NoWorkerError } from '../../../src/errors.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { openProducer } from '../../../src/queue/producer.ts';
import { openQueue, openQueues } from '../../../src/queue/queues.ts';
import { openUpkeep } from '../../../src/upkeep/upkeep.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { startStoreWorker } from '../../../workers/store-role.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { know, link, recordDay, useTools } from './support.ts';

const stores = useStores();
const tools = useTools(stores);
let worker: Worker;
let memory: MemoryManager;
let queue: Queue;

beforeAll(async () => {
  memory = new MemoryManager(stores.config);
  const connection = retryingConnection(stores.config.valkey);
  const adding = retryingConnection(stores.config.valkey);
  queue = openQueue('store', adding, stores.config);
  worker = startStoreWorker(stores.config, connection, async () => {}, openUpkeep(tools));
  worker.on('closed', () => {
    for (const opened of [connection, adding]) opened.disconnect();
  });
  await worker.waitUntilReady();
});
afterAll(async () => {
  await memory.close();
  await queue.close();
  await worker.close();
});

/** A command line with a memory of its own. */
function newMemory() {
  const group = newGroup();
  const environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };
  return { group, graph: tools.graphs.group(group), run: (...args: string[]) => runCommand(args, environment) };
}

describe('a task', () => {
  test('is run by a worker, and its result is returned', async () => {
    const group = newGroup();
    await know(tools, group, ['Harbor uses Redis']);

    expect(await memory.communities.build({ group })).toEqual({ communities: 1, members: 2 });
    expect(await memory.communities.list({ group })).toEqual([
      {
        uuid: expect.any(String),
        name: expect.stringMatching(/^About/),
        summary: 'community of 2.',
        members: ['Harbor', 'Redis'],
      },
    ]);
  });

  test('fails at once with its reason if it cannot succeed', async () => {
    // No release names a kind so: a kind that a newer one could have waits for that release.
    const data = { version: 1, group: 'x', task: { kind: 'Forget everything.' } };
    await queue.add('task', data, { jobId: 'unknown-task', attempts: 9 });
    await queue.add('strange', {}, { jobId: 'strange-job', attempts: 9 });

    await expect(memory.waitFor({ queue: 'store', jobId: 'unknown-task' })).rejects.toThrow(JobFailedError);
    await expect(memory.waitFor({ queue: 'store', jobId: 'strange-job' })).rejects.toThrow(/jobs named "strange"/);
  });

  test('of summaries is one job for all callers at the same moment', async () => {
    const queues = openQueues(stores.config);
    const producer = openProducer(queues);
    const group = newGroup();
    await memory.connect('store');

    const [first, ...others] = await Promise.all([1, 2, 3].map(() => producer.task(group, { kind: 'summaries' })));

    const jobId = others.at(-1)?.jobId ?? '';
    expect(new Set([first?.jobId, ...others.map((it) => it.jobId)]).size).toBeLessThanOrEqual(2);
    const ended = memory.waitFor({ queue: 'store', jobId });
    await (await queue.getJob(jobId))?.promote();
    expect(await ended).toEqual({ entities: 0 });
    await queues.close();
  });

  test('is refused with a clear message when no worker runs', async () => {
    const lonely = new MemoryManager({ ...stores.config, queuePrefix: '{lonely}' });
    const environment = { ...environmentOf(stores.config), MEMORY_QUEUE_PREFIX: '{lonely}' };

    await expect(lonely.communities.build()).rejects.toThrow(NoWorkerError);
    expect(await runCommand(['communities'], environment)).toMatchObject(
      failedWith(/^No worker is running to do this/),
    );
    await lonely.close();
  });

  test('continues when the wait for it is aborted', async () => {
    const group = newGroup();
    await know(tools, group, ['Harbor uses Redis']);
    const stop = new AbortController();
    await queue.pause();
    const built = memory.communities.build({ group, signal: stop.signal });
    built.catch(() => {});
    await until('the task is queued', async () => (await memory.getJobCounts('store')).waiting > 0);

    stop.abort(new Error('The program ends.'));

    await expect(built).rejects.toThrow('The program ends.');
    await queue.resume();
    await until('it is done', async () => (await memory.communities.list({ group })).length > 0);
  });

  test('is not queued when its signal is already aborted', async () => {
    const group = newGroup();
    await know(tools, group, ['Harbor uses Redis']);
    const signal = AbortSignal.abort(new Error('Too late.'));

    await expect(memory.communities.build({ group, signal })).rejects.toThrow('Too late.');
    await expect(memory.forget({ entity: 'Harbor' }, { group, signal })).rejects.toThrow('Too late.');
    expect(await memory.getGraphSize(group)).toMatchObject({ entities: 2 });
  });

  test('for something that does not exist is refused before it is queued', async () => {
    await expect(memory.sagas.summarize('nothing')).rejects.toThrow(InvalidInputError);
    await expect(memory.forget({ episode: 'episode_nothing' })).rejects.toThrow(InvalidInputError);
    await expect(memory.communities.build({ group: 'a b' })).rejects.toThrow(InvalidInputError);
  });
});

describe('communities', () => {
  test('are built and printed with their number of members', async () => {
    const { group, run } = newMemory();
    await know(tools, group, ['Harbor uses Redis', 'Harbor likes Redis', 'Harbor uses Node', 'Quay uses Go']);

    const built = await run('communities');
    const listed = JSON.parse((await run('communities', '--list', '--json')).stdout);

    expect(built).toMatchObject({ status: 0, stderr: '' });
    expect(built.stdout).toMatch(/^ {3}3 {2}About Harbor\n {3}2 {2}About (Quay|Go)\n$/);
    expect(listed).toMatchObject([
      { name: 'About Harbor', members: ['Harbor', 'Node', 'Redis'] },
      { summary: 'community of 2.' },
    ]);
  });

  test('are reported as empty when there are no communities', async () => {
    const { run } = newMemory();

    expect(await run('communities')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'There are no communities yet: no entities are related closely enough.\n',
    });
    expect(await run('communities', '--list')).toMatchObject({ stderr: 'No communities have been built yet.\n' });
    expect(await run('communities', '--list', '--json')).toMatchObject({ stdout: '[]\n', stderr: '' });
  });
});

describe('the saga command', () => {
  test('lists, shows and summarizes sagas', async () => {
    const { graph, run } = newMemory();
    await link(graph, [await recordDay(graph, 2), await recordDay(graph, 1), await recordDay(graph, 9, 'Other: "x"')]);

    const summary = await run('saga', 'summarize', 'session');
    const [list, show, other] = await Promise.all([
      run('saga', 'list'),
      run('saga', 'show', 'session'),
      run('saga', 'show', 'Other: "x"', '--json'),
    ]);

    expect(summary).toMatchObject({ status: 0, stdout: 'saga of 2.\n', stderr: '' });
    expect(list.stdout).toBe('    1  2025-01-09  2025-01-09  Other: "x"\n    2  2025-01-01  2025-01-02  session\n');
    expect(show.stdout).toMatch(/^saga of 2\.\n\n2025-01-01 {2}episode_\S+\n2025-01-02 {2}episode_\S+\n$/);
    expect(JSON.parse(other.stdout)).toEqual({
      uuid: expect.any(String),
      name: 'Other: "x"',
      summary: '',
      episodeCount: 1,
      episodes: [{ uuid: expect.any(String), name: expect.any(String), referenceTime: '2025-01-09T00:00:00+00:00' }],
    });
  });

  test('explains an error in one sentence', async () => {
    const { group, run } = newMemory();

    expect(await run('saga', 'show', 'x')).toMatchObject(
      failedWith(new RegExp(`^There is no saga "x" in the memory "${group}"`)),
    );
    expect(await run('saga', 'show')).toMatchObject(failedWith(/needs the name of a saga/));
    expect(await run('saga', 'list', 'x')).toMatchObject(failedWith(/takes no name/));
    expect(await run('saga', 'forget', 'x')).toMatchObject(
      failedWith(/no action "forget"; use list, show or summarize/),
    );
    expect(await run('saga', 'list')).toMatchObject({ status: 0, stderr: 'This memory has no sagas yet.\n' });
  });
});

describe('the forget command', () => {
  test('takes a name or a uuid and reports what was removed', async () => {
    const { graph, run } = newMemory();
    const { episode } = await recordDay(graph, 1);
    const [{ name = '' } = {}] = await graph.read<{ name: string }>('MATCH (p:Episodic) RETURN p.name AS name');

    const [dry, json, forgotten] = [
      await run('forget', 'episode', episode, '--dry-run'),
      await run('forget', 'episode', name, '--dry-run', '--json'),
      await run('forget', 'episode', name),
    ];

    expect(dry.stdout).toBe(`Would forget: 1 episode, 0 facts and 0 entities:\n  episode  ${name}\n`);
    expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, episodes: [{ uuid: episode, name }], facts: [] });
    expect(forgotten.stdout).toMatch(`Forgotten: 1 episode, 0 facts and 0 entities:\n  episode  ${name}\n`);
    expect(await graph.read('MATCH (p:Episodic) RETURN count(p) AS n')).toEqual([{ n: 0 }]);
  });

  test('forgets a fact, an entity and a session', async () => {
    const { graph, run } = newMemory();
    await know(tools, graph.group, ['Harbor uses Redis', 'Harbor likes Node', 'Quay uses Go']);
    await link(graph, [await recordDay(graph, 1), await recordDay(graph, 2)]);
    const [{ uuid = '' } = {}] = await graph.read<{ uuid: string }>(
      "MATCH ()-[e:RELATES_TO {fact: 'Harbor uses Redis'}]->() RETURN e.uuid AS uuid",
    );

    expect((await run('forget', 'fact', uuid)).stdout).toMatch(
      /^Forgotten: 0 episodes, 1 fact and .*:\n {2}fact {5}Harbor uses Redis\n/,
    );
    expect((await run('forget', 'entity', 'quay')).stdout).toMatch(
      / {2}fact {5}Quay uses Go\n(.*\n)* {2}entity {3}Quay\n/,
    );
    expect((await run('forget', 'session', 'session')).stdout).toMatch(/^Forgotten: 2 episodes/);
    expect(await graph.read('MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS fact')).toEqual([
      { fact: 'Harbor likes Node' },
    ]);
    expect(await graph.read('MATCH (n) WHERE n:Episodic OR n:Saga RETURN count(n) AS n')).toEqual([{ n: 0 }]);
  });

  test('finds an episode by the short uuid that briefings print', async () => {
    const { graph, run } = newMemory();
    await recordDay(graph, 1);
    await recordDay(graph, 2);
    await graph.write(
      `MATCH (p:Episodic) WITH p ORDER BY p.valid_at WITH collect(p) AS all
       UNWIND [0, 1] AS place WITH all[place] AS p, place
       SET p.uuid = ['0f8b5cde', '1f8b5cde'][place] + '-3a0b-5f6e-9d5b-0d6d6ad6a1b2', p.name = 'day ' + place`,
    );

    expect((await run('episode', '1F8B5CDE')).stdout).toMatch(/^day 1 {2}1f8b5cde-3a0b/);
    expect((await run('forget', 'episode', '0f8b5cde', '--dry-run')).stdout).toMatch(/ {2}episode {2}day 0\n/);
    expect(await run('episode', '0f8b5cd')).toMatchObject(failedWith(/^There is no episode "0f8b5cd"/));
    await graph.write(`MATCH (p:Episodic) SET p.uuid = '0f8b5cde' + substring(p.uuid, 8, 27) + p.name`);
    expect(await run('episode', '0f8b5cde')).toMatchObject(failedWith(/^More than one episode .*"0f8b5cde"/));
  });

  test('refuses an argument that matches nothing or several things', async () => {
    const { group, graph, run } = newMemory();
    await recordDay(graph, 1);
    await recordDay(graph, 2);
    await graph.write(`MATCH (p:Episodic) SET p.name = 'twice'`);

    expect(await run('forget', 'episode', 'twice')).toMatchObject(
      failedWith(/^More than one episode is named "twice"; give the uuid, such as/),
    );
    for (const kind of ['episode', 'fact', 'entity'])
      expect(await run('forget', kind, 'never')).toMatchObject(
        failedWith(new RegExp(`^There is no ${kind} "never" in the memory "${group}"`)),
      );
    expect(await run('forget', 'session', 'never')).toMatchObject(
      failedWith(/^There is no episode of a session "never"/),
    );
    expect(await run('forget', 'all', 'x')).toMatchObject(
      failedWith(/^forget takes episode, fact, entity, query or session, not "all"/),
    );
  });
});
