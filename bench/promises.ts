import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../src/config.ts';
import { type Server, startFalkorDB, startValkey } from '../src/embedded/servers.ts';
import { MemoryManager } from '../src/index.ts';
import { SECOND } from '../src/time.ts';
import { retryingConnection } from '../src/valkey/connections.ts';
import { openLeases } from '../src/valkey/lease.ts';
import { environmentOf, runCommand, startCommand } from '../test/support/command-line.ts';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';
import { compare } from './measure.ts';
import { asFactor, inMilliseconds, type Row } from './table.ts';

/**
 * How long calls take while a server is down, compared with the minimum work on the same machine. Tests only
 * require that each call ends, because its speed depends on the machine.
 */
export async function measurePromises(base: Config): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'memory-promises-'));
  const [valkey, falkordb] = await Promise.all([startValkey(), startFalkorDB()]);
  const address = ({ host, port }: Server) => ({ host, port, tls: false });
  const config: Config = {
    ...{
      ...base,
      valkey: address(valkey),
      falkordb: address(falkordb),
      home: join(folder, 'home'),
      nightly: undefined,
    },
    ...{ exportDir: join(folder, 'exports'), health: { host: '127.0.0.1', port: 0 }, spoolLimit: 100_000 },
  };
  try {
    return [
      await leaseHandedOver(config),
      await hook(config),
      await silentAgent(config),
      await workerAskedToEnd(config),
      await frozenGraph(config, falkordb),
      ...(await frozenQueue(config, valkey, folder)),
    ];
  } finally {
    await Promise.all([valkey.stop(), falkordb.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** A figure with a limit, and a value for comparison. */
function row(figure: string, took: number, limit: number, [what, bare]: readonly [string, number]): Row {
  return {
    figure,
    measured: `${inMilliseconds(took)} = ${asFactor(took / bare)} (${what}: ${inMilliseconds(bare)})`,
    goal: `≤ ${(limit / SECOND).toFixed(2)} s`,
    reached: took <= limit,
  };
}

async function leaseHandedOver({ valkey: address }: Config): Promise<Row> {
  const connections = [1, 2, 3].map(() => retryingConnection(address));
  const [one, other, listener] = connections as [
    (typeof connections)[0],
    (typeof connections)[0],
    (typeof connections)[0],
  ];
  const [first, second] = [openLeases(one, 15 * SECOND), openLeases(other, 15 * SECOND)];
  await listener.subscribe('bench');
  const [handover, published] = await compare(
    50,
    async (round) => {
      const group = `bench-lease-${round}`;
      const held = await first.take(group);
      const waiting = second.take(group);
      while (((await one.pubsub('NUMSUB', `lease:{${group}}`)) as [string, number])[1] === 0);
      await held.release();
      await (await waiting).release();
    },
    async () => {
      const heard = once(listener, 'message');
      await one.publish('bench', 'x');
      await heard;
    },
  );
  for (const leases of [first, second]) leases.close();
  for (const connection of connections) connection.disconnect();
  return row('from the release of a lease until the next waiter has it, p99', handover.p99, 250, [
    'a published message',
    published.p99,
  ]);
}

/** A hook process as an agent runs it, compared with an empty process. */
async function hook(config: Config): Promise<Row> {
  const cli = fileURLToPath(new URL('../dist/bin/main.cjs', import.meta.url));
  const input = JSON.stringify({ session_id: 's', transcript_path: '/none', cwd: config.home });
  const env = { PATH: process.env.PATH, ...environmentOf(config) };
  const run = (program: string, args: string[]) => async () => {
    const { status, stderr } = spawnSync(program, args, { env, input, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const [ours, empty] = await compare(
    20,
    run(cli, ['hook', 'Stop', '--host', 'claude-code']),
    run(process.execPath, ['-e', '0']),
  );
  const ratio = ours.p50 / empty.p50;
  return {
    figure: '`memory-manager hook Stop`, whole process, ratio to `node -e 0`',
    measured: `p50 ${inMilliseconds(ours.p50)} = ${asFactor(ratio)}`,
    goal: '≤ 3 ×',
    reached: ratio <= 3,
  };
}

async function silentAgent(config: Config): Promise<Row> {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const environment = environmentOf(config);
  const usual = await timed(() => runCommand(['entities'], environment));
  const traced = await timed(() => runCommand(['entities'], { ...environment, DD_TRACE_AGENT_URL: url }));
  silent.close();
  return row('a command whose Datadog agent never answers', traced, usual + 3 * SECOND, ['without an agent', usual]);
}

async function workerAskedToEnd(config: Config): Promise<Row> {
  const model = await startFakeOpenAI({ faultOf: ({ purpose }) => (purpose === 'extract' ? 'hang' : undefined) });
  const environment = { ...environmentOf(config), MEMORY_MODELS: 'openai', OPENAI_BASE_URL: model.url };
  const worker = startCommand(['worker'], environment);
  const memory = new MemoryManager(config);
  await memory.enqueueEpisode('Harbor uses Redis.');
  while (model.called('extract').length === 0) await sleep(50);
  const took = await timed(() => {
    worker.kill('SIGTERM');
    return once(worker, 'exit');
  });
  await memory.close();
  await model.close();
  return row('a worker asked to end while its model hangs', took, 10 * SECOND, [
    'a second',
    await timed(() => sleep(SECOND)),
  ]);
}

async function frozenGraph(config: Config, falkordb: Server): Promise<Row> {
  const memory = new MemoryManager(config);
  const ask = () => memory.search('Harbor', 5, { cache: false, find: 'facts' }).catch(() => undefined);
  const usual = await timed(ask);
  await falkordb.kill('SIGSTOP');
  const took = await timed(ask);
  await falkordb.kill('SIGCONT');
  await memory.close();
  return row('a question while FalkorDB is frozen, until its refusal', took, 15 * SECOND, ['while it is not', usual]);
}

async function frozenQueue(config: Config, valkey: Server, folder: string): Promise<Row[]> {
  const memory = new MemoryManager(config);
  const content = 'Harbor keeps its sessions in Valkey 8. '.repeat(10);
  await memory.enqueueEpisode(content);
  await valkey.kill('SIGSTOP');
  const refused = await timed(() => memory.enqueueEpisode(content).catch(() => undefined));
  let files = 0;
  const [spooled, bare] = await compare(
    500,
    () => memory.enqueueEpisode(content, null, { spool: true }),
    async () => {
      const file = join(folder, `bare-${++files}`);
      writeFileSync(`${file}.part`, content);
      renameSync(`${file}.part`, file);
    },
  );
  const closed = await timed(() => memory.close());
  await valkey.kill('SIGCONT');
  const second = await timed(() => sleep(SECOND));
  return [
    row('`storeEpisode` while Valkey is frozen, until its refusal', refused, 1000, ['a second', second]),
    row('the same with `spool: true`, p99', spooled.p99, 50, ['a file of that size', bare.p99]),
    row('`close()` while Valkey is frozen and episodes wait on disk', closed, 1500, ['a second', second]),
  ];
}
