import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { newEpisode } from '../../../src/episode.ts';
import { ModelFailedError } from '../../../src/errors.ts';
import { openIngest } from '../../../src/ingest/ingest.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { openaiEmbedder } from '../../../src/models/openai/embedder.ts';
import { openaiLanguageModel } from '../../../src/models/openai/language-model.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { type FakeOpenAI, startFakeOpenAI } from '../../support/fake-openai/index.ts';
import { day } from '../../support/scripted-memory.ts';
import { openStoreConnections, type StoreConnections, useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closing: (() => void)[] = [];
let fake: FakeOpenAI;
beforeAll(async () => {
  fake = await startFakeOpenAI({ knowledge: 'exclusive: KEEPS_STATE_IN' });
});
beforeEach(() => fake.reset());
afterEach(() => {
  for (const close of closing.splice(0)) close();
  vi.useRealTimers();
});
afterAll(() => fake.close());

const REDIS = 'Harbor [Service] KEEPS_STATE_IN Redis [Product]: Harbor keeps its state in Redis';
const VALKEY = 'Harbor [Service] KEEPS_STATE_IN Valkey [Product]: Harbor keeps its state in Valkey';
const TAKEOVER = 10 * MINUTE;

/** A worker with connections of its own; `extract` replaces the model's. */
function startProcess(extract?: LanguageModel['extract']) {
  const own = openStoreConnections(stores.config);
  closing.push(own.close);
  return workerWith(own, { lockTtlMs: TAKEOVER, ...(extract && { extract }) });
}

function workerWith(
  { graphs, valkey, leases }: StoreConnections,
  { lockTtlMs, ...read }: { lockTtlMs: number; extract?: LanguageModel['extract'] },
) {
  const settings = { baseUrl: fake.url, dimension: 512 };
  const model = { ...openaiLanguageModel({ baseUrl: fake.url, model: 'gpt-test' }), ...read };
  return openIngest(graphs, valkey, leases, { model, embedder: openaiEmbedder(settings), lockTtlMs });
}

const episode = (group: string, content = REDIS, on = 1) =>
  newEpisode(content, null, group, 1_000_000, { uuid: randomUUID(), referenceTime: day(on) });
const keyOf = ({ group, uuid }: { group: string; uuid: string }) => `reading:{${group}}:${uuid}`;
const purposes = () => fake.calls.map(({ purpose }) => purpose).sort();
const waiting = (one: { group: string; uuid: string }, count: number) =>
  until(`${count} workers wait`, async () => {
    const [, listeners] = (await opened.valkey.pubsub('NUMSUB', keyOf(one))) as [string, number];
    return listeners === count;
  });

describe('an episode delivered several times at once', () => {
  test('is read, embedded and judged once, by any worker', async () => {
    const group = newGroup();
    const workers = [startProcess(), startProcess(), startProcess()];
    await workers[0]?.(episode(group));
    fake.reset();
    const second = episode(group, VALKEY, 2);

    await Promise.all([...workers, ...workers, ...workers].map((ingest) => ingest(second)));

    expect(purposes()).toEqual(['embed', 'extract', 'resolve']);
    const rows = await opened.graphs
      .group(group)
      .read('MATCH ()-[e:RELATES_TO]->() RETURN size(e.episodes) AS n, e.invalid_at IS NULL AS holds ORDER BY holds');
    expect(rows).toEqual([
      { n: 1, holds: false },
      { n: 1, holds: true },
    ]);
    await until('the turn is given back', async () => (await opened.valkey.exists(keyOf(second))) === 0);
  });

  test('is read by one worker after the other while the reads fail', async () => {
    const one = episode(newGroup());
    const gate = Promise.withResolvers<void>();
    let [asked, asking, most] = [0, 0, 0];
    const failing = async () => {
      asked += 1;
      most = Math.max(most, ++asking);
      await gate.promise;
      asking -= 1;
      throw new ModelFailedError('The model could not load.');
    };
    const ends = Promise.allSettled([1, 2, 3].map(() => startProcess(failing)).flatMap((it) => [it(one), it(one)]));
    await waiting(one, 2);

    gate.resolve();

    for (const end of await ends) expect(end).toMatchObject({ reason: { name: 'ModelFailedError' } });
    // Each worker that had it tried once, never two at a time; those of one worker share what came of it.
    expect({ asked, most }).toEqual({ asked: 3, most: 1 });
    await startProcess()(one);
    expect(purposes()).toEqual(['embed', 'extract']);
  });

  test('is waited for as long as its reader is alive, however slow the model is', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const one = episode(newGroup());
    const { promise, resolve } = Promise.withResolvers<void>();
    const model = openaiLanguageModel({ baseUrl: fake.url, model: 'gpt-test' });
    const slow = startProcess(async (text) => {
      await promise;
      return model.extract(text);
    });
    const ends = [slow(one)];
    await until('it is read', () => opened.valkey.exists(keyOf(one)));
    ends.push(startProcess()(one));
    await waiting(one, 1);

    for (let renewal = 1; renewal <= 5; renewal += 1) {
      await opened.valkey.pexpire(keyOf(one), TAKEOVER / 2);
      vi.advanceTimersByTime(TAKEOVER / 3);
      await until('its renewal', async () => (await opened.valkey.pttl(keyOf(one))) > TAKEOVER / 2);
    }
    expect(purposes()).toEqual([]);
    resolve();
    await Promise.all(ends);

    expect(purposes()).toEqual(['embed', 'extract']);
  });

  test('is read by another worker after its reader died', async () => {
    const one = episode(newGroup());
    await opened.valkey.set(keyOf(one), 'somebody who died', 'PX', SECOND / 2);

    await Promise.all([startProcess(), startProcess()].map((ingest) => ingest(one)));

    expect(purposes()).toEqual(['embed', 'extract']);
  });
});

test('the lock is released if the raw episode could not be written', async () => {
  const group = newGroup();
  const own = openStoreConnections(stores.config);
  closing.push(own.close);
  const ingest = workerWith(own, { lockTtlMs: TAKEOVER });
  await ingest(episode(group));
  fake.reset();
  own.graphs.close();
  const second = episode(group, VALKEY, 2);
  await expect(ingest(second)).rejects.toThrow();

  await startProcess()(second);

  expect(purposes()).toEqual(['embed', 'extract', 'resolve']);
});
