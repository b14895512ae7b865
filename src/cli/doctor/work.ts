import { type HealthCheck, type HealthGrade, measureWorkHealth } from '../../../workers/health.ts';
import { openMissedExportCheck } from '../../../workers/missed-memories.ts';
import { programVersion } from '../../archive/manifest.ts';
import type { Config } from '../../config.ts';
import type { Graphs } from '../../graph/graphs.ts';
import { hasJournalKey, NO_KEY_NOTICE } from '../../journal/hmac.ts';
import { worstModelHealth } from '../../memory/status.ts';
import type { WorkerNote } from '../../queue/heartbeats.ts';
import { countWorkers, liveWorkers } from '../../queue/queue-state.ts';
import type { OpenQueues } from '../../queue/queues.ts';
import { openSpool } from '../../queue/spool/spool.ts';
import { type Finding, type Level, ok, problem, warning } from './finding.ts';

const LEVELS: Readonly<Record<HealthGrade, Level>> = { ok: 'ok', degraded: 'warning', red: 'problem' };
const START = 'start one with `memory-manager up` or `memory-manager worker`';

/** Workers, and the checks that need Valkey and workers: models, queue, dead letters, archives, graphs, spool. @throws StoreUnreachableError and the like */
export async function checkWork(
  config: Config,
  queues: OpenQueues,
  graphs: Graphs,
  group: string,
): Promise<readonly Finding[]> {
  const [{ workers }, connections, hasKey] = await Promise.all([
    liveWorkers(queues),
    countWorkers(queues, 'store'),
    queues.ask(hasJournalKey),
  ]);
  const started = Math.min(Date.now(), ...workers.map((worker) => Date.parse(worker.started)));
  const checks = await measureWorkHealth({
    ...{ queues, graphs, group, started, storesEpisodes: true },
    signs: { read: () => ({ models: worstModelHealth(workers), lastCommit: null }) },
    spool: openSpool(config.home, config.spoolLimit),
    findMissed: openMissedExportCheck(queues),
  });
  return [
    ...checkWorkers(workers, connections, config.nightly !== undefined),
    ...checks.map(toFinding),
    ...(hasKey || config.journalKey ? [] : [warning('journal', NO_KEY_NOTICE)]),
  ];
}

function toFinding({ name, status, message }: HealthCheck): Finding {
  const [, model] = /^model (.+)$/.exec(name) ?? [];
  return {
    level: LEVELS[status],
    ...(model ? { about: 'model', message: `${model}: ${message}` } : { about: name, message }),
  };
}

function checkWorkers(workers: readonly WorkerNote[], connections: number, isNightly: boolean): Finding[] {
  if (workers.length === 0)
    return [
      problem(
        'worker',
        connections > 0
          ? 'A worker is connected but has sent no heartbeat for 15 s; `memory-manager down`, then `memory-manager up`.'
          : `No worker is running, so stored texts do not become facts; ${START}.`,
      ),
    ];
  const own = programVersion();
  const others = workers.filter(({ version }) => version !== own);
  const roles = new Set(workers.flatMap((worker) => worker.roles));
  const named = workers.map(({ pid, host, roles }) => `process ${pid} on ${host} (${roles.join(', ')})`);
  const lacksSchedule = isNightly && !(roles.has('scheduler') && roles.has('export'));
  return [
    roles.has('store')
      ? ok('worker', `${named.join('; ')}.`)
      : problem('worker', `No worker stores episodes; ${START}.`),
    ...(lacksSchedule
      ? [warning('worker', `No worker exports memories at night (roles scheduler and export); ${START}.`)]
      : []),
    ...others.map(({ pid, host, version = 'of an earlier release' }) =>
      warning(
        'worker',
        `Process ${pid} on ${host} runs version ${version}, and this is ${own}; restart it (\`memory-manager down\`, then \`memory-manager up\`).`,
      ),
    ),
  ];
}
