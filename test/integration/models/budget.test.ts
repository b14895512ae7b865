import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/index.ts';
import { guardedLanguageModel } from '../../../src/models/guarded-model.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { postponeReason } from '../../../src/queue/failure-reason.ts';
import { openQueues } from '../../../src/queue/queues.ts';
import { openSpool } from '../../../src/queue/spool/spool.ts';
import { NO_METRICS } from '../../../src/telemetry/metrics.ts';
import { openVitalSigns } from '../../../src/telemetry/vital-signs.ts';
import { DAY, HOUR } from '../../../src/time.ts';
import { openBudget, readSpending } from '../../../src/valkey/budget.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { reportGauges } from '../../../workers/gauges.ts';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, runCommand } from '../../support/command-line.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';
import { modelsAt, settingsFor } from './settings.ts';

const stores = useStores();
const closers: (() => unknown)[] = [];
let fake: FakeOpenAI;
let prefix = '';
beforeEach(async () => {
  fake = await startFakeOpenAI();
  prefix = `{${newGroup()}}`;
  closers.push(() => fake.close());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const MORNING = Date.UTC(2026, 0, 15, 9);
const clock = { now: MORNING };
beforeEach(() => {
  clock.now = MORNING;
});

/** A budget as another process opens it: on a connection of its own. */
function budgetOf(limit: number) {
  const valkey = retryingConnection(stores.config.valkey);
  closers.push(() => valkey.disconnect());
  return { valkey, ...openBudget(valkey, prefix, limit, () => clock.now) };
}

describe('a budget shared by several workers', () => {
  test('lets as many calls start at once as it can pay for, and refunds what they did not cost', async () => {
    const [one, other] = [budgetOf(1), budgetOf(1)];

    const tries = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? one : other).reserve(0.25)),
    );

    const reserved = tries.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(reserved).toHaveLength(4);
    expect(tries.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        name: 'BudgetSpentError',
        retryAfterMs: 15 * HOUR,
        message: 'The budget of $1 for 2026-01-15 (MEMORY_BUDGET) is spent; models read again from 2026-01-16T00:00Z.',
      },
    });
    for (const settle of reserved) await settle(0.125);
    expect((await readSpending(one.valkey, prefix, clock.now)).budget).toEqual({
      spent: 0.5,
      limit: 1,
      resetsAt: new Date(Date.UTC(2026, 0, 16)),
    });
    await expect(other.reserve(0.25)).resolves.toBeTypeOf('function');
  });

  test('starts again with each UTC day; a call across midnight counts for the day it began on', async () => {
    const { valkey, reserve } = budgetOf(1);
    const settle = await reserve(0.25);
    clock.now = MORNING + DAY;
    await reserve(0.5);
    await settle(2);

    expect((await readSpending(valkey, prefix, MORNING)).budget).toMatchObject({ spent: 2 });
    expect((await readSpending(valkey, prefix, clock.now)).budget).toMatchObject({ spent: 0.5 });
  });

  test('applies a raised limit at once', async () => {
    const { book, reserve } = budgetOf(1);
    await book(1);
    await expect(reserve(0.25)).rejects.toMatchObject({ name: 'BudgetSpentError' });

    await expect(budgetOf(2).reserve(0.25)).resolves.toBeTypeOf('function');
  });
});

describe('a guarded model with a budget', () => {
  const episode = { content: 'Harbor uses Redis.', source: 'text', referenceTime: new Date(0) } as const;
  const guard = (limit: number) => ({
    ...{ signs: openVitalSigns(), metrics: NO_METRICS, prices: {} },
    budget: budgetOf(limit),
  });

  test('does not read once the budget is spent, finishes what was read, and reads again the next day', async () => {
    const limited = guard(0.000001);
    const model = guardedLanguageModel(openaiLanguageModel(settingsFor(fake)), limited, 'gpt-4.1-mini');
    await model.extract(episode);
    const spent = (await readSpending(limited.budget.valkey, prefix, clock.now)).spent ?? 0;
    const asked = fake.calls.length;

    await expect(model.extract(episode)).rejects.toMatchObject({ name: 'BudgetSpentError' });
    await expect(model.summarize([])).rejects.toMatchObject({ name: 'BudgetSpentError' });
    expect(fake.calls).toHaveLength(asked);
    const harbor = { name: 'Harbor', type: 'Entity', summary: '' };
    await model.resolve({
      entities: [{ name: 'Harbour', type: 'Entity', facts: [], candidates: [harbor] }],
      facts: [],
    });
    expect(fake.called('resolve')).toHaveLength(1);
    clock.now += DAY;
    await expect(model.extract(episode)).resolves.toMatchObject({ use: expect.any(Array) });

    const [call] = fake.called('extract');
    expect(spent).toBeCloseTo(((call?.promptTokens ?? 0) * 0.4 + (call?.completionTokens ?? 0) * 1.6) / 1_000_000, 9);
  });

  test('costs nothing when its call fails', async () => {
    const limited = guard(1);
    const model = guardedLanguageModel(openaiLanguageModel(settingsFor(fake)), limited, 'gpt-4.1-mini');
    fake.fail('wrong-key');

    await expect(model.extract(episode)).rejects.toMatchObject({ name: 'ConfigError' });

    expect((await readSpending(limited.budget.valkey, prefix, clock.now)).budget).toMatchObject({ spent: 0 });
  });

  test('reads without a limit if its price is unknown, as for local models', async () => {
    const limited = guard(0);
    const model = guardedLanguageModel(plainModel(), limited);

    await expect(model.extract(episode)).resolves.toMatchObject({ entities: expect.any(Array) });
  });
});

