import type { Ticks } from './ticks.ts';

/** What is known of the ticks that were, to all who keep the same schedule. */
export interface Mark {
  /** The time by a clock that all share, and the last tick that was served; null where none was ever known. */
  read(): Promise<{ readonly now: Date; readonly last: Date | null }>;
  /** Notes a tick as served, unless a later one was, and when the next one is due. */
  raise(last: Date, next: Date): Promise<void>;
}

/**
 * Serves the tick that is due, if there is any: after a downtime one for all that were missed. Anybody may do this at any time and
 * any number at once.
 *
 * The tick is served before the mark is raised, so that whoever dies in between loses nothing: the next one serves it again, which
 * must be harmless. So `serve` must do nothing for a tick that it knows.
 * @returns the tick that was served here
 */
export async function serveDue(
  ticks: Ticks,
  mark: Mark,
  serve: (tick: Date) => Promise<void>,
): Promise<Date | undefined> {
  const { now, last } = await mark.read();
  const due = ticks.latest(now);
  const isFirst = last === null;
  const isDue = !isFirst && due > last;
  if (isDue) await serve(due);
  if (isDue || isFirst) await mark.raise(due, ticks.next(now));
  return isDue ? due : undefined;
}
