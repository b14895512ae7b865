import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { DAY } from '../../../src/time.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { modelsAt } from './settings.ts';

const KNOWLEDGE = ['same: Kubernetes service = Kubernetes', 'exclusive: KEEPS_SESSIONS_IN'].join('\n');

const stores = useStores();
let fake: FakeOpenAI;
let memory: MemoryManager;
let worker: RunningWorkers;

beforeAll(async () => {
  fake = await startFakeOpenAI({ knowledge: KNOWLEDGE });
  const types = join(stores.config.home, '..', 'memory.config.json');
  const attributes = { type: 'object', properties: { role: { type: 'string' } } };
  await writeFile(
    types,
    JSON.stringify({ entityTypes: { Person: { description: 'a human', attributes }, Project: {} } }),
  );
  const config = { ...stores.config, ...modelsAt(fake), configFile: types };
  worker = await startWorkers(config, ['store']);
  memory = new MemoryManager(config);
});
afterAll(async () => {
  await memory?.close();
  await worker?.close();
  await fake?.close();
});

let group = '';
beforeEach(() => {
  group = newGroup();
  fake.reset();
});
afterEach(() => fake.reset());

const date = (day: number) => new Date(Date.UTC(2025, 0, day));
const tell = async (day: number, content: string) =>
  memory.waitFor(await memory.enqueueEpisode(content, null, { group, source: 'message', referenceTime: date(day) }));

describe('a memory with an OpenAI model', () => {
  test('answers what holds now, what held at a date, and what was known then', async () => {
    await tell(1, 'Harbor KEEPS_SESSIONS_IN Redis: Harbor keeps its sessions in Redis');
    const before = new Date();
    // A text of the same millisecond would have been known at that time.
    await until('a later millisecond', async () => Date.now() > before.getTime());
    await tell(9, 'Harbor KEEPS_SESSIONS_IN Valkey: Harbor keeps its sessions in Valkey');

    const ask = (options: object) =>
      memory.queryMemory('where does Harbor keep its sessions', 1, { group, ...options });
    expect(await ask({})).toContain('Valkey');
    expect(await ask({ asOf: date(5) })).toMatch(/keeps its sessions in Redis \((?:said )?2025-01-01/);
    expect(await ask({ knownAt: before })).toContain('keeps its sessions in Redis');
    const { facts } = await memory.getHistory('harbor', { group });
    expect(facts.map(({ fact, invalidAt }) => [fact, invalidAt])).toEqual([
      ['Harbor keeps its sessions in Redis', date(9)],
      ['Harbor keeps its sessions in Valkey', null],
    ]);
  });

  test('recognizes an alias of an entity in later texts and in queries', async () => {
    await tell(1, 'Kubernetes RUNS Harbor: Kubernetes runs Harbor');
    await tell(2, 'Kubernetes service RUNS Quay: The Kubernetes service runs Quay');

    expect((await memory.getEntities(undefined, { group })).map(({ name }) => name)).toEqual([
      'Harbor',
      'Kubernetes',
      'Quay',
    ]);
    expect((await memory.getHistory('kubernetes SERVICE', { group })).facts).toHaveLength(2);
  });

  test('stores a given fact unchanged, without a model call, and only as a fact', async () => {
    await memory.waitFor(
      await memory.enqueueFact({ source: 'Harbor', relation: 'runs in', target: 'Oslo' }, null, { group }),
    );

    expect(fake.called('extract')).toEqual([]);
    expect(await memory.queryMemory('Harbor Oslo', 5, { group })).toMatch(/^- Harbor runs in Oslo \(since [\d-]+\)$/);
    expect((await memory.search('Harbor Oslo', 5, { group, find: 'episodes' })).episodes).toEqual([]);
  });

  test('stores the attributes of custom types', async () => {
    await tell(1, 'Mira [Person role="lead"] LEADS Harbor [Project]: Mira leads Harbor');

    const [mira] = await memory.getEntities('person', { group });
    expect(mira).toMatchObject({ name: 'Mira', type: 'Person', attributes: { role: 'lead' } });
    const history = await memory.getHistory('Mira', { group });
    expect(history.facts).toHaveLength(1);
  });

  test('shows the model earlier episodes, and no later ones', async () => {
    await tell(1, 'Mira: we talked about the first thing');
    await tell(3, 'Mira: we talked about the third thing');
    await tell(2, 'Harbor USES Redis: Harbor uses Redis');

    const prompt = JSON.stringify(fake.called('extract').at(-1)?.body);
    expect(prompt).toContain('the first thing');
    expect(prompt).not.toContain('the third thing');
  });

  test('records the cost of every call with its episode', async () => {
    const receipt = await memory.enqueueEpisode('Berth COSTS Mooring: Berth costs a mooring', null, { group });
    await memory.waitFor(receipt);

    const { use } = await memory.getEpisode(receipt.uuid, { group });
    expect(use.map(({ purpose }) => purpose)).toEqual(['extract', 'embed']);
    expect(use[0]).toMatchObject({
      model: 'gpt-4.1-mini',
      promptTokens: fake.called('extract')[0]?.promptTokens,
      completionTokens: fake.called('extract')[0]?.completionTokens,
    });
    expect(use.every(({ promptTokens }) => promptTokens > 0)).toBe(true);
  });

  test('ends every job despite failures of the server', async () => {
    fake.fail(
      { kind: 'server-error', status: 500 },
      { kind: 'rate-limit', retryAfter: '1' },
      'refusal',
      'truncated',
      'reset',
    );

    await Promise.allSettled([1, 2, 3].map((day) => tell(day, `Part${day} USES Redis: Part${day} uses Redis`)));
    const ended = await memory.getJobCounts('store');

    expect(ended.waiting + ended.active + ended.delayed).toBe(0);
    const found = await memory.search('uses Redis', 10, { group });
    expect(found.facts.length + ended.failed).toBe(3);
  });

  test('keeps the end of a fact to the day', async () => {
    await tell(1, 'Harbor KEEPS_SESSIONS_IN Redis: Harbor keeps its sessions in Redis (2025-01-01..2025-01-03)');

    const at = (time: number) => memory.search('sessions', 5, { group, asOf: new Date(time) });
    expect((await at(date(3).getTime() - 1)).facts).toHaveLength(1);
    expect((await at(date(3).getTime())).facts).toHaveLength(0);
    expect((await at(date(1).getTime() - DAY)).facts).toHaveLength(0);
  });
});
