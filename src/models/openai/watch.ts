import { Interrupted, type Interruption } from './interrupted.ts';

/** Gives up one call whose server is silent for too long, or talks for too long. */
export interface Watch {
  /** Aborted when the call is given up, or the connection closed. */
  readonly signal: AbortSignal;
  /** Why the call was given up; undefined while it was not. */
  readonly interrupted: () => Interrupted | undefined;
  /** The longest silence before the answer began, in milliseconds. */
  readonly slowest: () => number;
  /** Data arrived, if only a keep-alive. */
  heard(): void;
  /** The answer has begun; from now on it may pause for `pause` milliseconds. */
  begun(pause: number): void;
  end(): void;
}

/**
 * @param begin milliseconds of silence until the answer begins
 * @param whole milliseconds in all
 */
export function openWatch(closing: AbortSignal, begin: number, whole: number): Watch {
  const aborting = new AbortController();
  const close = () => aborting.abort();
  closing.addEventListener('abort', close, { once: true });

  let interrupted: Interrupted | undefined;
  function giveUp(by: Interruption, after: number): void {
    interrupted ??= new Interrupted(by, after);
    aborting.abort();
  }
  let hasBegun = false;
  let slowest = 0;
  let last = performance.now();
  let silence = setTimeout(giveUp, begin, 'silent', begin);
  const all = setTimeout(giveUp, whole, 'endless', whole);

  function heard(): void {
    const now = performance.now();
    if (!hasBegun) slowest = Math.max(slowest, now - last);
    last = now;
    if (!aborting.signal.aborted) silence.refresh();
  }

  return {
    signal: aborting.signal,
    interrupted: () => interrupted,
    slowest: () => slowest,
    heard,
    begun(pause) {
      heard();
      hasBegun = true;
      clearTimeout(silence);
      silence = setTimeout(giveUp, pause, 'paused', pause);
    },
    end() {
      clearTimeout(silence);
      clearTimeout(all);
      closing.removeEventListener('abort', close);
    },
  };
}
