import { type HealthCheck, type HealthGrade, measureWorkHealth } from '../../../workers/health.ts';
import { openMissedExportsCheck } from '../../../workers/missed-exports.ts';
import { programVersion } from '../../archive/manifest.ts';
import type { Graphs } from '../../graph/graphs.ts';
import { hasJournalKey, NO_KEY_NOTICE } from '../../journal/hmac.ts';
import { type StatusProblem, sinceText } from '../../memory/problems.ts';
import type { Services } from '../../memory/services.ts';
import { getStatus, worstModelHealth } from '../../memory/status.ts';
import type { WorkerNote } from '../../queue/heartbeats.ts';
import { liveWorkers } from '../../queue/queue-state.ts';
import type { OpenQueues } from '../../queue/queues.ts';
import { openSpool } from '../../queue/spool/spool.ts';
import { type Finding, type Level, ok, warning } from './finding.ts';

const LEVELS: Readonly<Record<HealthGrade, Level>> = { ok: 'ok', degraded: 'warning', red: 'problem' };
const START = 'start one with `memory-manager up` or `memory-manager worker`';

/** Shown by other checks. */
const CHECKED_ELSEWHERE: ReadonlySet<string> = new Set(['Valkey', 'FalkorDB', 'copies', 'graphs']);

/**
 * Workers, and the checks that need Valkey and workers: models, queue, dead letters, archives, graphs, spool. What the status calls a problem
 * is said in its words. @throws StoreUnreachableError and the like
 */
export async function checkWork(
  services: Services,
  queues: OpenQueues,
  graphs: Graphs,
  group: string,
): Promise<readonly Finding[]> {
  const { config } = services;
  const [{ workers }, hasKey, status] = await Promise.all([
    liveWorkers(queues),
    queues.ask(hasJournalKey),
    getStatus(services, { group, countPassages: false }),
  ]);
  const started = Math.min(Date.now(), ...workers.map((worker) => Date.parse(worker.started)));
  const checks = await measureWorkHealth({
    ...{ queues, graphs, group, started, storesEpisodes: true },
    signs: { read: () => ({ models: worstModelHealth(workers), lastCommit: null }) },
    spool: openSpool(config.home, config.spoolLimit),
    findMissed: openMissedExportsCheck(queues),
  });
  const problems = status.problems.filter(({ about }) => !CHECKED_ELSEWHERE.has(about));
  const isSaid = ({ name }: HealthCheck) => name === 'jobs' || problems.some(({ about }) => about === name);
  return [
    ...problems.map(problemFinding),
    ...checkWorkers(workers, config.nightly !== undefined),
    ...checks.filter((check) => !isSaid(check)).map(toFinding),
    ...(hasKey || config.journalKey ? [] : [warning('journal', NO_KEY_NOTICE)]),
  ];
}

function problemFinding(found: StatusProblem): Finding {
  const { level, about, message, remedy } = found;
  return {
    level,
    about: about.startsWith('model ') ? 'model' : about,
    message: `${message}${sinceText(found)} ${remedy}`,
  };
}

function toFinding({ name, status, message }: HealthCheck): Finding {
  const [, model] = /^model (.+)$/.exec(name) ?? [];
  return {
    level: LEVELS[status],
    ...(model ? { about: 'model', message: `${model}: ${message}` } : { about: name, message }),
  };
}

/** That no worker reads texts is among the problems of the status. */
function checkWorkers(workers: readonly WorkerNote[], isNightly: boolean): Finding[] {
  if (workers.length === 0) return [];
  const own = programVersion();
  const others = workers.filter(({ version }) => version !== own);
  const roles = new Set(workers.flatMap((worker) => worker.roles));
  const named = workers.map(({ pid, host, roles }) => `process ${pid} on ${host} (${roles.join(', ')})`);
  const lacksSchedule = isNightly && !(roles.has('scheduler') && roles.has('export'));
  return [
    ...(roles.has('store') ? [ok('worker', `${named.join('; ')}.`)] : []),
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
