import type { Graphs } from '../src/graph/graphs.ts';
import { isLost, lossesOf } from '../src/journal/lost-changes.ts';
import { readCheckedServer } from '../src/journal/server-change.ts';
import { STUCK_AFTER, sinceText, waitProblems } from '../src/memory/problems.ts';
import type { LiveWorkers } from '../src/queue/heartbeats.ts';
import type { NightlyState } from '../src/queue/nightly-exports.ts';
import { openNightlyExports } from '../src/queue/nightly-exports.ts';
import {
  jobCounts,
  latestFailures,
  liveWorkers,
  oldestWaiting,
  pingValkey,
  spendingToday,
} from '../src/queue/queue-state.ts';
import type { OpenQueues } from '../src/queue/queues.ts';
import type { Spool } from '../src/queue/spool/spool.ts';
import type { RestoreTest } from '../src/schedule/restore-tests.ts';
import type { ModelHealth, VitalSigns } from '../src/telemetry/vital-signs.ts';
import { HOUR, SECOND } from '../src/time.ts';
import { isBudgetSpent } from '../src/valkey/budget.ts';
import { withTimeout } from '../src/with-timeout.ts';
import type { FindMissedExports } from './missed-exports.ts';

export type HealthGrade = 'ok' | 'degraded' | 'red';

/** The result of one check, with the reason for its grade in a sentence. */
export interface HealthCheck {
  readonly name: string;
  readonly status: HealthGrade;
  readonly message: string;
}

/** The health of a worker; its status is that of the worst check. */
export interface Health {
  readonly status: HealthGrade;
  readonly checks: readonly HealthCheck[];
}

/** The inputs of the measurement. */
export interface HealthInputs {
  readonly queues: OpenQueues;
  readonly graphs: Pick<Graphs, 'ping' | 'group' | 'identity'>;
  /** The worker's own group. */
  readonly group: string;
  readonly signs: Pick<VitalSigns, 'read'>;
  readonly spool: Spool;
  readonly findMissed: FindMissedExports;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** False for a worker that only exports: it calls no model, and others' backlog is not its own. */
  readonly storesEpisodes: boolean;
}

const ANSWERS_WITHIN = 2 * SECOND;
const FAILED_IN_A_ROW = 3;

/** Asks the servers and reads the worker's own observations; only what was observed is reported. Never throws. */
export async function measureHealth(measured: HealthInputs): Promise<Health> {
  const { queues, graphs } = measured;
  const stores = Promise.all([store('valkey', () => pingValkey(queues)), store('falkordb', () => graphs.ping())]);
  const checks = (await Promise.all([stores, measureWorkHealth(measured)])).flat();
  const worst = (['red', 'degraded'] as const).find((grade) => checks.some(({ status }) => status === grade));
  return { status: worst ?? 'ok', checks };
}

/** The checks other than those of the servers. Never throws. */
export async function measureWorkHealth(measured: HealthInputs): Promise<readonly HealthCheck[]> {
  const { queues, signs, spool, storesEpisodes } = measured;
  const checks = [
    queueCheck(measured),
    jobsCheck(measured),
    budgetCheck(queues),
    deadLetters(queues),
    archivesCheck(measured),
    graphsCheck(measured),
  ];
  return [
    ...(storesEpisodes ? Object.entries(signs.read().models).map(([model, signs]) => modelCheck(model, signs)) : []),
    ...(await Promise.all(checks)).filter((check) => check !== undefined),
    spoolCheck(spool),
  ];
}

async function store(name: string, ask: () => Promise<unknown>): Promise<HealthCheck> {
  const began = performance.now();
  try {
    await withTimeout(ANSWERS_WITHIN, ask(), () => {
      throw new Error(`It did not answer within ${ANSWERS_WITHIN / SECOND} s.`);
    });
    return { name, status: 'ok', message: `It answered in ${Math.ceil(performance.now() - began)} ms.` };
  } catch (error) {
    return { name, status: 'red', message: (error as Error).message };
  }
}

export function modelCheck(model: string, { breaker, ok, failed, failedInARow, failure }: ModelHealth): HealthCheck {
  const name = `model ${model}`;
  const isAsked = ok + failed > 0;
  const lastMinute = isAsked
    ? `${ok} of ${ok + failed} calls of the last minute went well`
    : 'it was not asked in the last minute';
  const reason = failure ? ` The reason: ${failure.reason}` : '';
  // A single refused call opens the breaker too; if others succeeded recently, the model is only degraded.
  if (breaker === 'open' && failedInARow < FAILED_IN_A_ROW)
    return {
      name,
      status: ok === 0 ? 'red' : 'degraded',
      message: `The circuit breaker blocks calls after failures; ${lastMinute}.${reason}`,
    };
  if (failedInARow >= FAILED_IN_A_ROW)
    return { name, status: 'red', message: `Its last ${failedInARow} calls failed; ${lastMinute}.${reason}` };
  return { name, status: 'ok', message: isAsked ? `${lastMinute}.` : 'It was not asked in the last minute.' };
}

