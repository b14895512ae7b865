// The built product as the measurement of answers opens it, with the models that BENCH_MODELS names (default: local).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MODELS = process.env.BENCH_MODELS ?? 'local';
const OWN = /^(?:MEMORY_|FALKORDB_|VALKEY_|OPENAI_|B2_|DD_)/;
const OF_MODELS = /^(?:OPENAI_|MEMORY_(?:LLM|EMBEDDING|MODEL))/;

export async function open(folder, { concurrency = 1, home: kept } = {}) {
  for (const name of Object.keys(process.env))
    if (OWN.test(name) && !(MODELS === 'openai' && OF_MODELS.test(name))) delete process.env[name];
  const home = kept ?? mkdtempSync(join(tmpdir(), 'answers-'));
  Object.assign(process.env, {
    ...{ MEMORY_HOME: home, MEMORY_MODELS: MODELS, MEMORY_HEALTH_PORT: '0', MEMORY_LOG_LEVEL: 'silent' },
    ...{ MEMORY_EXPORT_CRON: 'off', MEMORY_CONCURRENCY: String(concurrency) },
  });
  const load = (path) => import(pathToFileURL(join(folder, 'dist', path)).href);
  const [{ MemoryManager, loadConfig }, { startServers }, { startWorkers }] = await Promise.all([
    load('src/index.js'),
    load('src/embedded/servers.js'),
    load('workers/main.js'),
  ]);
  const servers = await startServers({ dataFolder: join(home, 'servers') });
  const address = ({ host, port }) => ({ host, port, tls: false });
  const settings = Object.fromEntries(
    ['falkordb', 'valkey'].flatMap((name) => [
      [`${name.toUpperCase()}_HOST`, servers[name].host],
      [`${name.toUpperCase()}_PORT`, String(servers[name].port)],
    ]),
  );
  const config = { ...loadConfig(), falkordb: address(servers.falkordb), valkey: address(servers.valkey) };
  const worker = await startWorkers(config, ['store']);
  const memory = new MemoryManager(config);
  return {
    ask: (group, question, { limit, asOf, cache = true }) =>
      memory.queryMemory(question, limit, { group, ...(!cache && { cache }), ...(asOf && { asOf }) }),
    // As JSON, since the measurement expects times as ISO 8601 text.
    learnt: async (group, uuid) => JSON.parse(JSON.stringify(await memory.episodes.getExtracted([uuid], { group }))),
    size: (group) => memory.getGraphSize(group),
    async store(group, episodes, { limit = 600_000, metadata = true } = {}) {
      const receipts = await memory.enqueueEpisodes(
        episodes.map(({ id, content, source = 'text', description, saga, reference_time, metadata: given }) => ({
          ...{ content, metadata: (metadata && given) || null, group, source, idempotencyKey: id },
          ...(description && { sourceDescription: description }),
          ...(saga && { saga }),
          referenceTime: new Date(reference_time),
        })),
      );
      for (const receipt of receipts) await memory.waitFor(receipt, { timeoutMs: limit });
      return new Map(receipts.map(({ uuid }, place) => [episodes[place].id, uuid]));
    },
    cli(group, question, limit, asOf) {
      const main = join(folder, 'dist', 'bin', 'main.cjs');
      const args = ['query', question, '--group', group, '--limit', String(limit), '--no-cache'];
      const given = [main, ...args, ...(asOf ? ['--as-of', asOf] : [])];
      const env = { ...process.env, ...settings };
      return execFileSync(process.execPath, given, { encoding: 'utf8', env }).replace(/\n$/, '');
    },
    async close() {
      await memory.close();
      await worker.close();
      await servers.stop();
      if (!kept) rmSync(home, { recursive: true, force: true });
    },
  };
}
