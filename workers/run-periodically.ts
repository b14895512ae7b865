/** A repeated task. */
export interface PeriodicWork {
  /** Waits for the current run; no other follows. */
  end(): Promise<void>;
}

/** Runs `work` now, and again `pause` milliseconds after each run, even a failed one. It never keeps the process alive. */
export function runPeriodically(pause: number, work: () => Promise<unknown>): PeriodicWork {
  let isEnded = false;
  let timer: NodeJS.Timeout | undefined;
  let running = run();

  async function run(): Promise<void> {
    await work().catch(() => {});
    if (isEnded) return;
    timer = setTimeout(() => {
      running = run();
    }, pause).unref();
  }

  return {
    async end() {
      isEnded = true;
      clearTimeout(timer);
      await running;
    },
  };
}
