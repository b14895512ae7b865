import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { type Episode, newEpisode } from '../../../src/episode.ts';
import { ModelBusyError, UnusableReplyError } from '../../../src/errors.ts';
import type { ExtractedEpisode } from '../../../src/ingest/extract.ts';
import { type IngestParts, openIngest } from '../../../src/ingest/ingest.ts';
import { openPassageVectors } from '../../../src/ingest/passage-vectors.ts';
import { openPendingBatch } from '../../../src/ingest/pending-batch.ts';
import { openStageTimer } from '../../../src/ingest/timed-stages.ts';
import type { LanguageModel, ResolutionRequest } from '../../../src/models/language-model.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/time.ts';
import { plainEmbedder, plainModel } from '../../support/models.ts';
import { day } from '../../support/scripted-memory.ts';
import { openStoreConnections, useStoreConnections } from '../../support/store-connections.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until, watchFor } from '../../support/wait.ts';

const stores = useStores();
const opened = useStoreConnections(stores);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A worker with connections of its own; `batches` are the numbers of episodes that it wrote together. */
function startProcess(parts: Partial<IngestParts> = {}, takeover = MINUTE) {
  const own = openStoreConnections({ ...stores.config, takeoverMs: takeover });
  closing.push(own.close);
  const batches: number[] = [];
  const metrics: Metrics = {
    increment: () => {},
    record: (name, value) => void (name === 'opencode.memory.commit.episodes' && batches.push(value)),
  };
  const model = plainModel();
  const ingest = openIngest(own.graphs, own.valkey, own.leases, {
    model,
    embedder: plainEmbedder(),
    metrics,
    ...parts,
  });
  return { ...own, ingest, model, metrics, batches };
}

const episode = (group: string, content: string, uuid: string = randomUUID()): Episode =>
  newEpisode(content, null, group, 1_000_000, { uuid, referenceTime: day(1) });

const factsOf = async (group: string): Promise<string[]> =>
  (await opened.graphs.group(group).read<{ fact: string }>('MATCH ()-[e:RELATES_TO]->() RETURN e.fact AS fact')).map(
    ({ fact }) => fact,
  );

const committed = async (group: string): Promise<number> =>
  (
    await opened.graphs
      .group(group)
      .read<{ n: number }>('MATCH (k:_Meta) WHERE k.committed_at IS NOT NULL RETURN count(k) AS n')
  )[0]?.n ?? 0;

const shown = (group: string, count: number) =>
  until(`${count} wait`, async () => (await opened.valkey.hlen(`waiting:{${group}}`)) === count);

/** Episodes that wait in two workers while a third holds the lease. */
async function twoWorkersWait(count: number, parts: Partial<IngestParts> = {}) {
  const group = newGroup();
  const holder = await opened.leases.take(group);
  const workers = [startProcess(parts), startProcess(parts)];
  const ends = Promise.allSettled(
    Array.from({ length: count }, (_, i) => workers[i % 2]?.ingest(episode(group, `Harbor has step${i}.`))),
  );
  await shown(group, count);
  return { group, holder, workers, ends };
}

const succeeded = (ends: readonly PromiseSettledResult<unknown>[]) =>
  ends.filter(({ status }) => status === 'fulfilled').length;

