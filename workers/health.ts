import type { Graphs } from '../src/graph/graphs.ts';
import { isLost, lostGroups } from '../src/journal/loss.ts';
import type { Alive } from '../src/queue/alive.ts';
import type { LastNight } from '../src/queue/nightly-exports.ts';
import type { Producer } from '../src/queue/producer.ts';
import type { Spool } from '../src/queue/spool/spool.ts';
import type { RestoreTest } from '../src/schedule/restore-tests.ts';
import type { ModelSigns, VitalSigns } from '../src/telemetry/vital-signs.ts';
import { HOUR, MINUTE, SECOND } from '../src/time.ts';
import { withTimeout } from '../src/with-timeout.ts';

export type Grade = 'ok' | 'degraded' | 'red';

/** One thing that was looked at, with the reason for its grade in a sentence. */
export interface Check {
  readonly name: string;
  readonly status: Grade;
  readonly said: string;
}

/** As bad as the worst of its checks. */
export interface Health {
  readonly status: Grade;
  readonly checks: readonly Check[];
}

/** What health is measured from. */
export interface Measured {
  readonly producer: Producer;
  readonly graphs: Pick<Graphs, 'ping' | 'group'>;
  /** The worker's own. */
  readonly group: string;
  readonly signs: VitalSigns;
  readonly spool: Spool;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** False for a worker that only exports: it calls no model, and others' backlog is not its own. */
  readonly storesEpisodes: boolean;
}

const ANSWERS_WITHIN = 2 * SECOND;
const FAILED_IN_A_ROW = 3;
/** Jobs that wait so long, with nothing committed meanwhile, are stuck. */
const STUCK_AFTER = 2 * MINUTE;

/** Asks the servers and reads what the worker noticed; nothing is told that was not seen. Never throws. */
export async function measureHealth(measured: Measured): Promise<Health> {
  const { producer, graphs, signs, spool, storesEpisodes } = measured;
  const stores = [store('valkey', () => producer.ping()), store('falkordb', () => graphs.ping())];
  const queues = [queueCheck(measured), deadLetters(producer), archivesCheck(producer), graphsCheck(measured)];
  const checks = [
    ...(await Promise.all(stores)),
    ...(storesEpisodes ? Object.entries(signs.read().models).map(([model, signs]) => modelCheck(model, signs)) : []),
    ...(await Promise.all(queues)).filter((check) => check !== undefined),
    spoolCheck(spool),
  ];
  const worst = (['red', 'degraded'] as const).find((grade) => checks.some(({ status }) => status === grade));
  return { status: worst ?? 'ok', checks };
}

async function store(name: string, ask: () => Promise<unknown>): Promise<Check> {
  const began = performance.now();
  try {
    await withTimeout(ANSWERS_WITHIN, ask(), () => {
      throw new Error(`It did not answer within ${ANSWERS_WITHIN / SECOND} s.`);
    });
    return { name, status: 'ok', said: `It answered in ${Math.ceil(performance.now() - began)} ms.` };
  } catch (error) {
    return { name, status: 'red', said: (error as Error).message };
  }
}

export function modelCheck(model: string, { breaker, ok, failed, failedInARow }: ModelSigns): Check {
  const name = `model ${model}`;
  const isAsked = ok + failed > 0;
  const lastMinute = isAsked
    ? `${ok} of ${ok + failed} calls of the last minute went well`
    : 'it was not asked in the last minute';
  // One call that is told to wait opens the breaker too; as long as others went well lately that is no illness.
  if (breaker === 'open' && failedInARow < FAILED_IN_A_ROW)
    return {
      name,
      status: ok === 0 ? 'red' : 'degraded',
      said: `It is not asked for a while, since it refused; ${lastMinute}.`,
    };
  if (failedInARow >= FAILED_IN_A_ROW)
    return { name, status: 'red', said: `Its last ${failedInARow} calls failed; ${lastMinute}.` };
  return { name, status: 'ok', said: isAsked ? `${lastMinute}.` : 'It was not asked in the last minute.' };
}

/** Undefined while Valkey cannot be asked, which is told already. */
async function queueCheck({ producer, started, storesEpisodes }: Measured): Promise<Check | undefined> {
  if (!storesEpisodes) return undefined;
  try {
    const [since, alive] = await Promise.all([producer.oldestWaiting('store'), producer.alive()]);
    return { name: 'queue', ...judgeQueue(since, alive, started) };
  } catch {
    return undefined;
  }
}

/** A worker that has just started has not failed yet. */
export function judgeQueue(since: number | null, alive: Alive, started: number): Pick<Check, 'status' | 'said'> {
  if (since === null) return { status: 'ok', said: 'Nothing waits.' };
  const { lastCommit, now } = alive;
  const waited = `The oldest job has waited ${seconds(now - since)}`;
  const progress = lastCommit === null ? 'nothing was committed yet' : `last commit ${seconds(now - lastCommit)} ago`;
  const quiet = now - Math.max(lastCommit ?? 0, started);
  const isStuck = now - since > STUCK_AFTER && quiet > STUCK_AFTER;
  return { status: isStuck ? 'red' : 'ok', said: `${waited}; ${progress}.` };
}

