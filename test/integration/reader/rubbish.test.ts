import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInputError, isOperationalError, MemoryManager } from '../../../src/index.ts';
import { mapConcurrently } from '../../../src/map-concurrently.ts';
import { MINUTE } from '../../../src/time.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { randomTexts } from '../../support/rubbish.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
let workers: RunningWorkers;
let memory: MemoryManager;
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  const parts = { languageModel: plainModel(), embedder: plainEmbedder() };
  workers = await startWorkers({ ...stores.config, concurrency: 32 }, ['store'], parts);
  memory = new MemoryManager(stores.config, { embedder: plainEmbedder() });
  await memory.connect('store');
});
afterAll(async () => {
  await memory.close();
  await workers.close();
  process.off('unhandledRejection', note);
});

const remember = async (content: string, group: string) =>
  memory.waitFor(await memory.enqueueEpisode(content, null, { group }));

const HOSTILE = [
  `'}) MATCH (n) DETACH DELETE n //`,
  `x\`) SET n.name = 'owned' //`,
  `CYPHER a=1 b="\\" MATCH (n) DELETE n RETURN 1; --`,
  '@content:{secret} | (*) ~"near miss" %%fuzzy%% -"not" $param => { $weight: 2 }',
  '{{group}} #{env} %s %n \\u0000 \\x00 \\',
  'שלום עולם \u202e‎abc\u202c مرحبا',
  '🚀👩‍👩‍👧‍👦 e\u0301 ﷽ 𝕳𝖆𝖗𝖇𝖔𝖗',
  '"""\'\'\'``` \r\n\t\v\f \u2028 \u2029 \u0085',
];

describe('text in the syntax of a query language', () => {
  test.each(HOSTILE)('is stored, found and returned unchanged: %j', async (content) => {
    const group = newGroup();
    await remember('Harbor uses Redis.', group);
    const before = await memory.getGraphSize(group);

    await remember(`findme ${content}`, group);

    const { passages = [] } = await memory.search('findme', 5, { group });
    expect(passages.map(({ excerpt }) => excerpt)).toEqual([`findme ${content}`.trimEnd()]);
    const episode = await memory.getEpisode(passages[0]?.episode.uuid ?? '', { group });
    expect(episode.content).toBe(`findme ${content}`);
    expect(await memory.getGraphSize(group)).toMatchObject({
      episodes: before.episodes + 1,
      entities: before.entities,
      facts: before.facts,
    });
  });

  test.each([...HOSTILE, '"', '*', '%', '-', '|', '()', '\\', '@', '$', '🚀', 'the and is', '?!', 'שלום'])(
    'does no harm as a query or a type: %j',
    async (text) => {
      const group = newGroup();
      await remember('Harbor uses Redis.', group);
      const before = await memory.getGraphSize(group);

      expect(await memory.queryMemory(text, 5, { group })).toMatch(/^(?:- .+\n?)+$|^Nothing relevant is known\.$/);
      expect(await memory.getEntities(text, { group })).toEqual([]);
      expect(await memory.getGraphSize(group)).toEqual(before);
    },
  );

  test('works as a name', async () => {
    const group = newGroup();
    await remember(`\`'"}) uses @x:{y|*}.`, group);

    const names = (await memory.getEntities(undefined, { group })).map(({ name }) => name);

    expect(names.sort()).toEqual([`@x:{y|*}`, `\`'"})`].sort());
    expect((await memory.search('uses', 5, { group })).facts[0]?.fact).toBe(`\`'"}) uses @x:{y|*}`);
  });
});

test('a query of ten thousand words is answered by its first words', async () => {
  const group = newGroup();
  await remember('Harbor uses Redis.', group);
  const long = `What does Harbor use? ${Array.from({ length: 10_000 }, (_, i) => `word${i}`).join(' ')}`;

  expect(await memory.queryMemory(long, 5, { group })).toContain('Harbor uses Redis');
});

test('metadata is stored in the graph as given', async () => {
  const group = newGroup();
  const metadata = { 'a`) //': `'}) DELETE`, 'nul\0': '\0 \ud800', nested: { list: [1, null, true] } };
  await memory.waitFor(await memory.enqueueEpisode('Harbor uses Redis.', metadata, { group }));

  expect(await memory.getGraphSize(group)).toMatchObject({ episodes: 1, entities: 2, facts: 1 });
});

test('three hundred random inputs are each refused in one sentence or stored and returned', async () => {
  const group = newGroup();
  const pieces = [...randomTexts(2026, 300)];
  const before = unhandled.length;

  // More questions at once would meet the limit of a read on a busy machine.
  const outcomes = await mapConcurrently(pieces, 8, async (text) => {
    try {
      const receipt = await memory.enqueueEpisode(text, null, { group });
      await memory.waitFor(receipt, { timeoutMs: 10 * MINUTE });
      await memory.queryMemory(text, 3, { group, cache: false });
      return receipt.uuid;
    } catch (error) {
      if (!isOperationalError(error)) throw error;
      return error;
    }
  });

  const stored = outcomes.filter((outcome) => typeof outcome === 'string');
  const refused = outcomes.filter((outcome) => outcome instanceof InvalidInputError);
  expect(stored.length + refused.length).toBe(pieces.length);
  expect(stored.length).toBeGreaterThan(200);
  expect(refused.length).toBe(pieces.filter((text) => /\0/.test(text) || !text.isWellFormed() || !text.trim()).length);
  expect((await memory.getGraphSize(group)).episodes).toBe(stored.length);
  expect(unhandled.length).toBe(before);
});