describe('extracted episodes of several workers', () => {
  test('are committed together by the worker that gets the lease', async () => {
    const { group, holder, workers, ends } = await twoWorkersWait(20);

    await holder.release();

    expect(succeeded(await ends)).toBe(20);
    expect(workers.flatMap(({ batches }) => batches)).toEqual([20]);
    expect(await factsOf(group)).toHaveLength(20);
    expect(await opened.valkey.exists(`waiting:{${group}}`)).toBe(0);
  });

  test('that arrive while others wait are committed with them', async () => {
    const { group, holder, workers, ends } = await twoWorkersWait(4);
    const more = workers[0]?.ingest(episode(group, 'Harbor has another.'));
    await shown(group, 5);

    await holder.release();

    expect(succeeded(await ends)).toBe(4);
    await more;
    expect(workers.flatMap(({ batches }) => batches)).toEqual([5]);
  });

  test('wait without polling all the time', async () => {
    const { group, holder, ends } = await twoWorkersWait(50);
    const [before, began] = [await calls(opened.valkey), performance.now()];

    await watchFor(2000);

    // Each of the two looks for itself about once a second, with a transaction of four calls.
    const seconds = (performance.now() - began) / SECOND;
    expect((await calls(opened.valkey)) - before).toBeLessThan(15 * Math.ceil(seconds));
    await holder.release();
    expect(succeeded(await ends)).toBe(50);
    expect(await factsOf(group)).toHaveLength(50);
  });

  test('whose worker dies are committed by another, once', async () => {
    const group = newGroup();
    const holder = await opened.leases.take(group);
    const [dying, other] = [startProcess(), startProcess()];
    const uuid = randomUUID();
    dying.ingest(episode(group, 'Harbor uses Redis.', uuid)).catch(() => {});
    await shown(group, 1);
    dying.close();
    const end = other.ingest(episode(group, 'Quay uses Redis.'));
    await shown(group, 2);

    await holder.release();
    await end;
    await other.ingest(episode(group, 'Harbor uses Redis.', uuid));

    expect(other.batches).toEqual([2]);
    expect(other.model.calls).toBe(1);
    expect((await factsOf(group)).sort()).toEqual(['Harbor uses Redis', 'Quay uses Redis']);
  });

  test('are committed once the lease of a dead worker expires', async () => {
    const group = newGroup();
    await opened.valkey.set(`lease:{${group}}`, 'somebody who died', 'PX', SECOND);
    const workers = [startProcess(), startProcess()];

    await Promise.all(
      Array.from({ length: 8 }, (_, i) => workers[i % 2]?.ingest(episode(group, `Harbor has step${i}.`))),
    );

    expect(workers.flatMap(({ batches }) => batches).reduce((sum, count) => sum + count)).toBe(8);
    expect(await factsOf(group)).toHaveLength(8);
  });

  test('end even if the news of their commit is lost', async () => {
    const group = newGroup();
    const holder = await opened.leases.take(group);
    const worker = startProcess();
    const uuid = randomUUID();
    const end = worker.ingest(episode(group, 'Harbor uses Redis.', uuid));
    await shown(group, 1);

    await opened.graphs
      .group(group)
      .write(`MATCH (k:_Meta {key: $key}) SET k.committed_at = '2025-01-01T00:00:00+00:00'`, {
        key: `episode:${uuid}`,
      });

    await end;
    expect(worker.batches).toEqual([]);
    await holder.release();
  });

  test('end even for a worker that receives one of them while committing it for another worker', async () => {
    const group = newGroup();
    const gate = Promise.withResolvers<void>();
    let isJudging = false;
    const model = judging(async ({ entities, facts }) => {
      isJudging = true;
      await gate.promise;
      return {
        entities: entities.map(() => null),
        facts: facts.map(() => ({ repeats: null, contradicts: [] })),
      };
    });
    await startProcess().ingest(episode(group, 'Harbor uses Redis.'));
    const holder = await opened.leases.take(group);
    const recalled: (string | undefined)[] = [];
    const increment: Metrics['increment'] = (name, tags) =>
      void (name === 'opencode.memory.memo.hit' && recalled.push(tags?.stage));
    const [dying, other] = [startProcess({ model }), startProcess({ model, metrics: { increment } })];
    const uuid = randomUUID();
    dying.ingest(episode(group, 'Harbor uses Valkey.', uuid)).catch(() => {});
    await shown(group, 1);
    dying.close();
    await holder.release();
    const end = other.ingest(episode(group, 'Harbor uses Dragonfly.'));
    await until('both are judged', () => isJudging);

    const again = other.ingest(episode(group, 'Harbor uses Valkey.', uuid));
    await until('it waits', () => recalled.includes('vectors'));
    gate.resolve();

    await Promise.all([end, again]);
    expect(await factsOf(group)).toHaveLength(3);
  });

  test('are announced again when Valkey loses its data', async () => {
    const { group, holder, workers, ends } = await twoWorkersWait(2);

    await opened.valkey.del(`waiting:{${group}}`);

    await shown(group, 2);
    await holder.release();
    expect(succeeded(await ends)).toBe(2);
    expect(workers.flatMap(({ batches }) => batches)).toEqual([2]);
  });

  test('are left to their own worker if the extraction is not in the cache', async () => {
    const { group, holder, workers, ends } = await twoWorkersWait(6);
    const keys = await opened.valkey.keys(`memo:{${group}}:*`);
    await opened.valkey.del(...keys);

    await holder.release();

    expect(succeeded(await ends)).toBe(6);
    expect(workers.map(({ batches }) => batches)).toEqual([[3], [3]]);
  });

  test('are not taken over by a worker with other models', async () => {
    const group = newGroup();
    const holder = await opened.leases.take(group);
    const workers = [startProcess(), startProcess({ model: { ...plainModel(), id: 'plain-2' } })];
    const ends = workers.map(({ ingest }, i) => ingest(episode(group, `Harbor has step${i}.`)));
    await shown(group, 2);

    await holder.release();

    await Promise.all(ends);
    expect(workers.map(({ batches }) => batches)).toEqual([[1], [1]]);
  });
});

