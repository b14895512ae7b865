import { sizeText } from '../archive/export.ts';
import { type StatusProblem, sinceText } from '../memory/problems.ts';
import type { NightlyStatus, QueueStatus, Status, ValkeyStatus } from '../memory/status.ts';
import type { CopiesStatus } from '../queue/queue-state.ts';
import { supervisionNotices, supervisionOf } from '../supervisor/supervision.ts';
import type { ModelHealth } from '../telemetry/vital-signs.ts';
import { oneLine, truncated } from '../text.ts';
import { ageText, SECOND } from '../time.ts';
import type { Command } from './command.ts';
import { agentJson, agentLines, agentMemory, contentsOf } from './memory/agent-memory.ts';
import { withMemory } from './memory/with-memory.ts';
import { unusedServers } from './startup/unused-servers.ts';
import { count } from './terminal/output.ts';

const LONGEST = 200;
const LONGEST_PROBLEM = 500;

export const command: Command = {
  help: `memory-manager status

Begins with the memory that agents use in this folder, and with processes that died under \`up\` in
the last day. Then shows what keeps texts from being read, since when and what to do; the state of
the servers, workers, models and queues, the last commit, the schedule of nightly exports, the last
restore test, the journal, the last unresolved failure, the spool, the progress of indexing
passages, and the size of a memory. Also queues spooled episodes. Exit status 1 when a server does
not answer.

  --require-worker  exit status 1 also when no worker is running, for health checks
  --group <name>    the memory whose size to show (default: MEMORY_GROUP)
  --json            {"agent", "group", "problems", "valkey", "falkordb", "spool", "supervision"}`,
  options: { 'require-worker': { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      await memory.drainSpool();
      const status = await memory.getStatus(call.groupOption);
      const agent = agentMemory(process.cwd(), process.env);
      const contents = status.falkordb.ok ? await contentsOf(memory, agent.group) : undefined;
      const supervision = await supervisionOf(process.env);
      const notices = supervision ? supervisionNotices(supervision).map(({ text }) => `Restarts ${text}`) : [];
      const unused = unusedServers(process.env, memory.config).map((text) => `Settings ${text}`);
      if (call.json) console.log(JSON.stringify({ agent: agentJson(agent, contents), ...status, supervision }));
      else console.log([...agentLines(agent, contents), ...unused, ...notices, ...lines(status)].join('\n'));
      const { valkey, falkordb } = status;
      const worked = !call.flag('require-worker') || (valkey.ok && valkey.workers > 0);
      return valkey.ok && falkordb.ok && worked ? 0 : 1;
    }),
};

function lines({ group, valkey, falkordb, spool, problems }: Status): string[] {
  const graph = falkordb.ok ? falkordb.graph : undefined;
  return [
    valkey.ok ? `Valkey   answers (${valkey.latencyMs} ms)` : valkey.error,
    falkordb.ok ? `FalkorDB answers (${falkordb.latencyMs} ms)` : falkordb.error,
    ...problems.filter(({ about }) => !SHOWN_ELSEWHERE.has(about)).map(problemLine),
    ...(valkey.ok ? valkeyLines(valkey) : []),
    ...(falkordb.ok ? copiesLines('FALKORDB_COPIES', falkordb.copies, graphCopies) : []),
    ...(spool.episodes > 0 ? [`Spool    ${count(spool.episodes, 'episode')} on disk, waiting for Valkey`] : []),
    ...(spool.unreadable > 0
      ? [`Spool    ${count(spool.unreadable, 'file')} in ${spool.folder}/unreadable that could not be queued`]
      : []),
    ...(falkordb.ok && falkordb.lacksChanges
      ? [
          falkordb.needsRebuild
            ? `Memory   its graph has lost changes, and exports are stopped; to restore the changes, run \`memory-manager archive rebuild --replace --group ${group}\``
            : 'Memory   its graph has lost changes; a worker replays them from the journal',
        ]
      : []),
    ...(falkordb.ok && falkordb.passages ? passageLines(falkordb.passages) : []),
    ...(graph
      ? [
          `Memory   "${group}": ${count(graph.episodes, 'episode')}, ${count(graph.entities, 'entity', 'entities')}, ${count(graph.facts, 'fact')}`,
        ]
      : []),
  ];
}

