/** Something that is opened when it is first needed, once. */
export interface Later<T> {
  (): Promise<T>;
  /** Closes it if it was ever opened. */
  close(): Promise<void>;
}

/** An opening that failed is tried again by the next who needs it. */
export function later<T>(open: () => Promise<T>, close: (opened: T) => unknown): Later<T> {
  let opened: Promise<T> | undefined;
  async function get(): Promise<T> {
    opened ??= open();
    const mine = opened;
    try {
      return await mine;
    } catch (error) {
      if (opened === mine) opened = undefined;
      throw error;
    }
  }
  async function end(): Promise<void> {
    const mine = opened;
    opened = undefined;
    const thing = await mine?.catch(() => undefined);
    if (thing !== undefined) await close(thing);
  }
  return Object.assign(get, { close: end });
}