/** Undefined while Valkey does not answer, which its own check reports. */
async function queueCheck({ queues, started, storesEpisodes }: HealthInputs): Promise<HealthCheck | undefined> {
  if (!storesEpisodes) return undefined;
  try {
    const [since, alive, { budget }] = await Promise.all([
      oldestWaiting(queues, 'store'),
      liveWorkers(queues),
      spendingToday(queues),
    ]);
    const verdict = gradeQueue(since, alive, started);
    // Jobs that wait for the next day are not stuck, and the check of the budget reports them.
    return { name: 'queue', ...verdict, ...(budget && isBudgetSpent(budget) && { status: 'ok' as const }) };
  } catch {
    return undefined;
  }
}

/** Causes for which jobs wait, such as another embedder. Undefined while Valkey does not answer. */
async function jobsCheck({ queues, group, storesEpisodes }: HealthInputs): Promise<HealthCheck | undefined> {
  if (!storesEpisodes) return undefined;
  try {
    const [store, exports, { now }] = await Promise.all([
      latestFailures(queues, 'store'),
      latestFailures(queues, 'export'),
      liveWorkers(queues),
    ]);
    const problems = waitProblems({ store, export: exports }, group, now);
    const [first] = problems.toSorted((a, b) => Number(b.stopsReading) - Number(a.stopsReading));
    if (!first) return { name: 'jobs', status: 'ok', message: 'No job waits because of a failure.' };
    return {
      name: 'jobs',
      status: first.level === 'problem' ? 'red' : 'degraded',
      message: `${first.message}${sinceText(first)}`,
    };
  } catch {
    return undefined;
  }
}

/** A worker that has just started has not failed yet. */
export function gradeQueue(
  since: number | null,
  alive: LiveWorkers,
  started: number,
): Pick<HealthCheck, 'status' | 'message'> {
  if (since === null) return { status: 'ok', message: 'Nothing waits.' };
  const { lastCommit, now } = alive;
  const waited = `The oldest job has waited ${seconds(now - since)}`;
  const progress = lastCommit === null ? 'nothing was committed yet' : `last commit ${seconds(now - lastCommit)} ago`;
  const quiet = now - Math.max(lastCommit ?? 0, started);
  const isStuck = now - since > STUCK_AFTER && quiet > STUCK_AFTER;
  return { status: isStuck ? 'red' : 'ok', message: `${waited}; ${progress}.` };
}

/** Undefined without a budget. */
async function budgetCheck(queues: OpenQueues): Promise<HealthCheck | undefined> {
  try {
    const { budget } = await spendingToday(queues);
    if (!budget) return undefined;
    const spent = `$${budget.spent.toFixed(2)} of $${budget.limit} are spent today (UTC)`;
    return isBudgetSpent(budget)
      ? {
          name: 'budget',
          status: 'degraded',
          message: `${spent}. Texts are stored, and read by the model from ${budget.resetsAt.toISOString().slice(0, 16)}Z on; MEMORY_BUDGET sets the limit.`,
        }
      : { name: 'budget', status: 'ok', message: `${spent}.` };
  } catch {
    return undefined;
  }
}

async function deadLetters(queues: OpenQueues): Promise<HealthCheck | undefined> {
  const name = 'dead letters';
  try {
    const counts = await Promise.all([jobCounts(queues, 'store'), jobCounts(queues, 'export')]);
    const failed = counts.reduce((sum, count) => sum + count.failed, 0);
    if (failed === 0) return { name, status: 'ok', message: 'There are none.' };
    const jobs = failed === 1 ? '1 job was' : `${failed} jobs were`;
    return { name, status: 'degraded', message: `${jobs} given up; \`memory-manager dead-letter list\` shows why.` };
  } catch {
    return undefined;
  }
}

/** Undefined if there was no nightly export yet and none is due. */
async function archivesCheck({ queues, findMissed }: HealthInputs): Promise<HealthCheck | undefined> {
  const nights = openNightlyExports(queues);
  try {
    const [night, drills, { now }] = await Promise.all([nights.last(), nights.restoreTests(), liveWorkers(queues)]);
    const verdict = gradeArchives(night, [...drills.values()], now, await findMissed(night, drills));
    return verdict && { name: 'archives', ...verdict };
  } catch {
    return undefined;
  }
}

