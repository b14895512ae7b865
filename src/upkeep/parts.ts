import type { Redis } from 'ioredis';
import type { Graphs } from '../graph/graphs.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Leases } from '../valkey/lease.ts';

/** What upkeep works with. */
export interface UpkeepParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly languageModel: LanguageModel;
  readonly embedder: Embedder;
  /** Takes an episode out of a group, or only tells what would go. */
  readonly removeEpisode: (group: string, episode: string, dryRun: boolean) => Promise<Removed>;
}

/** What went with an episode. */
export interface Removed {
  /** Its uuid. */
  readonly episode: string;
  readonly removedFacts: number;
  /** Facts that other episodes state too. */
  readonly keptFacts: number;
  /** Facts that only this episode had ended, and that hold again. */
  readonly reopenedFacts: number;
  readonly removedEntities: number;
}
