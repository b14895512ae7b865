import { Redis } from 'ioredis';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Server, startFalkorDB } from '../../../src/embedded/servers.ts';
import { AccessRefusedError, StoreUnreachableError, WrongServerError } from '../../../src/errors.ts';
import { type Graphs, openGraphs } from '../../../src/graph/graphs.ts';
import { openConnectionPool } from '../../../src/graph/pool.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { until } from '../../support/wait.ts';
import { wrongServers } from '../../support/wrong-servers.ts';

let falkordb: Server;
let plain: Redis;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  falkordb = await startFalkorDB();
  plain = new Redis({ host: '127.0.0.1', port: falkordb.port, retryStrategy: () => 50 });
  plain.on('error', () => {});
  return async () => {
    plain.disconnect();
    await falkordb.stop();
  };
});
afterEach(() => {
  vi.useRealTimers();
  for (const it of opened.splice(0)) it.close();
});

function graphsAt(port: number, password?: string): Graphs {
  const graphs = openGraphs({ host: '127.0.0.1', port, password, tls: false });
  opened.push(graphs);
  return graphs;
}
/** What FalkorDB answers to a plain command. */
async function ask(...command: [string, ...string[]]): Promise<string> {
  return JSON.stringify(await plain.call(...command));
}
const received = async () => Number(/total_connections_received:(\d+)/.exec(await ask('INFO', 'stats'))?.[1]);
const one = (graphs: Graphs) => graphs.group('pool').read<{ n: number }>('RETURN 1 AS n');
const write = (graphs: Graphs) => graphs.group('pool').write('MERGE (:Thing)');

describe('a server that is not FalkorDB', () => {
  test.each([
    ['http', WrongServerError],
    ['mail', WrongServerError],
    ['silent', StoreUnreachableError],
    ['rude', StoreUnreachableError],
    ['nothing', StoreUnreachableError],
  ] as const)('(%s) is reported to every caller', async (kind, failure) => {
    const graphs = graphsAt(await wrongServers[kind]());

    const answers = await Promise.allSettled([one(graphs), one(graphs), write(graphs)]);

    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(failure) });
  });

  test('a wrong or missing password is refused, and the right one accepted', async () => {
    const locked = await startFalkorDB({ password: 'right' });

    await expect(one(graphsAt(locked.port, 'wrong'))).rejects.toThrow(AccessRefusedError);
    await expect(one(graphsAt(locked.port))).rejects.toThrow(AccessRefusedError);
    await expect(write(graphsAt(locked.port, 'right'))).resolves.toEqual([]);
    await locked.stop();
  });
});

describe('a server that fails', () => {
  test('is reported while it is down, and the same pool reconnects when it is back', async () => {
    const graphs = graphsAt(falkordb.port);
    await write(graphs);

    await falkordb.kill('SIGKILL');
    const away = await Promise.allSettled([one(graphs), one(graphs), write(graphs)]);
    await falkordb.restart();

    for (const answer of away) expect(answer).toMatchObject({ reason: expect.any(StoreUnreachableError) });
    expect(await one(graphs)).toEqual([{ n: 1 }]);
  });

  test('fails its running queries when it is killed', async () => {
    const graphs = graphsAt(falkordb.port);
    await write(graphs);
    const long = graphs.group('pool').read('UNWIND range(1, 200000000) AS x RETURN count(x)');
    const settled = long.catch((error) => error);
    await until('the long query', async () => (await ask('GRAPH.INFO', 'RunningQueries')).includes('range'));

    await falkordb.kill('SIGKILL');

    expect(await settled).toBeInstanceOf(StoreUnreachableError);
    await falkordb.restart();
  });

  test('by freezing is reported by idle connections too, and the same pool works when it recovers', async () => {
    const graphs = graphsAt(falkordb.port);
    await write(graphs);
    await Promise.all([one(graphs), one(graphs), one(graphs)]);
    await falkordb.kill('SIGSTOP');
    vi.setSystemTime(Date.now() + MINUTE);

    const answer = await one(graphs).catch((error) => error);

    expect(answer).toBeInstanceOf(StoreUnreachableError);
    await falkordb.kill('SIGCONT');
    vi.useRealTimers();
    expect(await until('the thaw', () => one(graphs).catch(() => undefined))).toEqual([{ n: 1 }]);
  });
});

test('a query that the server refuses leaves its connection usable', async () => {
  const pool = openConnectionPool({ host: '127.0.0.1', port: falkordb.port, tls: false }, 1);
  opened.push(pool);
  const query = (text: string) => pool.use((it) => it.run('GRAPH.QUERY', 'pool', text, MINUTE), MINUTE);
  await query('RETURN 1');
  const before = await received();

  for (let round = 0; round < 20; round += 1)
    await expect(query('THIS IS NOT CYPHER')).rejects.toThrow(/errMsg|Invalid input/);

  expect((await received()) - before).toBe(0);
});

test('the time limit starts with the call, even while waiting for a connection', async () => {
  const pool = openConnectionPool({ host: '127.0.0.1', port: falkordb.port, tls: false }, 2);
  opened.push(pool);
  const limit = SECOND;
  const use = (within: number) => pool.use((it) => it.run('GRAPH.QUERY', 'pool', 'RETURN 1 AS n', within), within);
  await Promise.all([use(MINUTE), use(MINUTE)]);
  await falkordb.kill('SIGSTOP');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const failures: unknown[] = [];

  for (let call = 0; call < 60; call += 1) use(limit).catch((error: unknown) => failures.push(error));
  for (let step = 0; step < 20; step += 1) await vi.advanceTimersByTimeAsync(limit / 10);

  vi.useRealTimers();
  await falkordb.kill('SIGCONT');
  // In turn they would have taken thirty times the limit; it has passed twice.
  expect(failures).toHaveLength(60);
  for (const failure of failures) expect(failure).toBeInstanceOf(StoreUnreachableError);
  expect(await until('the thaw', () => use(MINUTE).catch(() => undefined))).toEqual([{ n: 1 }]);
});

test('a closed pool refuses every call with one sentence, also waiting ones', async () => {
  const pool = openConnectionPool({ host: '127.0.0.1', port: falkordb.port, tls: false }, 1);
  const use = () =>
    pool.use((it) => it.run('GRAPH.QUERY', 'pool', 'UNWIND range(1, 3000000) AS x RETURN count(x)', MINUTE), MINUTE);
  const [first, second] = [use(), use().catch((error) => error)];

  pool.close();

  await first.catch(() => {});
  expect(await second).toBeInstanceOf(StoreUnreachableError);
  await expect(use()).rejects.toThrow('The connection to FalkorDB was closed.');
});
