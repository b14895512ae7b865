/**
 * Draws docs/trace.svg: one real trace, from a program that stores an episode to the last write of the graph, as the real dd-trace sends
 * it to a server that behaves like Datadog's agent. The models are the tests' own and answer after a quarter of a second.
 *
 *     node scripts/draw-trace.ts [file]
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServers } from '../src/embedded/servers.ts';
import { startCommand } from '../test/support/command-line.ts';
import { type Span, startFakeDatadog } from '../test/support/fake-datadog/index.ts';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';
import { until } from '../test/support/wait.ts';
import { tracePicture } from './trace/picture.ts';

const [file = 'docs/trace.svg'] = process.argv.slice(2);
const CALLER = fileURLToPath(new URL('trace/caller.ts', import.meta.url));
const BEFORE = 'Mira Okafor [Person] WORKS_ON Harbor [Project]: Mira Okafor works on Harbor.';
const TOLD = `Mira O. [Person] LEADS Harbor [Project]: Mira O. leads Harbor.
Harbor USES Valkey [Tool]: Harbor keeps its sessions in Valkey.`;

async function traceOfStore(folder: string, closers: (() => unknown)[]): Promise<Span[]> {
  const agent = await startFakeDatadog();
  closers.push(() => agent.close());
  const openai = await startFakeOpenAI({ delay: 250, embeddingDelay: 60, knowledge: 'same: Mira O. = Mira Okafor' });
  closers.push(() => openai.close());
  const servers = await startServers({ dataFolder: folder });
  closers.push(() => servers.stop());
  const environment = {
    FALKORDB_HOST: servers.falkordb.host,
    FALKORDB_PORT: String(servers.falkordb.port),
    VALKEY_HOST: servers.valkey.host,
    VALKEY_PORT: String(servers.valkey.port),
    MEMORY_HOME: folder,
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: 'none',
    MEMORY_HEALTH_PORT: '0',
    DD_TRACE_AGENT_URL: agent.url,
  };
  const worker = startCommand(['worker'], environment);
  closers.push(() => worker.kill('SIGKILL'));
  let said = '';
  worker.stderr?.on('data', (text) => {
    said += text;
  });
  await until('The worker', () => said.includes('is ready') || worker.exitCode !== null);
  if (worker.exitCode !== null) throw new Error(`The worker did not start: ${said}`);
  const quiet = { DD_SERVICE: 'agent', DD_TRACE_IOREDIS_ENABLED: 'false', DD_TRACE_NET_ENABLED: 'false' };
  const options = { env: { ...process.env, ...environment, ...quiet, DD_TRACE_DNS_ENABLED: 'false' } };
  await promisify(execFile)(process.execPath, [CALLER, BEFORE, TOLD], options);
  worker.kill('SIGTERM');
  await once(worker, 'close');
  const turns = agent.spans.filter(({ name }) => name === 'agent.turn').sort((a, b) => a.start - b.start);
  return agent.trace(turns.at(-1)?.trace ?? '');
}

const folder = await mkdtemp(join(tmpdir(), 'memory-trace-'));
const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
try {
  const spans = await traceOfStore(folder, closers);
  await writeFile(file, tracePicture(spans));
  console.log(`${spans.length} spans of one trace are in ${file}.`);
} finally {
  for (const close of closers.reverse()) await close();
}
