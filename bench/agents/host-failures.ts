import { setTimeout as pause } from 'node:timers/promises';
import { MINUTE, SECOND } from '../../src/time.ts';
import type { SmallDisk } from '../../test/support/small-disk.ts';
import type { FailingAgent } from './failing-agent.ts';
import { questionOf } from './turn-texts.ts';

/** A failure during the turns of a real agent. */
interface HostFailure {
  readonly name: string;
  /** Environment of the agent's processes during the failure. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Every turn has its own session, and its program is killed. */
  readonly kills?: boolean;
  readonly fills?: SmallDisk;
}

const AWAY = { VALKEY_PORT: '1' };
const failures = (disk: SmallDisk | undefined): readonly HostFailure[] => [
  { name: 'host killed', kills: true },
  { name: 'Valkey away', environment: AWAY },
  { name: 'spool full', environment: { ...AWAY, MEMORY_SPOOL_LIMIT: '1' } },
  ...(disk ? [{ name: 'disk full', fills: disk }] : []),
];

export interface HostFailuresOptions {
  readonly count: number;
  readonly disk: SmallDisk | undefined;
  /** The names of the failures; default: all. */
  readonly only?: readonly string[] | undefined;
  /** The contents of a memory's episodes once no job waits. */
  readonly contents: (group: string) => Promise<readonly string[]>;
  readonly row: (figure: string, measured: string, goal: string, reached: boolean) => void;
}

/** Longest time from the model's answer to the kill. */
const KILLED_WITHIN = 1.5 * SECOND;
/** Later sessions recover a killed one only after its transcript has been idle, so its files are made this old. */
const RESTS_FOR = 20 * MINUTE;
/** Number of killed sessions that one later session recovers. */
const CONTINUES = 3;

/** For each failure: how many turns the agent finished, and how many of those the memory has exactly once. */
export async function measureTurnsOverFailures(agent: FailingAgent, options: HostFailuresOptions): Promise<void> {
  for (const failure of failures(options.disk)) {
    if (options.only && !options.only.includes(failure.name)) continue;
    await turnsOver(agent, failure, options);
  }
}

async function turnsOver(
  agent: FailingAgent,
  { name, environment = {}, kills, fills }: HostFailure,
  { count, contents, row }: HostFailuresOptions,
): Promise<void> {
  const prefix = name.replaceAll(' ', '-');
  const ids = Array.from({ length: count }, (_, turn) => `${prefix}-${turn}`);
  for (const id of ids) {
    fills?.fill();
    // Every second program is killed as soon as it has reported the end of the turn.
    const killAfterMs = ids.indexOf(id) % 2 === 0 ? 'end' : Math.random() * KILLED_WITHIN;
    await agent.turn(id, { environment, session: kills ? 'new' : prefix, ...(kills && { killAfterMs }) });
  }
  fills?.free();
  const stored = async () => storedOf(ids, await contents(agent.group));
  if (!kills) {
    // The next event of the session, of the same process where the agent has one for all: a worker empties its spool meanwhile.
    await agent.turn(`${prefix}-next`, { environment, session: prefix });
    await settled(async () => new Set(await stored()).size, count);
    await agent.turn(`${prefix}-last`, { environment: {}, session: prefix });
  }
  const finished = await agent.finished(ids);
  const countKept = async () => {
    const found = new Set(await stored());
    return finished.filter((id) => found.has(id)).length;
  };
  const isComplete = () => settled(countKept, finished.length);
  if (kills && !(await isComplete())) {
    agent.age(RESTS_FOR);
    for (let later = 0; later < count / CONTINUES + 2 && (await countKept()) < finished.length; later += 1) {
      await agent.turn(`${prefix}-later-${later}`, { environment: {}, session: 'new' });
      await isComplete();
    }
  }
  await isComplete();
  const found = await stored();
  const [distinct, kept] = [new Set(found), finished.filter((id) => found.includes(id)).length];
  const lost = finished.filter((id) => !distinct.has(id));
  if (lost.length > 0) console.error(`${agent.name}, ${name}: not stored: ${lost.join(', ')}`);
  row(
    `turns of ${agent.name} over ${name}`,
    `${kept} of ${finished.length} finished stored, ${found.length - distinct.size} twice (${count} begun)`,
    'all finished, once',
    lost.length === 0 && distinct.size === found.length && (kills || finished.length === count),
  );
}

/** The ids of the stored turns; an id appears twice if its turn is stored twice. */
const storedOf = (ids: readonly string[], contents: readonly string[]): string[] =>
  contents.flatMap((text) => ids.filter((id) => text.startsWith(`user: ${questionOf(id)}`)));

/** Longer than the retry interval of agents and the spool interval of workers. */
const SETTLES_WITHIN = 15 * SECOND;
const LOOKS_EVERY = 0.5 * SECOND;

/** Waits while the count still grows. @returns whether it reached `all` */
async function settled(count: () => Promise<number>, all: number): Promise<boolean> {
  let [most, looks] = [-1, 0];
  while (looks * LOOKS_EVERY < SETTLES_WITHIN) {
    const now = await count();
    if (now >= all) return true;
    looks = now > most ? 0 : looks + 1;
    most = Math.max(most, now);
    await pause(LOOKS_EVERY);
  }
  return false;
}
