import type { Redis } from 'ioredis';

/** Told what was published, or undefined when something may have been: the connection was away for a while. */
export type Listener = (message: string | undefined) => void;

/** What workers call out to each other over Valkey. Nothing is kept: who does not listen hears nothing. */
export interface Signals {
  /** Resolves once nothing is missed any more, with what ends it. */
  listen(channel: string, listener: Listener): Promise<() => void>;
  close(): void;
}

/** One connection of its own, made when somebody first listens; publishing needs none. @param valkey where, and how patiently */
export function openSignals(valkey: Redis): Signals {
  const listeners = new Map<string, Set<Listener>>();
  let subscriber: Redis | undefined;

  function open(): Redis {
    const opened = valkey.duplicate();
    let isFirst = true;
    // Each command reports its own failure; without a listener ioredis would print every one.
    opened.on('error', () => {});
    // A subscriber hears of no demotion of its server; the connection that it was made from does.
    valkey.on('close', () => opened.status === 'ready' && opened.disconnect(true));
    opened.on('message', (channel: string, message: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(message);
    });
    opened.on('ready', () => {
      if (!isFirst) notifyAll(opened);
      isFirst = false;
    });
    return opened;
  }

  /** Only once the client's new subscriptions have been answered, which the ping stands behind. */
  function notifyAll(opened: Redis): void {
    const notify = () => {
      for (const all of listeners.values()) for (const listener of all) listener(undefined);
    };
    opened.ping().then(notify, () => {});
  }

  return {
    async listen(channel, listener) {
      subscriber ??= open();
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(listener));
      const stop = () => {
        all.delete(listener);
        if (all.size > 0 || listeners.get(channel) !== all) return;
        listeners.delete(channel);
        subscriber?.unsubscribe(channel).catch(() => {});
      };
      try {
        await subscriber.subscribe(channel);
        return stop;
      } catch (error) {
        stop();
        throw error;
      }
    },
    close() {
      listeners.clear();
      subscriber?.disconnect();
    },
  };
}
