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
  ModelFailed,
  NoWorker,
  ServersMissing,
  StoreUnreachable,
  TimedOut,
  WrongServer,
} from './errors.ts';
export {
  type Entity,
  type GroupOptions,
  MemoryManager,
  type MemoryParts,
  type QueryOptions,
  type StoreOptions,
  type WaitOptions,
} from './memory.ts';
export type { Embedder } from './models/embedder.ts';
export type {
  EndedRelation,
  EpisodeText,
  ExtractedEntity,
  ExtractedFact,
  Extraction,
  LanguageModel,
} from './models/language-model.ts';
export type { Counts, EpisodeReceipt, Receipt } from './queue/producer.ts';
export type { Fact, Found, FoundEpisode } from './search/merge.ts';
export { countingMetrics, type MetricName, type Metrics } from './telemetry/metrics.ts';
