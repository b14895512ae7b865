import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { turnEpisode } from '../../../src/agents/capture/turn.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let fake: FakeOpenAI;
let memory: MemoryManager;
let workers: RunningWorkers;

beforeAll(async () => {
  fake = await startFakeOpenAI();
  const config = {
    ...stores.config,
    models: 'openai' as const,
    openai: { ...stores.config.openai, baseUrl: fake.url, apiKey: 'key' },
  };
  memory = new MemoryManager(config);
  workers = await startWorkers(config, ['store']);
});
afterAll(async () => {
  await workers?.close();
  await memory?.close();
  await fake?.close();
});

async function store(group: string, content: string, day: number, options = {}): Promise<string> {
  const referenceTime = new Date(Date.UTC(2026, 2, day, 9));
  const receipt = await memory.enqueueEpisode(content, null, { group, referenceTime, ...options });
  await memory.waitFor(receipt);
  return receipt.uuid;
}

/** A turn as hooks and the plugin record them. */
async function turn(group: string, user: string, assistant: string, day: number): Promise<void> {
  const { content, metadata, key, saga, referenceTime } = turnEpisode({
    ...{ host: 'opencode', session: `s${day}`, message: `m${day}`, user, assistant, tools: [], files: [] },
    ...{ status: 'completed', referenceTime: new Date(Date.UTC(2026, 2, day, 9)) },
  });
  const receipt = await memory.enqueueEpisode(content, metadata, {
    ...{ group, idempotencyKey: key, saga, referenceTime, source: 'message' },
  });
  await memory.waitFor(receipt);
}

const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

describe('a language model also extracts statements', () => {
  test('a new value of a property ends the old one, in words that no rule covers', async () => {
    const group = newGroup();
    await store(group, 'The port of the tide gauge is 8080.', 1);
    const news = 'Tide gauge: 9090 it is these days, as far as ports go.';
    await store(group, `${news}\nvalue: tide gauge / port = 9090: ${news}`, 3);

    const answer = await memory.queryMemory('On which port is the tide gauge?', 5, { group });

    expect(answer).toContain('9090');
    expect(answer).not.toMatch(/^- The port of the tide gauge is 8080/m);
  });

  test('a rule is in the briefing only if the user typed it', async () => {
    const group = newGroup();
    const typed = 'Short commits make me happy.';
    const said = 'Long functions make everybody sad.';
    await turn(group, typed, `${said}\nrule: ${typed}\nrule: ${said}`, 1);
    await store(group, `user: ${said}\nrule: ${said}`, 2, { source: 'message' });
    await store(group, `# README\n\n${said}\n\nrule: ${said}`, 3);

    const { rules } = await memory.getBriefing({ group });

    expect(texts(rules)).toEqual([typed]);
    expect(rules[0]).toMatchObject({ source: 'user' });
  });

  test('a task is open until a later episode says that it is finished', async () => {
    const group = newGroup();
    const [runbook, alert] = ['Ann writes the runbook next week.', 'Somebody has to renew the alert.'];
    await store(group, `${runbook}\n${alert}\ntask: write runbook: ${runbook}\ntask: renew alert: ${alert}`, 1);
    expect(texts((await memory.getBriefing({ group })).tasks)).toEqual([runbook, alert]);

    const done = 'The runbook is there.';
    await store(group, `${done}\ndone: write runbook: ${done}`, 4);

    expect(texts((await memory.getBriefing({ group })).tasks)).toEqual([alert]);
  });

  test('a passage is marked when a fact in it has ended, at the sentence that the model named', async () => {
    const group = newGroup();
    const sentence = 'Ann has been minding the lighthouse.';
    await store(group, `${sentence}\nAnn KEEPS{evidence="${sentence}"} Lighthouse: Ann keeps the lighthouse`, 1);
    await store(group, 'entity: Ann\nended: Ann / Lighthouse @ 2026-03-02', 2);

    const answer = await memory.queryMemory('Who has been minding the lighthouse?', 5, { group });

    expect(answer).not.toMatch(/^- Ann has been minding the lighthouse\.(?! *\()/m);
  });

  test('forgetting an episode removes its statements', async () => {
    const group = newGroup();
    await turn(group, 'Short commits make me happy.', 'ok\nrule: Short commits make me happy.', 1);
    const [rule] = (await memory.getBriefing({ group })).rules;

    await memory.forget({ episode: rule?.episode ?? '' }, { group });

    expect((await memory.getBriefing({ group })).rules).toEqual([]);
  });
});
