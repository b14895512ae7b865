import type { Config } from '../../config.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { MemoryAccess } from './memory-access.ts';

/** A memory whose stores are loaded and connected in the background; all waits for them have a limit. */
export interface BackgroundMemory {
  /** Starts to load, and warms up for the first question. */
  start(): void;
  /** The loaded stores. @throws the errors of loading */
  stores(): Promise<MemoryAccess>;
  /** Drains the spool as soon as possible. */
  wake(): void;
  /** Drains the spool and closes all connections, within `limit` milliseconds. */
  close(limit: number): Promise<void>;
}

export function openBackgroundMemory(
  config: Config,
  warmUp: (stores: MemoryAccess) => Promise<unknown>,
): BackgroundMemory {
  let loading: Promise<MemoryAccess> | undefined;
  let isClosed = false;

  async function load(): Promise<MemoryAccess> {
    const { openMemoryAccess } = await import('./memory-access.ts');
    return openMemoryAccess(config);
  }
  function stores(): Promise<MemoryAccess> {
    if (isClosed) return Promise.reject(new Error('The plugin is closed.'));
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
      // The last turn is enqueued if Valkey answers; the rest of the time is for closing the connections.
      await withTimeout(limit * 0.6, drain().catch(nothing), nothing);
      isClosed = true;
      const opened = await loading?.catch(() => undefined);
      if (opened) await withTimeout(limit - (performance.now() - began), opened.close().catch(nothing), nothing);
    },
  };
}

const nothing = () => undefined;

/** Runs the work after the host's own work and ignores failures. */
function soon(work: () => Promise<unknown>): void {
  setTimeout(() => void work().catch(() => undefined), 0).unref?.();
}
