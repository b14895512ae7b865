import type { Redis } from 'ioredis';
import type { Graphs } from '../graph/graphs.ts';
import type { Embedder } from '../models/embedder.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { Task } from '../queue/jobs.ts';
import type { Leases } from '../valkey/lease.ts';

/** What upkeep works with. */
export interface UpkeepParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly languageModel: LanguageModel;
  readonly embedder: Embedder;
  readonly forgetting: Forgetting;
  /** Gives a group's graph vectors of `embedder`; done by `src/archive`. */
  readonly reembed?: (group: string) => Promise<object>;
}

/** Done by `src/forget`. */
export interface Forgetting {
  forget(group: string, wanted: Extract<Task, { kind: 'forget' }>): Promise<object>;
  /** Notes beside the archives what was forgotten, where that could not be done at once. */
  archive(group: string): Promise<object>;
}
