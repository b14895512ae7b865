import { InvalidInput } from '../errors.ts';
import type { GraphCounts } from '../graph/queries/count-graph.ts';
import type { MemoryManager } from '../memory.ts';
import type { Counts } from '../queue/producer.ts';
import { oneLine, shortened } from '../text.ts';
import type { Command } from './command.ts';
import { count } from './count.ts';
import { withMemory } from './with-memory.ts';

const LONGEST = 200;

type Asked<T> = Partial<T> & { readonly ok: boolean; readonly said?: string };

interface Status {
  readonly group: string;
  readonly valkey: Asked<{ store: Counts; export: Counts; workers: number; lastFailure?: string }>;
  readonly falkordb: Asked<{ graph: GraphCounts }>;
}

export const command: Command = {
  help: `memory-manager status

Shows whether the servers answer, what waits in the queues, why the last try failed that was not
made good yet, how many workers run and what a group holds.
Exit status 1 when a server does not answer.

  --require-worker  exit status 1 also when no worker runs, for health checks
  --group <name>    the memory to count (default: MEMORY_GROUP)
  --json            {"group", "valkey": {…}, "falkordb": {…}}`,
  options: { 'require-worker': { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const status = await ask(memory, call.group);
      console.log(call.json ? JSON.stringify(status) : lines(status).join('\n'));
      const worked = !call.flag('require-worker') || (status.valkey.workers ?? 0) > 0;
      return status.valkey.ok && status.falkordb.ok && worked ? 0 : 1;
    }),
};

async function ask(memory: MemoryManager, group: string | undefined): Promise<Status> {
  const [valkey, falkordb] = await Promise.all([
    answer(async () => ({
      store: await memory.counts('store'),
      export: await memory.counts('export'),
      workers: await memory.workers('store'),
      ...(await lastFailure(memory)),
    })),
    answer(async () => ({ graph: await memory.size(group) })),
  ]);
  return { group: group ?? memory.config.group, valkey, falkordb };
}

async function lastFailure(memory: MemoryManager): Promise<{ lastFailure?: string }> {
  const said = (await memory.lastFailure('store')) ?? (await memory.lastFailure('export'));
  return said === undefined ? {} : { lastFailure: said };
}

async function answer<T>(work: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ...(await work()), ok: true };
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    return { ok: false, said: (error as Error).message } as Asked<T>;
  }
}

function lines({ group, valkey, falkordb }: Status): string[] {
  const jobs = (name: string, counts: Counts | undefined) =>
    counts
      ? `${name.padEnd(8)} ${counts.waiting} waiting, ${counts.active} active, ${counts.delayed} delayed, ${counts.failed} failed, ${counts.completed} done`
      : '';
  const { graph } = falkordb;
  return [
    valkey.said ?? 'Valkey   answers',
    falkordb.said ?? 'FalkorDB answers',
    valkey.workers === undefined ? '' : `Workers  ${valkey.workers}`,
    jobs('Store', valkey.store),
    jobs('Export', valkey.export),
    valkey.lastFailure ? `Failed   ${shortened(oneLine(valkey.lastFailure), LONGEST)}` : '',
    graph
      ? `Memory   "${group}": ${count(graph.episodes, 'episode')}, ${count(graph.entities, 'entity', 'entities')}, ${count(graph.facts, 'fact')}`
      : '',
  ].filter((line) => line !== '');
}