describe('a failure', () => {
  test('of a judgement reaches all its episodes with the same message and the same delay', async () => {
    const busy = async () => {
      throw new ModelBusyError('The model is busy.', { retryAfterMs: 7000 });
    };
    const group = newGroup();
    await openIngest(opened.graphs, opened.valkey, opened.leases, { model: plainModel(), embedder: plainEmbedder() })(
      episode(group, 'Harbor uses Redis.'),
    );
    const holder = await opened.leases.take(group);
    const asked: ResolutionRequest[] = [];
    const model = judging(async (undecided) => {
      asked.push(undecided);
      return busy();
    });
    const workers = [startProcess({ model }), startProcess({ model })];
    const ends = Promise.allSettled(
      [0, 1, 2, 3].map((i) => workers[i % 2]?.ingest(episode(group, `Harbor uses Redis${i}.`))),
    );
    await shown(group, 4);

    await holder.release();

    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { message: 'The model is busy.', retryAfterMs: 7000 } });
    for (const end of await ends) expect((end as PromiseRejectedResult).reason).toBeInstanceOf(ModelBusyError);
    expect(asked).toHaveLength(1);
  });

  test('of one episode does not fail the others, and costs few model calls', async () => {
    let asked = 0;
    const model = judging(async (undecided) => {
      asked += 1;
      if (JSON.stringify(undecided.facts.map(({ fact }) => fact)).includes('Poison'))
        throw new UnusableReplyError('The reply cannot be used.');
      return {
        entities: undecided.entities.map(() => null),
        facts: undecided.facts.map(() => ({ repeats: null, contradicts: [] })),
      };
    });
    const group = newGroup();
    const worker = startProcess({ model });
    await worker.ingest(episode(group, 'Harbor uses Redis.'));
    const holder = await opened.leases.take(group);
    const ends = Promise.allSettled(
      Array.from({ length: 32 }, (_, i) =>
        worker.ingest(episode(group, `Harbor uses ${i === 20 ? 'Poison' : `Part${i}`}.`)),
      ),
    );
    await shown(group, 32);
    asked = 0;

    await holder.release();

    const rejected = (await ends).filter((end) => end.status === 'rejected');
    expect(rejected).toMatchObject([{ reason: { name: 'UnusableReplyError' } }]);
    expect(asked).toBeLessThanOrEqual(1 + 2 * 5);
    expect(await committed(group)).toBe(32);
  });
});

test('a worker that lost its lease while the model judged writes nothing, and its work is repeated', async () => {
  const group = newGroup();
  const graph = opened.graphs.group(group);
  let asked = 0;
  const model = judging(async (undecided) => {
    asked += 1;
    if (asked === 1) await graph.write(`MATCH (m:_Meta {key: 'fence'}) SET m.token = m.token + 1`);
    return {
      entities: undecided.entities.map(() => null),
      facts: undecided.facts.map(() => ({ repeats: null, contradicts: [] })),
    };
  });
  const worker = startProcess({ model });
  await worker.ingest(episode(group, 'Harbor uses Redis.'));
  const second = episode(group, 'Harbor uses Valkey.');

  await expect(worker.ingest(second)).rejects.toMatchObject({ name: 'StaleFenceError' });
  expect(await factsOf(group)).toEqual(['Harbor uses Redis']);
  await worker.ingest(second);

  expect((await factsOf(group)).sort()).toEqual(['Harbor uses Redis', 'Harbor uses Valkey']);
  expect(asked).toBe(1);
});

test('an episode whose commit fails is still found by meaning, and each of its passages has one vector', async () => {
  const group = newGroup();
  const model = judging(async () => {
    throw new UnusableReplyError('The model answers in verse.');
  });
  const worker = startProcess({ model });
  await startProcess().ingest(episode(group, 'Harbor uses Redis.'));
  const second = episode(group, 'Harbor uses Valkey.');

  await expect(worker.ingest(second)).rejects.toThrow(UnusableReplyError);
  expect(await vectorsOf(group, second.uuid)).toBe(1);
  await startProcess().ingest(second);

  expect(await committed(group)).toBe(2);
  expect(await vectorsOf(group, second.uuid)).toBe(1);
});