/** Problems that other lines show. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(['Valkey', 'FalkorDB', 'graphs', 'copies', 'budget']);

const problemLine = ({ level, remedy, ...problem }: StatusProblem): string =>
  `${level === 'problem' ? 'Problem ' : 'Warning '} ${truncated(oneLine(problem.message), LONGEST_PROBLEM)}${sinceText(problem)} ${remedy}`;

function passageLines({ cut, episodes }: { readonly cut: number; readonly episodes: number }): string[] {
  if (cut === episodes) return [];
  return [
    `Passages ${cut.toLocaleString('en')} of ${episodes.toLocaleString('en')} episodes have passages; a worker adds the others`,
  ];
}

function valkeyLines(status: ValkeyStatus) {
  const { workers, liveWorkers, store, export: exporting, lastCommitAgeMs, models, lastFailure } = status;
  return [
    workers === 0 ? 'Workers  0; start one with `memory-manager up` or `memory-manager worker`' : `Workers  ${workers}`,
    ...liveWorkers.map(
      ({ pid, host, roles, state, healthUrl }) =>
        `         process ${pid} on ${host}: ${roles.join(', ')}${state === 'closing' ? ', closing' : ''}${healthUrl ? `, ${healthUrl}/health` : ''}`,
    ),
    ...Object.entries(models).map(([model, signs]) => `Model    ${model}: ${calls(signs)}, breaker ${signs.breaker}`),
    ...copiesLines('VALKEY_COPIES', status.copies, queueCopies),
    ...budgetLines(status),
    queue('Store', store),
    queue('Export', exporting),
    ...(lastCommitAgeMs === null ? [] : [`Commit   ${seconds(lastCommitAgeMs)} s ago`]),
    ...nightlyLines(status),
    ...journalLines(status),
    ...reembeddingLines(status),
    ...(lastFailure ? [`Failed   ${truncated(oneLine(lastFailure), LONGEST)}`] : []),
  ];
}

const queueCopies = (replicas: string) =>
  `Valkey has ${replicas} (in a cluster, its primary with the fewest); texts may be spooled or refused`;
const graphCopies = (replicas: string) => `FalkorDB has ${replicas}; commits are made, but their jobs wait`;

function copiesLines(
  setting: string,
  copies: CopiesStatus | null,
  consequence: (replicas: string) => string,
): string[] {
  if (!copies || copies.replicas === null || copies.replicas >= copies.wanted) return [];
  const { wanted, replicas } = copies;
  return [`Copies   ${setting} asks for ${wanted}, and ${consequence(count(replicas, 'replica'))}`];
}

function budgetLines({ budget }: ValkeyStatus): string[] {
  if (!budget) return [];
  const { spent, limit, resetsAt } = budget;
  const wait = spent >= limit ? `; texts are stored, and read by the model from ${time(resetsAt)} on` : '';
  return [`Budget   $${spent.toFixed(2)} of $${limit} spent today (UTC)${wait}`];
}

function calls({ failedInARow, ok, failed }: ModelHealth): string {
  const wasAsked = ok + failed > 0;
  const latest = failedInARow > 0 ? `last ${count(failedInARow, 'call')} failed, ` : wasAsked ? 'answers, ' : '';
  return `${latest}${wasAsked ? `${ok} of ${ok + failed} calls in the last minute succeeded` : 'no calls in the last minute'}`;
}

function queue(name: string, { waiting, active, delayed, failed, completed, oldestWaitingMs }: QueueStatus): string {
  const since = oldestWaitingMs === null ? '' : `, oldest waiting for ${seconds(oldestWaitingMs)} s`;
  return `${name.padEnd(8)} ${waiting} waiting, ${active} active, ${delayed} delayed, ${failed} failed, ${completed} done${since}`;
}

function reembeddingLines({ reembedding }: ValkeyStatus): string[] {
  if (!reembedding) return [];
  const { model, dimension, phase, progress } = reembedding;
  const how =
    phase === 'embedding'
      ? `${Math.floor(progress * 100)} % of the texts embedded`
      : 'replacing the graph, commits wait';
  return [`Vectors  changing to ${model} (${dimension} dimensions): ${how}`];
}

function journalLines({ journal: { entries, since, bytes, gap } }: ValkeyStatus): string[] {
  return [
    ...(since ? [`Journal  ${count(entries, 'change')} since ${time(since)}, ${sizeText(bytes)}`] : []),
    ...(gap
      ? [
          `Journal  has a gap before ${time(gap)}; to close it, run \`memory-manager export\` and \`memory-manager archive verify latest --restore\``,
        ]
      : []),
  ];
}

/** The lines of `status` about nightly archives. */
export function nightlyLines({ nightly, liveWorkers }: Pick<ValkeyStatus, 'nightly' | 'liveWorkers'>): string[] {
  const { verified, failed, oldest } = nightly;
  const isKept = liveWorkers.some(({ roles }) => roles.includes('scheduler'));
  return [
    `Nightly  ${isKept ? next(nightly) : 'no worker keeps the schedule (role scheduler)'}${last(nightly)}`,
    verified
      ? `Archive  restore test passed ${ageText(verified.ageMs)}: ${verified.file}`
      : 'Archive  no restore test yet',
    ...(failed ? [`Archive  cannot be restored: ${failed.file}: ${truncated(oneLine(failed.error), LONGEST)}`] : []),
    ...(oldest && oldest.ageMs > (verified?.ageMs ?? 0)
      ? [`Archive  oldest restore test of all memories: "${oldest.group}", ${ageText(oldest.ageMs)}`]
      : []),
  ];
}

const next = ({ next }: NightlyStatus): string => (next ? `next at ${time(next)}` : 'off (MEMORY_EXPORT_CRON)');

function last({ last }: NightlyStatus): string {
  // The first start only records the time from which the schedule counts.
  return last?.outcome ? `; last at ${time(last.tick)}: ${outcomeOf(last.outcome)}` : '';
}

function outcomeOf({
  error,
  groups,
  done,
  failed,
}: NonNullable<NonNullable<NightlyStatus['last']>['outcome']>): string {
  if (error !== undefined) return `failed: ${truncated(oneLine(error), LONGEST)}`;
  const open = groups - done - failed;
  const parts = [
    `${done} of ${count(groups, 'memory', 'memories')} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(open > 0 ? [`${open} in progress`] : []),
  ];
  return parts.join(', ');
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / SECOND);

const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
