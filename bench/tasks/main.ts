/**
 * Twenty tasks for a coding agent, with and without the memory of an invented project's history (history.ts).
 *
 *     node bench/tasks/main.ts            against a scripted model in this process, which costs nothing
 *     node bench/tasks/main.ts --show     and prints the memory's context for each task; * marks relevant lines
 *     OPENAI_API_KEY=… node bench/tasks/main.ts --model <name> --cap <dollars> --input-price <n> --output-price <n> [--base-url <url>]
 *
 * The last one asks a real model. Prices are dollars for a million tokens. It prints an estimate first, does not start when that is above the
 * cap, and stops before a call that could go beyond it.
 */
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { loadConfig } from '../../src/config.ts';
import { startServers } from '../../src/embedded/servers.ts';
import { ConfigError, isOperationalError } from '../../src/errors.ts';
import { markdownTable } from '../table.ts';
import { type Model, openBudget } from './agent.ts';
import { estimate } from './price.ts';
import { rowsOf } from './rows.ts';
import { attemptAll, attemptScripted, buildContexts, type GivenContext, type TaskResult } from './run.ts';
import { contextLines, isEvidence } from './score.ts';
import type { Task } from './tasks.ts';

const { values: given } = parseArgs({
  options: {
    ...{ show: { type: 'boolean' }, model: { type: 'string' }, 'base-url': { type: 'string' } },
    ...{ cap: { type: 'string' }, 'input-price': { type: 'string' }, 'output-price': { type: 'string' } },
  },
});
const dollars = z.coerce.number().check(z.positive());

try {
  const real = given.model === undefined ? undefined : realModel(given.model);
  const remembered = await withServers();
  const scripted = await attemptScripted(remembered);
  if (given.show) show(scripted);
  if (!real) print(scripted, 'scripted');
  else {
    const likely = estimate(scripted, real.prices, real.cap);
    console.error(`Likely to cost $${likely.toFixed(2)}, at most $${real.cap}.`);
    const results = await attemptAll(real.model, remembered);
    print(results, real.model.model);
    console.error(`Spent $${real.model.budget.spent.toFixed(4)}.`);
  }
} catch (error) {
  console.error(isOperationalError(error) ? error.message : error);
  process.exitCode = 1;
}

/** Checks the options of a real model before anything starts. */
function realModel(name: string) {
  const number = (option: 'cap' | 'input-price' | 'output-price') => {
    const parsed = dollars.safeParse(given[option]);
    if (parsed.success) return parsed.data;
    throw new ConfigError(`A real model needs --${option}, a number of dollars above 0.`);
  };
  const apiKey = process.env.OPENAI_API_KEY;
  if (!apiKey) throw new ConfigError('A real model needs its key in OPENAI_API_KEY.');
  const [cap, prices] = [number('cap'), { input: number('input-price'), output: number('output-price') }];
  const baseURL = given['base-url'] ?? process.env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1';
  const model: Model = { baseURL, apiKey, model: name, budget: openBudget(cap, prices) };
  return { model, cap, prices };
}

async function withServers(): Promise<ReadonlyMap<Task, GivenContext>> {
  const servers = await startServers();
  try {
    const { falkordb, valkey } = servers;
    console.error('storing the history …');
    return await buildContexts({
      ...loadConfig({}),
      falkordb: { host: falkordb.host, port: falkordb.port, tls: false },
      valkey: { host: valkey.host, port: valkey.port, tls: false },
      models: 'local',
    });
  } finally {
    await servers.stop();
  }
}

function print(results: readonly TaskResult[], model: string): void {
  for (const { task, with: one, without } of results)
    console.log(`${one.isRight ? 'right' : 'WRONG'} / ${without.isRight ? 'right' : 'WRONG'}  ${task.name}`);
  console.log(`\n${markdownTable(rowsOf(results, model))}`);
}

function show(results: readonly TaskResult[]): void {
  for (const { task, atOnce, with: one } of results) {
    console.log(`\n## ${task.name}: ${task.prompt}\n→ ${one.answer}`);
    for (const line of contextLines(atOnce))
      console.log(`${isEvidence(task, line) ? '*' : ' '} [${line.section}] ${line.text}`);
  }
  console.log('');
}
