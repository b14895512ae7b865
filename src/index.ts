export type { ExportResult } from './archive/export.ts';
export type { PruneResult, Retention, SkippedArchive } from './archive/prune.ts';
export type { B2Settings } from './archive/stores/b2/declaration.ts';
export type { StoreSettings } from './archive/stores/declarations.ts';
export type { Verification } from './archive/verify.ts';
export {
  type Address,
  type Config,
  type Environment,
  loadConfig,
} from './config.ts';
export type { EpisodeOptions, EpisodeSource, Metadata, NoteKind } from './episode.ts';
export {
  AccessRefusedError,
  ArchiveDamagedError,
  ArchiveKeyError,
  ArchiveLocationError,
  ArchiveUnavailableError,
  BudgetSpentError,
  ConfigError,
  EmbedderMismatchError,
  type FailureName,
  GraphLostError,
  InvalidInputError,
  isOperationalError,
  JobFailedError,
  ModelBusyError,
  ModelFailedError,
  ModelUnavailableError,
  NewerJobError,
  NoWorkerError,
  ServersMissingError,
  SpoolFullError,
  StaleFenceError,
  StoreUnreachableError,
  TextTooLongError,
  TimedOutError,
  UnusableReplyError,
  WrongServerError,
} from './errors.ts';
export type { Attributes } from './graph/queries/entities.ts';
export type { GraphSize } from './graph/queries/meta-nodes.ts';
export type { EntityOrder } from './graph/queries/search-entities.ts';
export type { FormatName } from './import/format-type.ts';
export type { JournalSize } from './journal/journal.ts';
export type {
  ArchiveEntry,
  ArchiveList,
  Archives,
  ProgressOptions,
  PruneOptions,
  RestoreOptions,
  RestoreResult,
  VerifyOptions,
  VerifyResult,
} from './memory/archives.ts';
export type { BriefingOptions, BriefingRecipient } from './memory/briefing.ts';
export type { DeadLetterListOptions, DeadLetters, QueueOptions } from './memory/dead-letters.ts';
export type { EpisodeListOptions, EpisodeState, Episodes, EpisodesUse, UnpinOptions } from './memory/episodes.ts';
export type { ExportAllOptions, ExportOptions, GroupExportResult } from './memory/exports.ts';
export type { ForgetOptions, ForgetResult, ForgetTarget, ItemReference, ItemSentence } from './memory/forget.ts';
export type { ForgetGroupOptions, ForgetGroupResult, GroupArchives } from './memory/forget-group.ts';
export type { GroupOverview } from './memory/groups.ts';
export type { ImportSource } from './memory/import.ts';
export type { ImportExample, ImportFormat, ImportOptions, ImportResult } from './memory/import-formats.ts';
export type {
  EnqueueEpisodesOptions,
  EnqueueFactOptions,
  EpisodeInput,
  GroupOptions,
  MemoryDependencies,
  SpoolOptions,
  StatusOptions,
  StoreOptions,
  WaitOptions,
} from './memory/options.ts';
export type { StatusProblem } from './memory/problems.ts';
export type { QueryOptions, TimeOptions } from './memory/query.ts';
export type { EntitiesOptions, Entity } from './memory/reads/entities.ts';
export type { HistoryOptions } from './memory/reads/history.ts';
export type { MentionsOptions } from './memory/reads/mentions.ts';
export type { SuggestOptions } from './memory/reads/suggestions.ts';
export type { TimelineOptions } from './memory/reads/timeline.ts';
export type { RebuildOptions, RebuildResult } from './memory/rebuild.ts';
export type { RedactOptions, RedactResult } from './memory/redact.ts';
export type { ReembedPlan, ReembedResult } from './memory/reembed.ts';
export type * from './memory/results.ts';
export type { NightlyStatus, QueueStatus, ServerStatus, Status, ValkeyStatus } from './memory/status.ts';
export type { Communities, Community, SagaOptions, Sagas, TaskOptions } from './memory/upkeep.ts';
export type { WaitingJobsOptions } from './memory/waiting-jobs.ts';
export { MemoryManager } from './memory.ts';
export type {
  EmbedderName,
  EmbeddingSettings,
  LanguageModelName,
  ModelServer,
  ModelSettings,
  ProviderSettings,
} from './models/declarations.ts';
export type { Embedder } from './models/embedder.ts';
export type {
  DatedFact,
  EndedRelation,
  EntityCandidate,
  EntityQuestion,
  EpisodeText,
  ExtractedEntity,
  ExtractedFact,
  ExtractedNote,
  Extraction,
  ExtractionCache,
  FactQuestion,
  FactResolution,
  LanguageModel,
  PreviousText,
  ResolutionRequest,
  ResolutionResult,
  Scores,
  Summaries,
  Summary,
  SummarySubject,
  TokenUse,
} from './models/language-model.ts';
export type { OpenAISettings } from './models/openai/declaration.ts';
export {
  defineMemory,
  type EntityTypeDefinition,
  type FactTypeDefinition,
  type MemoryDefinition,
  type ObjectJsonSchema,
  type ObjectSchema,
} from './ontology/define.ts';
export type { Attribute, AttributeValue, EntityType, FactType, Ontology } from './ontology.ts';
export type { PassageKind } from './passages/cut.ts';
export type { JobCounts } from './queue/bullmq-layout.ts';
export type { DeadLetter, DeadLetterDetails } from './queue/dead-letters.ts';
export type { BatchOptions } from './queue/enqueue-many.ts';
export type { QueueName } from './queue/jobs.ts';
export type { NightlyOutcome } from './queue/nightly-exports.ts';
export type { EpisodeReceipt, Receipt } from './queue/producer.ts';
export type { CopiesStatus } from './queue/queue-state.ts';
export type { DrainResult } from './queue/spool/drain.ts';
export type { WaitingJob } from './queue/waiting-jobs.ts';
export type { ScoreParts } from './search/answer/ranking/rank.ts';
export type { DateFilter, SearchFilters } from './search/filters.ts';
export type { Ranker, RecipePart, SearchKind, SearchMethod, SearchRecipe } from './search/recipes/recipes.ts';
export type { GraphWalk } from './search/search-context.ts';
export type { SimilarEntity } from './search/similar-entities.ts';
export type { ExpiryRule, JournalKey } from './settings.ts';
export type { Certificates, Endpoint, Topology } from './store-address.ts';
export {
  type CounterName,
  countingMetrics,
  type DistributionName,
  type GaugeName,
  type Metrics,
  type MetricTags,
} from './telemetry/metrics.ts';
export type { BreakerState, ModelFailure, ModelHealth } from './telemetry/vital-signs.ts';
export type { Triplet } from './triplet.ts';
export type { CommunityBuildResult } from './upkeep/communities.ts';
export type { SagaSummary } from './upkeep/saga.ts';
export type { DailySpend } from './valkey/budget.ts';
