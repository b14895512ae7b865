/** Something that is opened when it is first needed, once. */
export interface Later<T> {
  /** @throws Error once it is closed, also to those who were waiting for the opening */
  (): Promise<T>;
  /** For good: closes it if it was ever opened, or is just being opened, and opens it no more. */
  close(): Promise<void>;
}

/** An opening that failed is tried again by the next who needs it. */
export function later<T>(open: () => Promise<T>, close: (opened: T) => unknown): Later<T> {
  let opened: Promise<T> | undefined;
  let closed: Promise<void> | undefined;
  // Opened again by a query that was under way, it would keep the process alive for ever.
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