async function deadLetters(producer: Producer): Promise<Check | undefined> {
  const name = 'dead letters';
  try {
    const counts = await Promise.all([producer.counts('store'), producer.counts('export')]);
    const failed = counts.reduce((sum, count) => sum + count.failed, 0);
    if (failed === 0) return { name, status: 'ok', said: 'There are none.' };
    const jobs = failed === 1 ? '1 job was' : `${failed} jobs were`;
    return { name, status: 'degraded', said: `${jobs} given up; \`memory-manager dead-letter list\` tells why.` };
  } catch {
    return undefined;
  }
}

/** Undefined where nothing was archived by night yet and nothing is due. */
async function archivesCheck({ nights, alive }: Producer): Promise<Check | undefined> {
  try {
    const [night, drills, { now }] = await Promise.all([nights.last(), nights.restoreTests(), alive()]);
    const verdict = judgeArchives(night, [...drills.values()], now);
    return verdict && { name: 'archives', ...verdict };
  } catch {
    return undefined;
  }
}

/** How much longer than from one night to the next the proof of every memory may take: 26 hours where nights are daily. */
const NIGHT_TAKES = 2 * HOUR;

/** @param now by Valkey's clock */
export function judgeArchives(
  { next, last, outcome, isPending }: LastNight,
  drills: readonly RestoreTest[],
  now: number,
): Pick<Check, 'status' | 'said'> | undefined {
  const red = (reason: string) => ({ status: 'red' as const, said: reason });
  const failed = drills.filter((drill) => drill.failed !== null).length;
  if (failed > 0) return red(`The last archive of ${memories(failed)} cannot be restored; ${TELLS_WHY}.`);
  const isLate = (due: Date) => now - due.getTime() > NIGHT_TAKES;
  if (next && isLate(next))
    return red(
      `The nightly export due at ${next.toISOString()} has not begun; is a worker with the role scheduler running?`,
    );
  if (next && last) {
    if (outcome?.said !== undefined) return red(`The last nightly export failed before any memory; ${TELLS_WHY}.`);
    if (outcome && outcome.failed > 0)
      return red(`The last nightly export failed for ${outcome.failed} of ${memories(outcome.groups)}; ${TELLS_WHY}.`);
    if (isLate(last) && (isPending || (outcome && outcome.done < outcome.groups)))
      return red(
        `The nightly export of ${last.toISOString()} has done ${outcome?.done ?? 0} of ${memories(outcome?.groups)}; is a worker with the role export running?`,
      );
    const proven = Math.max(...drills.map(({ verified }) => verified?.at.getTime() ?? 0));
    const period = next.getTime() - last.getTime();
    if (drills.length > 0 && now - proven > period + NIGHT_TAKES)
      return red(`No archive of any memory was proven for ${Math.floor((now - proven) / HOUR)} hours.`);
  }
  if (drills.length === 0) return undefined;
  return { status: 'ok', said: 'The last one of each memory that was tried can be restored.' };
}

const TELLS_WHY = '`memory-manager dead-letter list` tells why';
const memories = (count: number | undefined): string => (count === 1 ? '1 memory' : `${count ?? 'its'} memories`);

/** Undefined while Valkey cannot be asked. The graph of the worker's own group is compared too; others are by night and by each commit. */
async function graphsCheck({ producer, graphs, group }: Measured): Promise<Check | undefined> {
  const name = 'graphs';
  try {
    const lost = new Set(await producer.ask(lostGroups));
    if (await isLost(producer.ask, graphs.group(group)).catch(() => false)) lost.add(group);
    if (lost.size === 0) return { name, status: 'ok', said: 'None is known to lack what was committed to it.' };
    const [first] = [...lost].sort();
    return {
      name,
      status: 'red',
      said: `The graph of ${memories(lost.size)} lacks changes that it had taken; run \`memory-manager archive rebuild --replace --group ${first}\`.`,
    };
  } catch {
    return undefined;
  }
}

function spoolCheck(spool: Spool): Check {
  const name = 'spool';
  try {
    const [count, aside] = [spool.count(), spool.aside()];
    if (aside > 0)
      return {
        name,
        status: 'degraded',
        said: `${aside} ${aside === 1 ? 'file' : 'files'} in ${spool.folder}/unreadable could not be handed in.`,
      };
    if (count === 0) return { name, status: 'ok', said: 'It is empty.' };
    const waits = count === 1 ? '1 episode waits' : `${count} episodes wait`;
    return { name, status: 'degraded', said: `${waits} on disk for Valkey.` };
  } catch (error) {
    return { name, status: 'degraded', said: (error as Error).message };
  }
}

const seconds = (milliseconds: number): string => `${Math.max(0, Math.round(milliseconds / SECOND))} s`;
