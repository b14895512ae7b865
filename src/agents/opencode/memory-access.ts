import type { TitledSection } from '../../briefing/render.ts';
import type { Config } from '../../config.ts';
import { type CachedBriefing, readBriefing } from '../../memory/briefing.ts';
import { type RecallOptions, recallSections } from '../../memory/recall.ts';
import { openServices } from '../../memory/services.ts';
import { forget } from '../tools/forget.ts';
import { listLatest } from '../tools/list.ts';
import type { ToolStores } from '../tools/memory-tools.ts';
import { searchGroups } from '../tools/search.ts';

/** Everything that needs a store. It brings many packages, so it is loaded after the host has started. */
export interface MemoryAccess extends ToolStores {
  /** The briefing for the start of a session. */
  brief(group: string): Promise<CachedBriefing>;
  /** The results for a message, as `renderAnswers` takes them. @throws Error if the recall is late or fails */
  recall(group: string, query: string, options: RecallOptions): Promise<readonly TitledSection[]>;
  /** Enqueues the spooled episodes. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export function openMemoryAccess(config: Config): MemoryAccess {
  const services = openServices(config, {});
  return {
    brief: (group) => readBriefing(services, group),
    async recall(group, query, options) {
      const { sections, outcome } = await recallSections(services, group, query, options);
      if (outcome === 'late' || outcome === 'failed') throw new Error(`The recall is ${outcome}.`);
      return sections;
    },
    search: (groups, query, limit) => searchGroups(services, groups, query, limit),
    list: (group, limit) => listLatest(services, group, limit),
    forget: (group, target, isConfirmed, limit) => forget(services, group, target, isConfirmed, limit),
    async drain() {
      await (await services.spooling()).drain();
    },
    close: () => services.close(),
  };
}