test('vectors that are written twice at the same time are stored once', async () => {
  const group = newGroup();
  const one = episode(group, 'Harbor uses Redis.');
  await startProcess().ingest(one);
  const graph = opened.graphs.group(group);
  await graph.write('MATCH (v:_PassageVector) DELETE v');
  const embedder = plainEmbedder();
  const vectors = openPassageVectors(opened.graphs, opened.valkey, embedder, openStageTimer(startProcess().metrics));
  const passages = await vectors.missing(one, false);
  const embedded = await embedder.embed(passages.map(({ text }) => text));
  const extracted: ExtractedEpisode = {
    ...{ episode: one, extraction: { entities: [], facts: [], ended: [] }, vectors: new Map() },
    passageVectors: passages.map(({ uuid }, place) => ({
      ...{ uuid, episode: one.uuid, embedding: embedded[place] ?? [] },
    })),
  };

  await Promise.all([vectors.write(extracted), vectors.write(extracted)]);

  expect(passages).toHaveLength(1);
  expect(await vectorsOf(group, one.uuid)).toBe(1);
});

const vectorsOf = async (group: string, uuid: string): Promise<number | undefined> =>
  (
    await opened.graphs
      .group(group)
      .read<{ n: number }>('MATCH (v:_PassageVector {episode: $uuid}) RETURN count(v) AS n', { uuid })
  )[0]?.n;

test('an episode that the graph lost before its commit is refused, then recorded again', async () => {
  const group = newGroup();
  const graph = opened.graphs.group(group);
  const worker = startProcess();
  const holder = await opened.leases.take(group);
  const one = episode(group, 'Harbor uses Redis.');
  const end = Promise.allSettled([worker.ingest(one)]);
  await shown(group, 1);
  await graph.write('MATCH (n) DELETE n');

  await holder.release();

  expect(await end).toMatchObject([{ reason: { name: 'StaleFenceError' } }]);
  expect(await factsOf(group)).toEqual([]);
  await worker.ingest(one);
  expect(await graph.read('MATCH (p:Episodic) RETURN p.content AS text')).toEqual([{ text: 'Harbor uses Redis.' }]);
  expect(worker.model.calls).toBe(1);
});

test('an episode without facts is committed without a lease and can still be found', async () => {
  const group = newGroup();
  const holder = await opened.leases.take(group);
  const worker = startProcess();

  await worker.ingest(episode(group, 'Nothing that anybody could make a fact of'));

  expect(await committed(group)).toBe(1);
  expect(await opened.graphs.group(group).read('MATCH (p:_Passage) RETURN p.terms AS terms')).toHaveLength(1);
  await holder.release();
});

/** A model that is asked whether facts about the same repeat each other. */
function judging(resolve: LanguageModel['resolve']): LanguageModel {
  return { ...plainModel(), id: 'judging-1', resolves: true, resolve };
}

async function calls(valkey: Redis): Promise<number> {
  const stats = await valkey.info('commandstats');
  return [...stats.matchAll(/cmdstat_(\w+)\S*:calls=(\d+)/g)]
    .filter(([, name]) => name !== 'info')
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

test('an unknown message is ignored', async () => {
  const { group, holder, ends } = await twoWorkersWait(2);

  for (const rubbish of ['', 'null', '{"uuids":7}']) await opened.valkey.publish(`told:{${group}}`, rubbish);
  await opened.valkey.hset(`waiting:{${group}}`, 'rubbish', '{"uuid":7}');

  await holder.release();
  expect(succeeded(await ends)).toBe(2);
});

test('leftovers of dead workers in the waiting room are removed, and those of live workers stay', async () => {
  const group = newGroup();
  const room = openPendingBatch(opened.valkey, opened.leases.pubSub);
  const entry = (since: number) => ({
    episode: { uuid: randomUUID(), group, referenceTime: new Date(), saga: null },
    ...{ stamp: 'other models', since, carrier: undefined },
  });
  const [dead, living] = [entry(Date.now() - 2 * HOUR), entry(Date.now() - 2 * MINUTE)];
  await room.add(group, [dead, living]);
  await opened.valkey.hset(`waiting:{${group}}`, 'rubbish', '{"uuid":7}');

  expect((await room.list(group)).map(({ episode }) => episode.uuid)).toEqual([living.episode.uuid]);

  expect(await opened.valkey.hkeys(`waiting:{${group}}`)).toEqual([living.episode.uuid]);
});
