import type { Config } from '../config.ts';
import { askByWords } from '../memory/ask-by-words.ts';
import { openServices } from '../memory/services.ts';
import type { Found } from '../search/found.ts';
import { forget, type Target } from './forget.ts';
import { list, searchAll } from './look.ts';

/** Everything that asks a store. It comes with many packages, so that it is loaded after the host has gone on. */
export interface Stores {
  /** By words alone, facts and raw episodes, best first. */
  ask(group: string, query: string, limit: number): Promise<Found>;
  search(groups: readonly string[], query: string, limit: number): Promise<string>;
  list(group: string, limit: number): Promise<string>;
  forget(group: string, target: Target, isConfirmed: boolean, limit: number): Promise<string>;
  /** Hands in what lies in the spool. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export function openStores(config: Config): Stores {
  const services = openServices(config, {});
  return {
    ask: (group, query, limit) => askByWords(services, group, query, limit),
    search: (groups, query, limit) => searchAll(services, groups, query, limit),
    list: (group, limit) => list(services, group, limit),
    forget: (group, target, isConfirmed, limit) => forget(services, group, target, isConfirmed, limit),
    async drain() {
      await (await services.spooling()).drain();
    },
    close: () => services.close(),
  };
}
