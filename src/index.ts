export type { Exported } from './archive/export.ts';
export type { Pruned, Retention } from './archive/prune.ts';
export type { Briefing, BriefingLine } from './briefing/briefing.ts';
export { type Address, type Config, loadConfig } from './config.ts';
export type { EpisodeOptions, EpisodeSource, Metadata, NoteKind } from './episode.ts';
export {
  AccessRefusedError,
  ArchiveDamagedError,
  ArchivePlaceError,
  ArchiveUnavailableError,
  ConfigError,
  EmbedderMismatchError,
  InvalidInputError,
  isForeseen,
  JobFailedError,
  ModelBusyError,
  ModelFailedError,
  ModelUnavailableError,
  NoWorkerError,
  ServersMissingError,
  SpoolFullError,
  StoreUnreachableError,
  TimedOutError,
  UnusableReplyError,
  WrongServerError,
} from './errors.ts';
export type {
  ArchiveEntry,
  ArchiveList,
  Archives,
  PruneOptions,
  Restored,
  RestoreOptions,
  Verified,
  VerifyOptions,
} from './memory/archives.ts';
export type { BriefingOptions, WholeBriefing } from './memory/briefing.ts';
export type { DeadLetters, ListOptions, QueueOptions } from './memory/dead-letters.ts';
export type { EntitiesOptions, Entity, HistoryOptions } from './memory/entities.ts';
export type {
  EpisodeState,
  Episodes,
  LatestEpisode,
  LatestOptions,
  Learnt,
  WholeEntity,
  WholeEpisode,
  WholeFact,
} from './memory/episodes.ts';
export type { ExportAllOptions, ExportOptions, GroupExported } from './memory/exports.ts';
export type { ForgetOptions, ForgetTarget, Forgotten, Named } from './memory/forget.ts';
export type { ImportSource } from './memory/import.ts';
export type { ImportExample, Imported, ImportFormat, ImportOptions } from './memory/import-formats.ts';
export type {
  EpisodeInput,
  GroupOptions,
  MemoryParts,
  SpoolOptions,
  StoreOptions,
  TellManyOptions,
  TripletOptions,
  WaitOptions,
} from './memory/options.ts';
export type { QueryOptions, TimeOptions } from './memory/query.ts';
export type { RebuildOptions, Rebuilt } from './memory/rebuild.ts';
export type { Asked, NightlyStatus, QueueStatus, Status, ValkeyStatus } from './memory/status.ts';
export type { Communities, Community, Saga, SagaOverview, Sagas, TaskOptions } from './memory/upkeep.ts';
export { MemoryManager } from './memory.ts';
export type { Embedder } from './models/embedder.ts';
export type * from './models/language-model.ts';
export {
  defineMemory,
  type EntityTypeDefinition,
  type FactTypeDefinition,
  type MemoryDefinition,
} from './ontology/define.ts';
export type * from './ontology.ts';
export type { ManyOptions } from './queue/add-many.ts';
export type { WorkerNote } from './queue/alive.ts';
export type { DeadLetter, WholeDeadLetter } from './queue/dead-letters.ts';
export type { Outcome } from './queue/nightly-exports.ts';
export type { Counts, EpisodeReceipt, Receipt } from './queue/producer.ts';
export type { Drained } from './queue/spool/drain.ts';
export type { DateFilter, Filters } from './search/filters.ts';
export type { Fact, Found, FoundCommunity, FoundEntity, FoundEpisode, Source } from './search/found.ts';
export type { EntityHistory } from './search/history.ts';
export type { Kind, Method, Part, Ranker, Recipe } from './search/recipes.ts';
export type { Walk } from './search/sought.ts';
export { countingMetrics, type MetricName, type Metrics } from './telemetry/metrics.ts';
export type { Triplet } from './triplet.ts';
export type { BuiltCommunities } from './upkeep/communities.ts';
export type { ToldSaga } from './upkeep/saga.ts';