test('with the budget spent, a worker stores and finds texts, counts no attempt, reports the reason everywhere, and reads later', async () => {
  const said: string[] = [];
  const settings = { ...stores.config, ...modelsAt(fake), queuePrefix: prefix, group: newGroup() };
  const onNotice = (sentence: string) => void said.push(sentence);
  const memory = new MemoryManager(settings);
  const connection = retryingConnection(settings.valkey);
  const queue = new Queue('store', { connection, prefix });
  closers.push(
    () => connection.disconnect(),
    () => queue.close(),
    () => memory.close(),
  );
  // A port that is taken: the worker then says at which one it answers.
  const health = { host: '127.0.0.1', port: settings.valkey.port };
  const limited = await startWorkers({ ...settings, health, budget: 0.000001 }, ['store'], { onNotice });
  await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.'));

  const { uuid } = await memory.enqueueEpisode('Lighthouse uses Kafka.');

  const job = await until('a postponed job', async () => {
    const found = await queue.getJob(uuid);
    return found && postponeReason(found.progress) && (await found.isDelayed()) ? found : undefined;
  });
  expect(job.attemptsMade).toBe(0);
  expect(await memory.queryMemory('Lighthouse Kafka')).toContain('Lighthouse uses Kafka.');
  const { valkey } = await memory.getStatus();
  expect(valkey).toMatchObject({ budget: { limit: 0.000001, spent: expect.any(Number), resetsAt: expect.any(Date) } });
  expect(said).toContainEqual(
    expect.stringMatching(/postponed; no attempt is counted\): The budget of \$0\.000001 for /),
  );
  const environment = environmentOf(settings);
  expect((await runCommand(['status'], environment)).stdout).toMatch(
    /^Budget {3}\$0\.00 of \$0\.000001 spent today \(UTC\); texts are stored, and read by the model from \d{4}-/m,
  );
  expect((await runCommand(['doctor'], environment)).stdout).toMatch(
    /budget .*The budget of today is spent .*: texts are stored, and read by the model from /,
  );
  const address = said.map((sentence) => /answer at (\S+)\.$/.exec(sentence)?.[1]).find((found) => found !== undefined);
  const { checks } = (await (await fetch(`${address}/health`)).json()) as { checks: object[] };
  expect(checks).toContainEqual({
    name: 'budget',
    status: 'degraded',
    message: expect.stringMatching(
      / of \$0\.000001 are spent today \(UTC\)\. Texts are stored, and read by the model from /,
    ),
  });
  const gauges = new Map<string, number>();
  const queues = openQueues(settings);
  const metrics = { ...NO_METRICS, gauge: (name: string, value: number) => void gauges.set(name, value) };
  await reportGauges(queues, openSpool(settings.home, 1), metrics, settings.home);
  await queues.close();
  expect(gauges.get('opencode.memory.budget.limit')).toBe(0.000001);
  expect(gauges.get('opencode.memory.budget.spent')).toBeGreaterThan(0.000001);
  await limited.close();

  const running = await startWorkers({ ...settings, budget: undefined }, ['store'], { onNotice });
  closers.push(() => running.close());
  await job.promote();
  await until('the episode', async () => (await memory.getJobCounts('store')).completed === 2);
  expect(await memory.getStatus()).toMatchObject({ valkey: { budget: null } });
  expect((await queue.getJob(uuid))?.attemptsMade).toBe(1);
});
