/** Cancels one call whose server is silent for too long, or whose answer takes too long. */
export interface Watchdog {
  /** Aborted when the call is cancelled or the connection is closed. */
  readonly signal: AbortSignal;
  /** Why the watchdog cancelled the call; undefined if it did not. */
  readonly interrupted: () => InterruptedError | undefined;
  /** The longest silence before the answer began, in milliseconds. */
  readonly slowest: () => number;
  /** Data arrived, even if only a keep-alive. */
  heard(): void;
  /** The answer has begun; from now on it may pause for `pause` milliseconds. */
  begun(pause: number): void;
  end(): void;
}

/**
 * @param begin milliseconds of silence until the answer begins
 * @param whole milliseconds in all
 */
export function startWatchdog(closing: AbortSignal, begin: number, whole: number): Watchdog {
  const aborting = new AbortController();
  const close = () => aborting.abort();
  closing.addEventListener('abort', close, { once: true });

  let interrupted: InterruptedError | undefined;
  function cancel(by: Interruption, after: number): void {
    interrupted ??= new InterruptedError(by, after);
    aborting.abort();
  }
  let hasBegun = false;
  let slowest = 0;
  let last = performance.now();
  let silence = setTimeout(cancel, begin, 'silent', begin);
  const all = setTimeout(cancel, whole, 'endless', whole);

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
      silence = setTimeout(cancel, pause, 'paused', pause);
    },
    end() {
      clearTimeout(silence);
      clearTimeout(all);
      closing.removeEventListener('abort', close);
    },
  };
}

/**
 * Why an answer is incomplete:
 * `silent` – the server sent nothing, or no part of the answer yet;
 * `paused` – the server fell silent in the middle of the answer;
 * `endless` – the answer took longer than the limit for all of it;
 * `cut` – the connection broke in the middle;
 * `unfinished` – the answer stopped without an error and without its end mark.
 */
export type Interruption = 'silent' | 'paused' | 'endless' | 'cut' | 'unfinished';

/** The provider turns it into an error with a sentence for users. */
export class InterruptedError extends Error {
  override name = 'InterruptedError';
  readonly by: Interruption;
  /** The limit that was exceeded, in milliseconds; 0 for none. */
  readonly after: number;

  constructor(by: Interruption, after = 0, options?: ErrorOptions) {
    super(by, options);
    this.by = by;
    this.after = after;
  }
}
