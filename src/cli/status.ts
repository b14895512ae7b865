import { sizeOf } from '../archive/export.ts';
import type { QueueStatus, Status, ValkeyStatus } from '../memory/status.ts';
import type { ModelSigns } from '../telemetry/vital-signs.ts';
import { oneLine, shortened } from '../text.ts';
import type { Command } from './command.ts';
import { count } from './count.ts';
import { nightlyLines } from './nightly-lines.ts';
import { withMemory } from './with-memory.ts';

const LONGEST = 200;

export const command: Command = {
  help: `memory-manager status

Shows the state of the servers, workers, models and queues, the last commit, the schedule of
nightly exports, the last restore test, the journal, the last unresolved failure, the spool, the
progress of indexing passages, and the size of a memory. Also hands in spooled episodes.
Exit status 1 when a server does not answer.

  --require-worker  exit status 1 also when no worker is running, for health checks
  --group <name>    the memory to count (default: MEMORY_GROUP)
  --json            {"group", "valkey": {…}, "falkordb": {…}, "spool": {…}}`,
  options: { 'require-worker': { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      await memory.drainSpool();
      const status = await memory.getStatus(call.group === undefined ? {} : { group: call.group });
      console.log(call.json ? JSON.stringify(status) : lines(status).join('\n'));
      const { valkey, falkordb } = status;
      const worked = !call.flag('require-worker') || (valkey.ok && valkey.workers > 0);
      return valkey.ok && falkordb.ok && worked ? 0 : 1;
    }),
};

function lines({ group, valkey, falkordb, spool }: Status): string[] {
  const graph = falkordb.ok ? falkordb.graph : undefined;
  return [
    valkey.ok ? `Valkey   answers (${valkey.ms} ms)` : valkey.said,
    falkordb.ok ? `FalkorDB answers (${falkordb.ms} ms)` : falkordb.said,
    ...(valkey.ok ? valkeyLines(valkey) : []),
    ...(spool.episodes > 0 ? [`Spool    ${count(spool.episodes, 'episode')} on disk, waiting for Valkey`] : []),
    ...(spool.unreadable > 0
      ? [`Spool    ${count(spool.unreadable, 'file')} in ${spool.folder}/unreadable that could not be handed in`]
      : []),
    ...(falkordb.ok && falkordb.lacksChanges
      ? [
          `Memory   its graph has lost changes, and exports are stopped; to restore the changes, run \`memory-manager archive rebuild --replace --group ${group}\``,
        ]
      : []),
    ...(falkordb.ok && falkordb.passages.cut < falkordb.passages.episodes ? [passagesLine(falkordb.passages)] : []),
    ...(graph
      ? [
          `Memory   "${group}": ${count(graph.episodes, 'episode')}, ${count(graph.entities, 'entity', 'entities')}, ${count(graph.facts, 'fact')}`,
        ]
      : []),
  ];
}

function passagesLine({ cut, episodes }: { readonly cut: number; readonly episodes: number }): string {
  return `Passages ${cut.toLocaleString('en')} of ${episodes.toLocaleString('en')} episodes have passages; a worker adds the others`;
}

function valkeyLines(status: ValkeyStatus) {
  const { workers, alive, store, export: exporting, lastCommit, models, lastFailure } = status;
  return [
    workers === 0 ? 'Workers  0; start one with `memory-manager up` or `memory-manager worker`' : `Workers  ${workers}`,
    ...alive.map(
      ({ pid, host, roles, state, health }) =>
        `         process ${pid} on ${host}: ${roles.join(', ')}${state === 'closing' ? ', closing' : ''}${health ? `, ${health}/health` : ''}`,
    ),
    ...Object.entries(models).map(([model, signs]) => `Model    ${model}: ${calls(signs)}, breaker ${signs.breaker}`),
    queue('Store', store),
    queue('Export', exporting),
    ...(lastCommit === null ? [] : [`Commit   ${lastCommit} s ago`]),
    ...nightlyLines(status),
    ...journalLines(status),
    ...reembeddingLines(status),
    ...(lastFailure ? [`Failed   ${shortened(oneLine(lastFailure), LONGEST)}`] : []),
  ];
}

function calls({ failedInARow, ok, failed }: ModelSigns): string {
  const wasAsked = ok + failed > 0;
  const latest = failedInARow > 0 ? `last ${count(failedInARow, 'call')} failed, ` : wasAsked ? 'answers, ' : '';
  return `${latest}${wasAsked ? `${ok} of ${ok + failed} calls in the last minute succeeded` : 'no calls in the last minute'}`;
}

function queue(name: string, { waiting, active, delayed, failed, completed, oldestWaiting }: QueueStatus): string {
  const since = oldestWaiting === null ? '' : `, oldest waiting for ${oldestWaiting} s`;
  return `${name.padEnd(8)} ${waiting} waiting, ${active} active, ${delayed} delayed, ${failed} failed, ${completed} done${since}`;
}

function reembeddingLines({ reembedding }: ValkeyStatus): string[] {
  if (!reembedding) return [];
  const { model, dimension, phase, share } = reembedding;
  const how =
    phase === 'embedding' ? `${Math.floor(share * 100)} % of the texts embedded` : 'replacing the graph, commits wait';
  return [`Vectors  changing to ${model} (${dimension} dimensions): ${how}`];
}

function journalLines({ journal: { entries, since, bytes, gap } }: ValkeyStatus): string[] {
  const time = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;
  return [
    ...(since ? [`Journal  ${count(entries, 'change')} since ${time(since)}, ${sizeOf(bytes)}`] : []),
    ...(gap
      ? [
          `Journal  has a gap before ${time(gap)}; to close it, run \`memory-manager export\` and \`memory-manager archive verify latest --restore\``,
        ]
      : []),
  ];
}
