import type { Redis } from 'ioredis';

/** Called with each message, or with undefined after a lost connection, when messages may have been missed. */
export type Listener = (message: string | undefined) => void;

/** Messages between workers over Valkey's publish/subscribe. Nothing is stored: only current listeners get a message. */
export interface PubSub {
  /** Resolves once subscribed. @returns a function that unsubscribes */
  listen(channel: string, listener: Listener): Promise<() => void>;
  close(): void;
}

/** Opens its own connection on the first `listen`; publishing needs none. @param valkey gives address and timeouts */
export function openPubSub(valkey: Redis): PubSub {
  const listeners = new Map<string, Set<Listener>>();
  let subscriber: Redis | undefined;

  function open(): Redis {
    const opened = valkey.duplicate();
    let isFirst = true;
    // Each command reports its own failure; without a listener ioredis would print every one.
    opened.on('error', () => {});
    // A cluster's client moves its subscriptions to another node without an event of its own.
    if (valkey.isCluster) for (const client of [valkey, opened]) client.on('-node', () => notifyAll(opened));
    // A subscriber does not notice the demotion of its server; the original connection does.
    else valkey.on('close', () => opened.status === 'ready' && opened.disconnect(true));
    opened.on('message', (channel: string, message: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(message);
    });
    opened.on('ready', () => {
      if (!isFirst) notifyAll(opened);
      isFirst = false;
    });
    return opened;
  }

  /** Notifies after the ping's answer, which comes after those of the new subscriptions. */
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
