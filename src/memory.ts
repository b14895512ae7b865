import type { ExportResult } from './archive/export.ts';
import { type Config, checkStores, loadConfig } from './config.ts';
import type { Metadata } from './episode.ts';
import type { GraphSize } from './graph/queries/meta-nodes.ts';
import { checkGroup } from './group.ts';
import { checkList } from './input-shapes.ts';
import { type Archives, openArchives } from './memory/archives.ts';
import type { BriefingOptions } from './memory/briefing.ts';
import { checkConfig, checkInput, checkQuery, checkQueue, checkReceipt, checkTarget } from './memory/check-input.ts';
import {
  toBriefing,
  toEntity,
  toEntityHistory,
  toEntityMentions,
  toEpisodeDetails,
  toFact,
  toLastBriefing,
  toSearchResults,
  toTimeline,
} from './memory/dates.ts';
import { type DeadLetters, openDeadLetters } from './memory/dead-letters.ts';
import { type Episodes, getEpisode, getFact, openEpisodes } from './memory/episodes.ts';
import type { ExportAllOptions, ExportOptions, GroupExportResult } from './memory/exports.ts';
import type { ForgetOptions, ForgetResult, ForgetTarget } from './memory/forget.ts';
import type { ForgetGroupOptions, ForgetGroupResult } from './memory/forget-group.ts';
import type { GroupOverview } from './memory/groups.ts';
import type { ImportSource } from './memory/import.ts';
import type { ImportFormat, ImportOptions, ImportResult } from './memory/import-formats.ts';
import type {
  EnqueueEpisodesOptions,
  EnqueueFactOptions,
  EpisodeInput,
  GroupOptions,
  MemoryDependencies,
  StatusOptions,
  StoreOptions,
  WaitOptions,
} from './memory/options.ts';
import { type QueryOptions, queryAsText, runQuery } from './memory/query.ts';
import { type EntitiesOptions, type Entity, getEntities } from './memory/reads/entities.ts';
import { getHistory, type HistoryOptions } from './memory/reads/history.ts';
import type { MentionsOptions } from './memory/reads/mentions.ts';
import type { SuggestOptions } from './memory/reads/suggestions.ts';
import type { TimelineOptions } from './memory/reads/timeline.ts';
import type { RedactOptions, RedactResult } from './memory/redact.ts';
import type {
  Briefing,
  EntityHistory,
  EntityMentions,
  EpisodeDetails,
  FactDetails,
  LastBriefing,
  SearchResults,
  Timeline,
} from './memory/results.ts';
import { openServices, type Services, waitFor } from './memory/services.ts';
import type { Status } from './memory/status.ts';
import { type Communities, openCommunities, openSagas, type Sagas } from './memory/upkeep.ts';
import type { WaitingJobsOptions } from './memory/waiting-jobs.ts';
import { assertPrivateHome } from './private-home.ts';
import type { JobCounts } from './queue/bullmq-layout.ts';
import type { QueueName } from './queue/jobs.ts';
import type { EpisodeReceipt, Receipt } from './queue/producer.ts';
import type { DrainResult } from './queue/spool/drain.ts';
import type { WaitingJob } from './queue/waiting-jobs.ts';
import type { SimilarEntity } from './search/similar-entities.ts';
import { traceRequest } from './telemetry/tracing.ts';
import type { Triplet } from './triplet.ts';

let storeModule: Promise<typeof import('./memory/store.ts')> | undefined;
// Loaded once: many calls may need the module at the same time, and each `import()` takes time.
const loadStore = () => (storeModule ??= import('./memory/store.ts'));

const loadQueueState = () => import('./queue/queue-state.ts');

/**
 * The public API. Connections and models are opened when first needed; `close()` closes them.
 * Errors: `InvalidInputError`, `ConfigError`, `StoreUnreachableError`, `WrongServerError`, `AccessRefusedError`, `EmbedderMismatchError`,
 * `ModelFailedError`, `ModelBusyError`; waiting also `TimedOutError`, `JobFailedError`, `NoWorkerError`.
 */
export class MemoryManager {
  readonly config: Config;
  readonly archives: Archives;
  readonly communities: Communities;
  readonly deadLetters: DeadLetters;
  readonly episodes: Episodes;
  readonly sagas: Sagas;
  readonly #services: Services;

