export type { Exported } from './archive/export.ts';
export { type Address, type Config, loadConfig } from './config.ts';
export type { EpisodeOptions, EpisodeSource, Metadata } from './episode.ts';
export {
  AccessRefused,
  ConfigError,
  EmbedderMismatch,
  InvalidInput,
  isForeseen,
  JobFailed,
  ModelBusy,
  ModelFailed,
  NoWorker,
  ReplyUnusable,
  ServersMissing,
  StoreUnreachable,
  TimedOut,
  WrongServer,
} from './errors.ts';
export type { Entity, QueryOptions } from './memory/ask.ts';
export type { GroupOptions, MemoryParts, StoreOptions, WaitOptions } from './memory/options.ts';
export { MemoryManager } from './memory.ts';
export type { Embedder } from './models/embedder.ts';
export type * from './models/language-model.ts';
export type * from './ontology.ts';
export type { Counts, EpisodeReceipt, Receipt } from './queue/producer.ts';
export type { Fact, Found, FoundEpisode } from './search/merge.ts';
export { countingMetrics, type MetricName, type Metrics } from './telemetry/metrics.ts';
export type { Triplet } from './triplet.ts';
