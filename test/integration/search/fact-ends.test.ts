import { afterAll, beforeAll, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { localDefaults } from '../../../src/models/local/language-model.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const group = newGroup();
let memory: MemoryManager;
let workers: RunningWorkers;
const uuids: string[] = [];

/** The second text contradicts the first, the third only ends a fact, and the sixth ends the fifth by its words alone. */
const TEXTS = [
  ['Harbor uses Redis.', '2025-01-10', { file: 'docs/harbor.md' }],
  [
    'Harbor not uses Redis. Harbor uses Valkey.',
    '2025-03-01',
    { kind: 'turn', host: 'codex', session: 's1', message: 'm' },
  ],
  ['Harbor not calls Lighthouse.', '2025-06-01', null],
  ['Harbor calls Lighthouse.', '2025-05-01', null],
  ['Quay uses Postgres.', '2025-07-01', null],
  ['Quay moved from Postgres to MySQL in one night.', '2025-08-01', null],
] as const;

beforeAll(async () => {
  const parts = { embedder: plainEmbedder(), languageModel: { ...localDefaults, ...plainModel() } };
  workers = await startWorkers(stores.config, ['store'], parts);
  memory = new MemoryManager({ ...stores.config, group }, { embedder: plainEmbedder() });
  for (const [content, day, metadata] of TEXTS) {
    const options = { referenceTime: new Date(day), sourceDescription: 'notes' };
    const receipt = await memory.enqueueEpisode(content, metadata, options);
    await memory.waitFor(receipt);
    uuids.push(receipt.uuid);
  }
});
afterAll(async () => {
  await memory?.close();
  await workers?.close();
});

async function timelineFact(sentence: string) {
  const { facts } = await memory.getTimeline();
  return facts.find(({ fact }) => fact === sentence);
}

const day = (time: Date | null | undefined) => time?.toISOString().slice(0, 10);

test('a fact that another contradicts names its source, the text that ended it, and the other fact', async () => {
  const [redis, valkey] = [await timelineFact('Harbor uses Redis'), await timelineFact('Harbor uses Valkey')];

  expect(redis?.sources).toMatchObject([{ uuid: uuids[0], file: 'docs/harbor.md' }]);
  expect(redis?.endSources).toMatchObject([{ uuid: uuids[1], session: 's1' }]);
  expect(redis).toMatchObject({ replacedBy: valkey?.uuid, replacement: 'Harbor uses Valkey' });
});

test('a fact that a text only ends names that text, and no replacement', async () => {
  const calls = await timelineFact('Harbor calls Lighthouse');

  expect(calls?.endSources).toMatchObject([{ uuid: uuids[2] }]);
  expect(calls).toMatchObject({ replacedBy: null, replacement: null });
});

test('a fact whose sentence a later one ends has that end on the timeline, in the history and in its episode', async () => {
  const { facts } = await memory.getHistory('Quay');
  const { facts: own } = await memory.getEpisode(uuids[4] ?? '');
  const answer = await memory.queryMemory('What does Quay use?');

  for (const fact of [await timelineFact('Quay uses Postgres'), facts[0], own[0]]) {
    expect(day(fact?.invalidAt)).toBe('2025-08-01');
    expect(fact?.replacement).toBe('Quay moved from Postgres to MySQL in one night.');
  }
  expect(answer).not.toContain('- Quay uses Postgres');
});

test('an episode says which facts it states and which it ended', async () => {
  const { facts } = await memory.getEpisode(uuids[1] ?? '');

  expect(facts.map(({ fact, isStated, replacement }) => ({ fact, isStated, replacement }))).toEqual([
    { fact: 'Harbor uses Redis', isStated: false, replacement: 'Harbor uses Valkey' },
    { fact: 'Harbor uses Valkey', isStated: true, replacement: null },
  ]);
});

test('a preview of forgetting names what would hold again: facts, and sentences that only this text makes outdated', async () => {
  const contradicting = await memory.forget({ episode: uuids[1] ?? '' }, { dryRun: true });
  const moved = await memory.forget({ episode: uuids[5] ?? '' }, { dryRun: true });
  const first = await memory.forget({ episode: uuids[0] ?? '' }, { dryRun: true });

  const sentences = (items: readonly { fact: string }[]) => items.map(({ fact }) => fact);
  expect(sentences(contradicting.reopened)).toEqual(['Harbor uses Redis']);
  expect(sentences(moved.reopened)).toEqual(['Quay uses Postgres']);
  expect(first).toMatchObject({ reopened: [], kept: [] });
});