  /**
   * @param config settings that differ from the environment's
   * @throws InvalidInputError for an unknown or invalid member; ConfigError for an invalid setting of the environment, or settings that contradict each other
   */
  constructor(config: Partial<Config> = {}, parts: MemoryDependencies = {}) {
    this.config = { ...loadConfig(), ...checkConfig(config) };
    checkStores(this.config);
    checkGroup(this.config.group);
    assertPrivateHome(this.config.home);
    this.#services = openServices(this.config, checkInput('parts', parts));
    this.archives = openArchives(this.#services);
    this.communities = openCommunities(this.#services);
    this.deadLetters = openDeadLetters(this.#services);
    this.episodes = openEpisodes(this.#services);
    this.sagas = openSagas(this.#services);
  }

  /** Stores an episode and returns its name, `episode_<timestamp>`, once Valkey has acknowledged it; a worker adds its facts to the graph. */
  async storeEpisode(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<string> {
    return (await this.enqueueEpisode(content, metadata, options)).name;
  }

  /** Adds an episode to the queue and returns a receipt; `waitFor(receipt)` waits until its facts are in the graph. */
  async enqueueEpisode(
    content: string,
    metadata?: Metadata | null,
    options: StoreOptions = {},
  ): Promise<EpisodeReceipt> {
    return traceRequest('store_episode', async () =>
      (await loadStore()).enqueueEpisode(this.#services, content, metadata, checkInput('store', options)),
    );
  }

  /**
   * Adds many episodes to the queue, a few hundred per round trip, with receipts in the same order. All are checked before the first is
   * added. If Valkey fails in between, the error gives the number of episodes that Valkey has accepted.
   */
  async enqueueEpisodes(
    episodes: readonly EpisodeInput[],
    options: EnqueueEpisodesOptions = {},
  ): Promise<EpisodeReceipt[]> {
    return traceRequest('store_episodes', async () =>
      (await loadStore()).enqueueEpisodes(
        this.#services,
        checkList(episodes, 'What is stored'),
        checkInput('many', options),
      ),
    );
  }

  /** Adds one complete fact to the queue, as an episode that no model reads. */
  async enqueueFact(
    triplet: Triplet,
    metadata?: Metadata | null,
    options: EnqueueFactOptions = {},
  ): Promise<EpisodeReceipt> {
    return traceRequest('add_triplet', async () => {
      const fact = checkInput('triplet', triplet);
      const checked = checkInput('tripletOptions', options);
      return (await loadStore()).enqueueTriplet(this.#services, fact, metadata, checked);
    });
  }

  /**
   * Imports the data of another memory: Graphiti's episode lists, mem0's exports, the file of the MCP reference memory server. The
   * whole input is checked before the first episode is added; importing again adds only new data.
   */
  async import(format: ImportFormat, source: ImportSource, options: ImportOptions = {}): Promise<ImportResult> {
    return traceRequest('import', async () =>
      (await import('./memory/import.ts')).importInto(this.#services, format, source, checkInput('import', options)),
    );
  }

  /** Starts listening for finished jobs, so that the first wait is fast. */
  async connect(queue: QueueName): Promise<void> {
    return traceRequest('listen', async () => (await this.#services.waiting[checkQueue(queue)]()).ready());
  }

  /** Waits until a job has succeeded. For an episode, its facts are then in the graph and visible to every reader. */
  async waitFor(receipt: Receipt, options: WaitOptions = {}): Promise<unknown> {
    return traceRequest('ended', async () => {
      const { queue, jobId } = checkReceipt(receipt);
      return waitFor(this.#services, queue, jobId, checkInput('wait', options));
    });
  }

  /** Returns the best answers as a bullet list of at most `limit` lines (default 5), or as one block within `budgetTokens`. */
  async queryMemory(searchQuery: string, limit?: number, options: QueryOptions = {}): Promise<string> {
    return traceRequest('query_memory', async () =>
      queryAsText(this.#services, searchQuery, limit, checkQuery(options)),
    );
  }

  /** Searches like `queryMemory`, and returns data with scores and sources. By default: facts and passages. */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<SearchResults> {
    return traceRequest('search', async () =>
      toSearchResults(await runQuery(this.#services, searchQuery, limit, checkInput('query', options), true)),
    );
  }

  /** The briefing for the start of a session, as a text within a token budget and as data. */
  async getBriefing(options: BriefingOptions = {}): Promise<Briefing> {
    return traceRequest('briefing', async () =>
      toBriefing(
        await (await import('./memory/briefing.ts')).getBriefing(this.#services, checkInput('briefing', options)),
      ),
    );
  }

  /** The last text that an agent got as its briefing; null if none is known. Removed by every `forget` and `redact` of the memory. */
  async getLastBriefing(options: GroupOptions = {}): Promise<LastBriefing | null> {
    return traceRequest('last_briefing', async () =>
      toLastBriefing(
        await (await import('./memory/briefing.ts')).getLastBriefing(
          this.#services,
          checkInput('lastBriefing', options),
        ),
      ),
    );
  }

  /** All entities, or those of one type (case does not matter), sorted by name or in `order`; with `asOf` or `knownAt`, those of that time. */
  async getEntities(entityType?: string, options: EntitiesOptions = {}): Promise<Entity[]> {
    return traceRequest('get_entities', async () =>
      (await getEntities(this.#services, entityType, checkInput('entities', options))).map(toEntity),
    );
  }

  /** Entities whose name or alias begins with, contains or nearly is a text that a user is typing; the best first. */
  async suggestEntities(typed: string, options: SuggestOptions = {}): Promise<SimilarEntity[]> {
    return traceRequest('suggest_entities', async () =>
      (await import('./memory/reads/suggestions.ts')).suggestEntities(
        this.#services,
        typed,
        checkInput('suggest', options),
      ),
    );
  }

  /** All current and ended facts of an entity (name, alias or uuid), sorted by the time from which they hold. */
  async getHistory(entity: string, options: HistoryOptions = {}): Promise<EntityHistory> {
    return traceRequest('history', async () =>
      toEntityHistory(await getHistory(this.#services, entity, checkInput('history', options))),
    );
  }

  /** The facts of the whole memory or of one entity, with what replaced them; at most `limit`. */
  async getTimeline(options: TimelineOptions = {}): Promise<Timeline> {
    return traceRequest('timeline', async () =>
      toTimeline(
        await (await import('./memory/reads/timeline.ts')).getTimeline(this.#services, checkInput('timeline', options)),
      ),
    );
  }

  /** The other names of an entity (name, alias or uuid) and the episodes that mention it, newest first; both empty for an unknown entity. */
  async getMentions(entity: string, options: MentionsOptions = {}): Promise<EntityMentions> {
    return traceRequest('mentions', async () =>
      toEntityMentions(
        await (await import('./memory/reads/mentions.ts')).getMentions(
          this.#services,
          entity,
          checkInput('mentions', options),
        ),
      ),
    );
  }

  /** One episode, by its uuid or its name. @throws InvalidInputError when no episode or more than one episode has the name */
  async getEpisode(uuidOrName: string, options: GroupOptions = {}): Promise<EpisodeDetails> {
    return traceRequest('episode', async () =>
      toEpisodeDetails(await getEpisode(this.#services, uuidOrName, checkInput('group', options))),
    );
  }

  /** One fact, current or ended, by its uuid. @throws InvalidInputError when there is none */
  async getFact(uuid: string, options: GroupOptions = {}): Promise<FactDetails> {
    return traceRequest('fact', async () => toFact(await getFact(this.#services, uuid, checkInput('group', options))));
  }

  /** Has a worker export the group's graph as `graphiti_export_<timestamp>.json`, and returns a sentence that says where the export is. */
  async exportToB2(options: ExportOptions = {}): Promise<string> {
    return (await import('./archive/export.ts')).exportMessage(await this.export(options));
  }

  /** Exports like `exportToB2`, and returns the file with its counts and checksums. @throws NoWorkerError */
  async export(options: ExportOptions = {}): Promise<ExportResult> {
    return traceRequest('export_to_b2', async () =>
      (await import('./memory/exports.ts')).exportMemory(this.#services, checkInput('export', options)),
    );
  }

  /** Exports every group that has a graph. If one export fails, the others continue. @throws NoWorkerError */
  async exportAll(options: ExportAllOptions = {}): Promise<GroupExportResult[]> {
    return traceRequest('export_all', async () =>
      (await import('./memory/exports.ts')).exportAll(this.#services, checkInput('exportAll', options)),
    );
  }

  /**
   * Has a worker remove an episode, a fact, an entity, the results of a query or a session from every place that stores it. Facts that other
   * episodes also state stay.
   * @throws InvalidInputError when nothing matches or the name is ambiguous; NoWorkerError
   */
  async forget(target: ForgetTarget, options: ForgetOptions = {}): Promise<ForgetResult> {
    return traceRequest('forget', async () =>
      (await import('./memory/forget.ts')).forget(this.#services, checkTarget(target), checkInput('forget', options)),
    );
  }

  /**
   * Has a worker remove a whole memory from every place that stores it, even while other workers and agents use the memory. All texts that
   * are accepted before the end are removed; a later text begins a new memory of this name. Archives are kept, but cannot be restored.
   * @throws InvalidInputError when nothing is stored of a memory of this name; NoWorkerError
   */
  async forgetGroup(group: string, options: ForgetGroupOptions = {}): Promise<ForgetGroupResult> {
    return traceRequest('forget_group', async () =>
      (await import('./memory/forget-group.ts')).forgetGroup(this.#services, group, checkInput('forgetGroup', options)),
    );
  }

  /**
   * Has a worker mask the secrets that the current rules find in a memory, such as secrets that earlier rules did not recognize. The rest of
   * each text, name and fact is kept. Archives are not rewritten; a memory that is restored from an older archive is masked too.
   * @throws NoWorkerError
   */
  async redact(options: RedactOptions = {}): Promise<RedactResult> {
    return traceRequest('redact', async () =>
      (await import('./memory/redact.ts')).redact(this.#services, checkInput('redact', options)),
    );
  }

  /** The number of workers, on any machine, that take jobs of a queue. */
  async getWorkerCount(queue: QueueName): Promise<number> {
    const { countWorkers } = await loadQueueState();
    return countWorkers(await this.#services.queues(), checkQueue(queue));
  }

  /** The number of jobs of a queue in each state. */
  async getJobCounts(queue: QueueName): Promise<JobCounts> {
    return traceRequest('counts', async () =>
      (await loadQueueState()).jobCounts(await this.#services.queues(), checkQueue(queue)),
    );
  }

  /** The reason of the latest failure in a queue, among jobs that wait for a retry or are dead letters. */
  async getLastFailure(queue: QueueName): Promise<string | undefined> {
    return traceRequest('last_failure', async () =>
      (await loadQueueState()).latestFailure(await this.#services.queues(), checkQueue(queue)),
    );
  }

  /** Jobs that are neither done nor dead letters: those that run, then those that come next, of each queue at most `limit` (default 20, at most 1,000). */
  async getWaitingJobs(options: WaitingJobsOptions = {}): Promise<WaitingJob[]> {
    return traceRequest('waiting_jobs', async () =>
      (await import('./memory/waiting-jobs.ts')).listWaitingJobs(this.#services, checkInput('waitingJobs', options)),
    );
  }

  /** The state of servers, queues, workers and models. A server that does not answer is reported, not thrown. */
  async getStatus(options: StatusOptions = {}): Promise<Status> {
    return traceRequest('status', async () =>
      (await import('./memory/status.ts')).getStatus(this.#services, checkInput('status', options)),
    );
  }

  /** Adds the spooled episodes to the queue. Never throws; returns how many could not be added. */
  async drainSpool(): Promise<DrainResult> {
    return traceRequest('drain_spool', async () => (await this.#services.spooling()).drain());
  }

  /** All memories that have a graph, with their size and the time of their last episode, in the order of their names. */
  async getGroups(): Promise<GroupOverview[]> {
    return traceRequest('groups', async () => (await import('./memory/groups.ts')).getGroups(this.#services));
  }

  /**
   * The names of all memories with stored data, sorted. This includes memories without a graph: their episodes wait on this
   * machine's disk, in the queue or among the dead letters, or only their journal is left.
   */
  async getGroupNames(): Promise<string[]> {
    return traceRequest('group_names', async () => (await import('./memory/groups.ts')).getGroupNames(this.#services));
  }

  /** The number of episodes, entities and facts in the group's graph. */
  async getGraphSize(group?: string): Promise<GraphSize> {
    return traceRequest('size', async () =>
      (await import('./memory/groups.ts')).getGraphSize(this.#services, { group }),
    );
  }

  /** Closes all connections; spooled episodes are queued first, for up to one second. */
  async close(): Promise<void> {
    await this.#services.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
