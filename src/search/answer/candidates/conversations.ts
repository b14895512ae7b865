import type { PassageRow } from '../../../graph/queries/passages.ts';
import { fromGraphTime, MINUTE } from '../../../time.ts';

/** What follows a longer pause belongs to another conversation. */
const LONGEST_PAUSE = MINUTE;

export interface Conversations {
  /** A name for the conversation of each episode, by the episode's uuid. */
  readonly sessions: ReadonlyMap<string, string>;
  /** Which episode directly follows which. */
  readonly followers: readonly { readonly of: string; readonly uuid: string; readonly step: 1 }[];
}

/**
 * The conversations among turns that were stored without a session: those of a named speaker, each at most a minute after the one before.
 * Turns of the very same time come from an import that knew no times, and stay alone.
 */
export function conversationsIn(passages: readonly PassageRow[]): Conversations {
  const turns = passages.filter(({ session, role, source }) => session === null && role !== null && source === '');
  const times = new Map(turns.map(({ episode, time }) => [episode, fromGraphTime(time)?.getTime() ?? 0]));
  const sessions = new Map<string, string>();
  const followers: Conversations['followers'][number][] = [];
  let last: { readonly episode: string; readonly time: number } | undefined;
  for (const [episode, time] of [...times].sort(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1))) {
    const pause = last === undefined ? 0 : time - last.time;
    const isGoingOn = last !== undefined && pause > 0 && pause <= LONGEST_PAUSE;
    sessions.set(episode, (isGoingOn && last && sessions.get(last.episode)) || `conversation:${episode}`);
    if (isGoingOn && last) followers.push({ of: last.episode, uuid: episode, step: 1 });
    last = { episode, time };
  }
  return { sessions, followers };
}
