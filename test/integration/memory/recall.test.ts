import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { renderAnswers } from '../../../src/memory/answer-block.ts';
import { type RecallOptions, recallSections } from '../../../src/memory/recall.ts';
import { RECALL_TARGET_MS } from '../../../src/memory/recall-target.ts';
import { openServices, type Services } from '../../../src/memory/services.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { embedQuestions, openQuestionVectors } from '../../../src/queue/question-vectors.ts';
import { MINUTE } from '../../../src/time.ts';
import { openPubSub } from '../../../src/valkey/pub-sub.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
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

/** What is recalled, as lines, and how it was found. */
async function linesOf(group: string, question: string, options: Partial<RecallOptions> = {}) {
  const { sections, outcome } = await recallSections(services, group, question, { ...PATIENT, ...options });
  return { lines: sections.flatMap(({ lines }) => lines), outcome };
}

/** While the clock of the program stands still nothing is late, however slow the machine is. */
async function withStoppedClock<T>(work: () => Promise<T>): Promise<T> {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

async function withWorker<T>(work: () => Promise<T>): Promise<T> {
  const workers: RunningWorkers = await startWorkers(stores.config, ['store']);
  try {
    return await work();
  } finally {
    await workers.close();
  }
}

async function store(group: string, content: string): Promise<string> {
  const receipt = await memory.enqueueEpisode(content, {}, { group });
  await memory.waitFor(receipt);
  return receipt.uuid;
}

test('a prompt is matched by meaning while a worker runs, and only by words without one', async () => {
  const group = newGroup();
  await withWorker(async () => {
    await store(group, 'The lighthouse of Pier listens on port 8080.');
    const found = await until('an answer by meaning', async () => {
      const answer = await withStoppedClock(() => linesOf(group, 'the port of the lighthouse'));
      return answer.outcome === 'meaning' && answer;
    });
    expect(found.lines.join()).toContain('port 8080');
  });

  const without = await withStoppedClock(() => linesOf(group, 'which port has the lighthouse'));

  expect(without).toMatchObject({ outcome: 'words', lines: [expect.stringContaining('port 8080')] });
  expect(outcomes.slice(-2)).toEqual(['meaning', 'words']);
});

test('recall leaves out what the session itself said or was already shown', async () => {
  const group = newGroup();
  const own = await withWorker(() => store(group, 'The lighthouse of Pier listens on port 8080.'));
  const ask = (options: object) => linesOf(group, 'the port of the lighthouse', options);
  expect((await ask({})).lines).toHaveLength(1);

  expect((await ask({ own: new Set([own]) })).lines).toEqual([]);
  expect((await ask({ known: new Set(['The lighthouse of Pier listens on port 8080']) })).lines).toEqual([]);
});

test('a recall that times out is counted as late', async () => {
  const answer = await recallSections(services, newGroup(), 'the port', { ...PATIENT, timeoutMs: 0 });

  expect(answer).toEqual({ sections: [], outcome: 'late', isLate: true });
  expect(outcomes.at(-1)).toBe('late');
});

test('a recall that exceeds its target time counts as late, and its result is still used', async () => {
  const group = newGroup();
  await withWorker(() => store(group, 'The lighthouse of Pier listens on port 8080.'));
  // The clock of the program jumps while the memory is asked.
  const real = performance.now.bind(performance);
  let asked = 0;
  const clock = vi
    .spyOn(performance, 'now')
    .mockImplementation(() => real() + (asked++ === 0 ? 0 : RECALL_TARGET_MS + 1));
  try {
    const answer = await recallSections(services, group, 'the port of the lighthouse', PATIENT);

    expect(answer).toMatchObject({ outcome: 'words', isLate: true });
    expect(answer.sections.flatMap(({ lines }) => lines).join()).toContain('port 8080');
    expect(outcomes.at(-1)).toBe('late');
  } finally {
    clock.mockRestore();
  }
});

test('a recall is grouped into rules, facts and passages, each with its date and its episode', async () => {
  const group = newGroup();
  const [rule, said] = await withWorker(async () => {
    const confirmed = { kind: 'rule', confirmed: true } as const;
    const receipt = await memory.enqueueEpisode(
      'Always ring the lighthouse before a deploy.',
      {},
      { group, ...confirmed },
    );
    await memory.waitFor(receipt);
    return [receipt.uuid, await store(group, 'The lighthouse of Pier listens on port 8080.')];
  });
  await memory.getBriefing({ group });

  const { sections } = await until('the rule', async () => {
    const answer = await recallSections(services, group, 'deploy the lighthouse: which port has it', PATIENT);
    return answer.sections.some(({ lines }) => lines.join().includes('Always ring')) && answer;
  });

  const text = renderAnswers([sections], 1_000);
  expect(text).toMatch(new RegExp(`^Rules and preferences of the user:\\n- Always ring .*episode ${rule}\\)`));
  expect(text).toMatch(new RegExp(`\\n(?:Current facts|What was said):\\n- The lighthouse .*episode ${said}\\)`));
  expect(text.match(/Always ring/g)).toHaveLength(1);
});

test('one of several workers embeds a query, and Valkey keeps nothing of it', async () => {
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
  const signals = [openPubSub(opened.valkey), openPubSub(opened.valkey)];
  for (const each of signals) await embedQuestions(opened.valkey, each, stores.config.queuePrefix, embedder);
  const vectors = openQuestionVectors(stores.config);

  const vector = await vectors.ask('Where is the lighthouse?', 2 * MINUTE);
  vectors.close();
  for (const each of signals) each.close();

  expect(vector).toMatchObject({ model: 'm', vector: [1, 0] });
  expect(asked).toEqual(['Where is the lighthouse?']);
  for (const key of await opened.valkey.keys('*embed*')) expect(await opened.valkey.get(key)).toBe('');
});

test('a prompt that is asked of several memories at the same time is embedded once', async () => {
  const asked: string[] = [];
  const embedder = {
    ...{ model: 'm', dimension: 2, close: async () => {} },
    async embed(texts: readonly string[]) {
      asked.push(...texts);
      return texts.map(() => [1, 0]);
    },
  };
  const signals = openPubSub(opened.valkey);
  const end = await embedQuestions(opened.valkey, signals, stores.config.queuePrefix, embedder);
  const vectors = openQuestionVectors(stores.config);
  try {
    const ask = () => vectors.ask('Where is the pier?', 2 * MINUTE);
    const [one, other] = await Promise.all([ask(), ask()]);

    expect(other).toEqual(one);
    expect(one?.vector).toEqual([1, 0]);
    expect(asked).toEqual(['Where is the pier?']);
    await ask();
    expect(asked).toHaveLength(2);
  } finally {
    vectors.close();
    await end();
    signals.close();
  }
});