/** How long a night may take. Archives count as unproven after one period of the schedule and this time: 26 hours with a daily schedule. */
const NIGHT_TAKES = 2 * HOUR;

/**
 * @param now by Valkey's clock
 * @param missed memories that the last night should have exported and did not
 */
export function gradeArchives(
  { next, last, outcome, isPending }: NightlyState,
  drills: readonly RestoreTest[],
  now: number,
  missed: readonly string[] = [],
): Pick<HealthCheck, 'status' | 'message'> | undefined {
  const red = (reason: string) => ({ status: 'red' as const, message: reason });
  const failed = drills.filter((drill) => drill.failed !== null).length;
  if (failed > 0) return red(`The last archive of ${memories(failed)} cannot be restored; ${SHOWS_WHY}.`);
  const isLate = (due: Date) => now - due.getTime() > NIGHT_TAKES;
  if (next && isLate(next))
    return red(
      `The nightly export due at ${next.toISOString()} has not begun; is a worker with the role scheduler running?`,
    );
  if (next && last) {
    if (outcome?.error !== undefined) return red(`The last nightly export failed before any memory; ${SHOWS_WHY}.`);
    if (outcome && outcome.failed > 0)
      return red(`The last nightly export failed for ${outcome.failed} of ${memories(outcome.groups)}; ${SHOWS_WHY}.`);
    if (isLate(last) && (isPending || (outcome && outcome.done < outcome.groups)))
      return red(
        `The nightly export of ${last.toISOString()} has done ${outcome?.done ?? 0} of ${memories(outcome?.groups)}; is a worker with the role export running?`,
      );
    if (missed.length > 0)
      return red(
        `The last nightly export left out ${memories(missed.length)} that a journal or restore test shows; \`memory-manager export --group ${missed[0]}\` exports one at once.`,
      );
    const proven = Math.max(...drills.map(({ verified }) => verified?.at.getTime() ?? 0));
    const period = next.getTime() - last.getTime();
    if (drills.length > 0 && now - proven > period + NIGHT_TAKES)
      return red(`No archive of any memory was proven for ${Math.floor((now - proven) / HOUR)} hours.`);
  }
  if (drills.length === 0) return undefined;
  return { status: 'ok', message: 'The last tested archive of each memory can be restored.' };
}

const SHOWS_WHY = '`memory-manager dead-letter list` shows why';
const memories = (count: number | undefined): string => (count === 1 ? '1 memory' : `${count ?? 'its'} memories`);

/**
 * Undefined while Valkey does not answer. The graph of the worker's own group is compared too; others are compared by nightly exports and
 * commits.
 */
async function graphsCheck({ queues, graphs, group }: HealthInputs): Promise<HealthCheck | undefined> {
  const name = 'graphs';
  try {
    const known = await queues.ask(lossesOf);
    const lost = new Set(known.map((loss) => loss.group));
    if (await isLost(queues.ask, graphs.group(group)).catch(() => false)) lost.add(group);
    if (lost.size > 0) {
      const unrepaired = known.find(({ isUnrepaired }) => isUnrepaired);
      const remedy = unrepaired
        ? `run \`memory-manager archive rebuild --replace --group ${unrepaired.group}\``
        : 'a worker with the role store replays them from the journal';
      const message = `The graph of ${memories(lost.size)} lacks changes that it had applied; ${remedy}.`;
      return { name, status: 'red', message };
    }
    const [identity, checked] = await Promise.all([graphs.identity(), queues.ask(readCheckedServer)]);
    if (identity !== undefined && identity !== checked)
      return {
        name,
        status: 'degraded',
        message: 'FalkorDB was restarted, or a replica took over; a worker compares its graphs with the journal.',
      };
    return { name, status: 'ok', message: 'No graph is known to lack committed changes.' };
  } catch {
    return undefined;
  }
}

function spoolCheck(spool: Spool): HealthCheck {
  const name = 'spool';
  try {
    const [count, aside] = [spool.count(), spool.countUnreadable()];
    if (aside > 0)
      return {
        name,
        status: 'degraded',
        message: `${aside} ${aside === 1 ? 'file' : 'files'} in ${spool.folder}/unreadable could not be queued.`,
      };
    if (count === 0) return { name, status: 'ok', message: 'It is empty.' };
    const waits = count === 1 ? '1 episode waits' : `${count} episodes wait`;
    return { name, status: 'degraded', message: `${waits} on disk for Valkey.` };
  } catch (error) {
    return { name, status: 'degraded', message: (error as Error).message };
  }
}

const seconds = (milliseconds: number): string => `${Math.max(0, Math.round(milliseconds / SECOND))} s`;
