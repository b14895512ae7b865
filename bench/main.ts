/**
 * Measures what docs/performance.md promises and prints it as a table.
 *
 *     npm run bench [-- --quick]     quick leaves out the graph of 100,000 facts, which takes minutes to make
 */

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { cachedCommand, cachedQuery, commits, prepare, store, uncachedQuery } from './figures.ts';
import { alone, costs, throughput } from './knowledge.ts';
import { promises } from './promises.ts';
import { redaction } from './redaction.ts';
import { markdownTable, type Row } from './table.ts';

const quick = process.argv.includes('--quick');
const servers = await startServers();
try {
  const config = {
    ...loadConfig({}),
    falkordb: { host: servers.falkordb.host, port: servers.falkordb.port, tls: false },
    valkey: { host: servers.valkey.host, port: servers.valkey.port, tls: false },
    models: 'local' as const,
  };
  const rows: Row[] = [];
  const figure = async (what: string, work: () => Promise<Row[]>) => {
    console.error(`${what} …`);
    rows.push(...(await work()));
  };
  const make = (facts: number) => {
    console.error(`making a graph of ${facts} facts …`);
    return prepare(config, facts, (done) => done % 20_000 === 0 && console.error(`  ${done}`));
  };
  await make(10_000);
  await figure('cached query in process', () => cachedQuery(config));
  await figure('cached query as a command', () => cachedCommand(config));
  await figure('store', () => store(config));
  await figure('uncached query, 10,000 facts', () => uncachedQuery(config, 10_000, 5));
  await figure('commit', () => commits(config));
  await figure('what an episode costs', () => costs(config));
  await figure('an episode alone', () => alone(config));
  await figure('redaction', async () => redaction());
  await figure('promises about time', () => promises(config));
  await figure('episodes a second', () => throughput(config, quick ? [20, 60] : [20, 60, 1000]));
  if (!quick) {
    await make(100_000);
    await figure('uncached query, 100,000 facts', () => uncachedQuery(config, 100_000, 8));
  }
  console.log(`${await machine(config.valkey.host, config.valkey.port)}\n\n${markdownTable(rows)}`);
} finally {
  await servers.stop();
}

async function machine(host: string, port: number): Promise<string> {
  const valkey = new Redis({ host, port });
  const info = await valkey.info('server');
  valkey.disconnect();
  const server = /valkey_version:(\S+)/.exec(info)?.[1] ?? /redis_version:(\S+)/.exec(info)?.[1];
  const version = (name: string) =>
    JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory} GiB, ${platform()} ${arch()} ${release().split('-')[0]}`,
    `Node ${process.versions.node}, Valkey ${server}, FalkorDB module ${version('@falkordblite/linux-x64')}, BullMQ ${version('bullmq')}, ioredis ${version('ioredis')}, falkordb ${version('falkordb')}`,
  ].join('  \n');
}
