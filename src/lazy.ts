/** A resource that is opened once, at first use. */
export interface Lazy<T> {
  /** @throws Error after `close`, also for callers that wait for the opening */
  (): Promise<T>;
  /** Closes the resource if it was opened or is being opened, and prevents another opening. */
  close(): Promise<void>;
}

/** After a failed opening, the next call tries again. */
export function lazy<T>(open: () => Promise<T>, close: (opened: T) => unknown): Lazy<T> {
  let opened: Promise<T> | undefined;
  let closed: Promise<void> | undefined;
  // A query in flight could open the resource again, and the process would never end.
  function refuseClosed(): void {
    if (closed) throw new Error('The memory was closed.');
  }
  async function get(): Promise<T> {
    refuseClosed();
    opened ??= open();
    const mine = opened;
    try {
      const thing = await mine;
      refuseClosed();
      return thing;
    } catch (error) {
      if (opened === mine && !closed) opened = undefined;
      throw error;
    }
  }
  async function end(): Promise<void> {
    const thing = await opened?.catch(() => undefined);
    if (thing !== undefined) await close(thing);
  }
  return Object.assign(get, {
    close: () => {
      closed ??= end();
      return closed;
    },
  });
}
