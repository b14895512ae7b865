import { afterAll, beforeAll, expect, test } from 'vitest';
import { recallLines } from '../../../src/memory/recall.ts';
import { openServices, type Services } from '../../../src/memory/services.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { answerQuestions, openQuestionVectors } from '../../../src/queue/question-vectors.ts';
import { MINUTE } from '../../../src/time.ts';
import { openSignals } from '../../../src/valkey/signals.ts';
import { type Running, startWorkers } from '../../../workers/main.ts';
import { useOpened } from '../../support/opened.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useOpened(stores);
let memory: MemoryManager;
let services: Services;
const outcomes: (string | undefined)[] = [];

beforeAll(() => {
  memory = new MemoryManager(stores.config);
  const metrics = {
    increment: (name: string, tags?: Record<string, string>) =>
      void (name === 'opencode.memory.recall' && outcomes.push(tags?.outcome)),
  };
  services = openServices(stores.config, { metrics });
});
afterAll(async () => {
  await services.close();
  await memory.close();
});

const PATIENT = { limit: 5, timeoutMs: 2 * MINUTE, own: new Set<string>(), known: new Set<string>() };

async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const workers: Running = await startWorkers(stores.config, ['store']);
  try {
    return await work();
  } finally {
    await workers.close();
  }
}

async function store(group: string, content: string): Promise<string> {
  const receipt = await memory.enqueue(content, {}, { group });
  await memory.waitFor(receipt);
  return receipt.uuid;
}

test('a prompt is answered by meaning while a worker runs, and by words alone without one', async () => {
  const group = newGroup();
  await withWorker(async () => {
    await store(group, 'The lighthouse of Pier listens on port 8080.');
    const found = await until('an answer by meaning', async () => {
      const answer = await recallLines(services, group, 'the port of the lighthouse', PATIENT);
      return answer.outcome === 'meaning' && answer;
    });
    expect(found.lines.join()).toContain('port 8080');
  });

  const without = await recallLines(services, group, 'which port has the lighthouse', PATIENT);

  expect(without).toMatchObject({ outcome: 'words', lines: [expect.stringContaining('port 8080')] });
  expect(outcomes.slice(-2)).toEqual(['meaning', 'words']);
});

test('what the session itself said, and what it was told, does not come again', async () => {
  const group = newGroup();
  const own = await withWorker(() => store(group, 'The lighthouse of Pier listens on port 8080.'));
  const ask = (options: object) =>
    recallLines(services, group, 'the port of the lighthouse', { ...PATIENT, ...options });
  expect((await ask({})).lines).toHaveLength(1);

  expect((await ask({ own: new Set([own]) })).lines).toEqual([]);
  expect((await ask({ known: new Set(['The lighthouse of Pier listens on port 8080']) })).lines).toEqual([]);
});

test('what comes too late is counted', async () => {
  const answer = await recallLines(services, newGroup(), 'the port', { ...PATIENT, timeoutMs: 0 });

  expect(answer).toEqual({ lines: [], outcome: 'late' });
  expect(outcomes.at(-1)).toBe('late');
});

test('of several workers one embeds a question, and Valkey keeps nothing of it', async () => {
  const asked: string[] = [];
  const embedder = {
    model: 'm',
    dimension: 2,
    embed: async (texts: readonly string[]) => {
      asked.push(...texts);
      return texts.map(() => [1, 0]);
    },
    close: async () => {},
  };
  const signals = [openSignals(opened.valkey), openSignals(opened.valkey)];
  for (const each of signals) await answerQuestions(opened.valkey, each, stores.config.queuePrefix, embedder);
  const vectors = openQuestionVectors(stores.config);

  const vector = await vectors.ask('Where is the lighthouse?', 2 * MINUTE);
  vectors.close();
  for (const each of signals) each.close();

  expect(vector).toMatchObject({ model: 'm', vector: [1, 0] });
  expect(asked).toEqual(['Where is the lighthouse?']);
  for (const key of await opened.valkey.keys('*embed*')) expect(await opened.valkey.get(key)).toBe('');
});
