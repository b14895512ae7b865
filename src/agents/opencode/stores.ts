import type { Briefing } from '../../briefing/briefing.ts';
import type { Config } from '../../config.ts';
import { briefingOf } from '../../memory/briefing.ts';
import { type RecallOptions, recallLines } from '../../memory/recall.ts';
import { openServices } from '../../memory/services.ts';
import { forget, type Target } from './forget.ts';
import { list, searchAll } from './look.ts';

/** Everything that asks a store. It comes with many packages, so that it is loaded after the host has gone on. */
export interface Stores {
  /** What a session should know from the start. */
  brief(group: string): Promise<Briefing>;
  /** What bears on a message, as bullets, best first. @throws Error when it came too late or could not be had */
  recall(group: string, query: string, options: RecallOptions): Promise<readonly string[]>;
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
    brief: (group) => briefingOf(services, group),
    async recall(group, query, options) {
      const { lines, outcome } = await recallLines(services, group, query, options);
      if (outcome === 'late' || outcome === 'failed') throw new Error(`The recall is ${outcome}.`);
      return lines;
    },
    search: (groups, query, limit) => searchAll(services, groups, query, limit),
    list: (group, limit) => list(services, group, limit),
    forget: (group, target, isConfirmed, limit) => forget(services, group, target, isConfirmed, limit),
    async drain() {
      await (await services.spooling()).drain();
    },
    close: () => services.close(),
  };
}
