/**
 * Measures what docs/performance.md promises and prints it as a table.
 *
 *     npm run bench [-- --quick]     quick leaves out the graph of 100,000 facts, which takes minutes to make
 *     npm run bench -- --tasks       twenty tasks of a coding agent with and without the memory (bench/tasks/main.ts); a minute
 *     npm run bench -- --answers [--mirror <folder>]     how good the answers are, instead of how fast; a quarter of an hour
 *     npm run bench -- --answers --models openai [--cap <dollars>]     the same with the language model that the environment names; without a cap only what it would cost
 */

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type Config, loadConfig } from '../src/config.ts';
import { startServers } from '../src/embedded/servers.ts';
import { measureAnswers, measureModelAnswers } from './answers.ts';
import {
  measureCachedBriefing,
  measureCachedCommand,
  measureCachedQuery,
  measureCommits,
  measureStore,
  measureUncachedQuery,
  prepareGraph,
} from './figures.ts';
import { measureCosts, measureSingleEpisode, measureThroughput } from './knowledge.ts';
import { measurePromises } from './promises.ts';
import { measureRecall } from './recall.ts';
import { measureRedaction } from './redaction.ts';
import { markdownTable, type Row } from './table.ts';
import { rowsOf } from './tasks/rows.ts';
import { attemptScripted, buildContexts } from './tasks/run.ts';

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    tasks: { type: 'boolean' },
    answers: { type: 'boolean' },
    mirror: { type: 'string' },
    models: { type: 'string' },
    cap: { type: 'string' },
  },
});
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
  if (given.tasks)
    await figure('tasks of an agent', async () =>
      rowsOf(await attemptScripted(await buildContexts(config)), 'scripted'),
    );
  else if (given.answers && given.models === 'openai')
    await figure('how good the answers of a language model are', async () =>
      measureModelAnswers(given.cap === undefined ? undefined : Number(given.cap)),
    );
  else if (given.answers) await figure('how good the answers are', () => measureAnswers(config, given.mirror));
  else await measureTimes(config, figure);
  console.log(`${await machine(config.valkey.host, config.valkey.port)}\n\n${markdownTable(rows)}`);
} finally {
  await servers.stop();
}

async function measureTimes(
  config: Config,
  figure: (what: string, work: () => Promise<Row[]>) => Promise<void>,
): Promise<void> {
  const make = (facts: number) => {
    console.error(`making a graph of ${facts} facts …`);
    return prepareGraph(config, facts, (done) => done % 20_000 === 0 && console.error(`  ${done}`));
  };
  await make(10_000);
  await figure('cached query in process', () => measureCachedQuery(config));
  await figure('cached briefing in process', () => measureCachedBriefing(config));
  await figure('cached query as a command', () => measureCachedCommand(config));
  await figure('store', () => measureStore(config));
  await figure('uncached query, 10,000 facts', () => measureUncachedQuery(config, 10_000, 5));
  await figure('recall', () => measureRecall(config));
  await figure('commit', () => measureCommits(config));
  await figure('what an episode costs', () => measureCosts(config));
  await figure('an episode alone', () => measureSingleEpisode(config));
  await figure('redaction', async () => measureRedaction());
  await figure('promises about time', () => measurePromises(config));
  await figure('episodes a second', () => measureThroughput(config, given.quick ? [20, 60] : [20, 60, 1000]));
  if (!given.quick) {
    await make(100_000);
    await figure('uncached query, 100,000 facts', () => measureUncachedQuery(config, 100_000, 8));
  }
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
