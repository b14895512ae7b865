import type { Config } from '../../config.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { Stores } from './stores.ts';

/** What needs the stores. It is loaded and connected while the agent does other things, and nobody waits for it without a limit. */
export interface Background {
  /** Begins to load; what a first question needs is there soon after. */
  start(): void;
  /** Once what is needed is loaded. @throws what loading throws */
  stores(): Promise<Stores>;
  /** Something lies in the spool: hands it in when it can be. */
  wake(): void;
  /** Hands in what it can and ends all connections, within `limit` milliseconds. */
  close(limit: number): Promise<void>;
}

export function openBackground(config: Config, warmUp: (stores: Stores) => Promise<unknown>): Background {
  let loading: Promise<Stores> | undefined;
  let isClosed = false;

  async function load(): Promise<Stores> {
    const { openStores } = await import('./stores.ts');
    return openStores(config);
  }
  function stores(): Promise<Stores> {
    if (isClosed) return Promise.reject(new Error('The plugin was ended.'));
    loading ??= load();
    return loading;
  }
  async function drain(): Promise<void> {
    await (await stores()).drain();
  }

  return {
    start() {
      soon(async () => {
        await warmUp(await stores()).catch(() => undefined);
        await drain();
      });
    },
    stores,
    wake() {
      if (!isClosed) soon(drain);
    },
    async close(limit) {
      if (isClosed) return;
      const began = performance.now();
      // What the last turn left is brought in if Valkey is there; half the time is kept for the end of the connections.
      await withTimeout(limit * 0.6, drain().catch(nothing), nothing);
      isClosed = true;
      const opened = await loading?.catch(() => undefined);
      if (opened) await withTimeout(limit - (performance.now() - began), opened.close().catch(nothing), nothing);
    },
  };
}

const nothing = () => undefined;

/** After the host has gone on with its own work; a failure here is nobody's. */
function soon(work: () => Promise<unknown>): void {
  setTimeout(() => void work().catch(() => undefined), 0).unref?.();
}
