/** Something that goes on by itself until it is ended. */
export interface Regularly {
  /** Waits for a run that is under way; there is no other after it. */
  end(): Promise<void>;
}

/** Does `work` now, and again `pause` milliseconds after it ended, well or not. It never keeps the process alive. */
export function regularly(pause: number, work: () => Promise<unknown>): Regularly {
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
