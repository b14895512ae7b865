import { setTimeout as pause } from 'node:timers/promises';
import { MINUTE, SECOND } from '../../src/time.ts';
import type { SmallDisk } from '../../test/support/small-disk.ts';
import type { FailingAgent } from './failing-agent.ts';
import { questionOf } from './turn-texts.ts';

/** What a real agent meets. */
interface HostFailure {
  readonly name: string;
  /** What its processes have in their environment meanwhile. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Every turn is a session of its own, whose program is killed. */
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

/** A program is killed between its model's answer and this long after. */
const KILLED_WITHIN = 1.5 * SECOND;
/** Later sessions look at a killed one when its transcript has rested, so that its files are made so old. */
const RESTS_FOR = 20 * MINUTE;
/** One of them continues three. */
const CONTINUES = 3;

/** Turns of a real agent over each failure: how many it finished, and how many of those the memory has, once. */
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
    // Every second program is killed as soon as it has said that the turn is over.
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

/** The ids of the turns that the contents have, one that is stored twice two times. */
const storedOf = (ids: readonly string[], contents: readonly string[]): string[] =>
  contents.flatMap((text) => ids.filter((id) => text.startsWith(`user: ${questionOf(id)}`)));

/** Longer than an agent waits before it tries again, and a worker before it empties a spool. */
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
