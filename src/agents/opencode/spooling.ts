import type { Episode } from '../../episode.ts';
import { InvalidInputError } from '../../errors.ts';
import { SECOND } from '../../time.ts';

/** Writes episodes to disk. */
export interface Spooling {
  /** Writes an episode, or lets it wait until it can be written. Never throws. */
  keep(episode: Episode): void;
  /** Tries what waits once more. */
  again(): void;
}

export interface SpoolingObserver {
  onKept(): void;
  /** Called once for each episode that cannot be written at once. */
  onFailure(error: unknown): void;
  /** Called when nothing waits any more. */
  onRecovered(): void;
}

/** The host knows a turn only while it happens, so that turns which a full disk refuses wait in memory. */
const MOST_WAITING = 200;
const TRIES_EVERY = 5 * SECOND;
/** There was space a moment ago: a worker may be emptying the spool. */
const TRIES_SOON = 0.5 * SECOND;

/** @param write throws if there is no space; nothing is then written */
export function openTurnSpooling(write: (episode: Episode) => void, observer: SpoolingObserver): Spooling {
  const waiting: Episode[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** True if the episode needs no other try. */
  function isDone(episode: Episode, onFailure: (error: unknown) => void): boolean {
    try {
      write(episode);
      observer.onKept();
      return true;
    } catch (error) {
      onFailure(error);
      return error instanceof InvalidInputError;
    }
  }

  function again(): void {
    clearTimeout(timer);
    const before = waiting.length;
    for (let [first] = waiting; first && isDone(first, () => {}); [first] = waiting) waiting.shift();
    if (waiting.length > 0) timer = setTimeout(again, waiting.length < before ? TRIES_SOON : TRIES_EVERY).unref();
    else if (before > 0) observer.onRecovered();
  }

  return {
    again,
    keep(episode) {
      again();
      // What waits comes first, but each failure has its reason.
      if (isDone(episode, observer.onFailure)) return;
      waiting.push(episode);
      if (waiting.length > MOST_WAITING) waiting.shift();
      clearTimeout(timer);
      timer = setTimeout(again, TRIES_EVERY).unref();
    },
  };
}
