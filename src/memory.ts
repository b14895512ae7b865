import type { Exported } from './archive/export.ts';
import { type Config, loadConfig } from './config.ts';
import type { Metadata } from './episode.ts';
import type { GraphCounts } from './graph/queries/meta.ts';
import { checkGroup } from './group.ts';
import { askForText } from './memory/answer-text.ts';
import { type Archives, openArchives } from './memory/archives.ts';
import type { BriefingOptions, WholeBriefing } from './memory/briefing.ts';
import { type DeadLetters, openDeadLetters } from './memory/dead-letters.ts';
import {
  askForEntities,
  askForHistory,
  type EntitiesOptions,
  type Entity,
  type HistoryOptions,
} from './memory/entities.ts';
import { type Episodes, openEpisodes, type WholeEpisode, type WholeFact } from './memory/episodes.ts';
import type { ExportAllOptions, ExportOptions, GroupExported } from './memory/exports.ts';
import type { ForgetOptions, ForgetTarget, Forgotten } from './memory/forget.ts';
import type { ImportSource } from './memory/import.ts';
import type { Imported, ImportFormat, ImportOptions } from './memory/import-formats.ts';
import { checkConfig, checkInput, checkQueue, checkReceipt, checkTarget } from './memory/input.ts';
import type {
  EpisodeInput,
  GroupOptions,
  MemoryParts,
  StoreOptions,
  TellManyOptions,
  TripletOptions,
  WaitOptions,
} from './memory/options.ts';
import { askFor, type QueryOptions } from './memory/query.ts';
import { openServices, type Services } from './memory/services.ts';
import { askForSize } from './memory/size.ts';
import type { Status } from './memory/status.ts';
import { type Communities, openCommunities, openSagas, type Sagas } from './memory/upkeep.ts';
import { waitFor } from './memory/wait-for.ts';
import type { Counts, EpisodeReceipt, QueueName, Receipt } from './queue/producer.ts';
import type { Drained } from './queue/spool/drain.ts';
import type { Found } from './search/found.ts';
import type { EntityHistory } from './search/history.ts';
import { checkList } from './strict.ts';
import { request } from './telemetry/request.ts';
import type { Triplet } from './triplet.ts';

let telling: Promise<typeof import('./memory/store.ts')> | undefined;
// Kept, since many may call it at once and each `import()` takes its time.
const tells = () => (telling ??= import('./memory/store.ts'));

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
   * @param config what differs from the environment's settings
   * @throws InvalidInputError for an unknown or invalid member; ConfigError for an invalid setting of the environment
   */
  constructor(config: Partial<Config> = {}, parts: MemoryParts = {}) {
    this.config = { ...loadConfig(), ...checkConfig(config) };
    checkGroup(this.config.group);
    this.#services = openServices(this.config, checkInput('parts', parts));
    this.archives = openArchives(this.#services);
    this.communities = openCommunities(this.#services);
    this.deadLetters = openDeadLetters(this.#services);
    this.episodes = openEpisodes(this.#services);
    this.sagas = openSagas(this.#services);
  }

  /** Adds an episode to the queue and returns its name, `episode_<timestamp>`, once Valkey has it. */
  async storeEpisode(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<string> {
    return (await this.enqueue(content, metadata, options)).name;
  }

  /** The same, but returns the receipt, with which a caller can wait for the commit. */
  async enqueue(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<EpisodeReceipt> {
    return request('store_episode', async () =>
      (await tells()).enqueueEpisode(this.#services, content, metadata, checkInput('store', options)),
    );
  }

  /**
   * Adds many episodes, a few hundred per round trip, with receipts in the same order. All are checked before the first is
   * added. If Valkey fails in between, the error says how many it has.
   */
  async enqueueMany(episodes: readonly EpisodeInput[], options: TellManyOptions = {}): Promise<EpisodeReceipt[]> {
    return request('store_episodes', async () =>
      (await tells()).enqueueMany(this.#services, checkList(episodes, 'What is stored'), checkInput('many', options)),
    );
  }

  /** Adds one complete fact, as an episode that no model reads. */
  async enqueueFact(
    triplet: Triplet,
    metadata?: Metadata | null,
    options: TripletOptions = {},
  ): Promise<EpisodeReceipt> {
    return request('add_triplet', async () => {
      const fact = checkInput('triplet', triplet);
      const checked = checkInput('tripletOptions', options);
      return (await tells()).enqueueTriplet(this.#services, fact, metadata, checked);
    });
  }

  /**
   * Imports the data of another memory: Graphiti's episode lists, mem0's exports, the file of the MCP reference memory server. All of
   * it is checked before the first episode is added; importing again adds only new data.
   */
  async import(format: ImportFormat, source: ImportSource, options: ImportOptions = {}): Promise<Imported> {
    return request('import', async () =>
      (await import('./memory/import.ts')).importInto(this.#services, format, source, checkInput('import', options)),
    );
  }

  /** Starts listening for finished jobs, so that the first wait is fast. */
  async connect(queue: QueueName): Promise<void> {
    return request('listen', async () => (await this.#services.waiting[checkQueue(queue)]()).ready());
  }

  /** Waits until a job has succeeded. For an episode, its facts are then in the graph and visible to every reader. */
  async waitFor(receipt: Receipt, options: WaitOptions = {}): Promise<unknown> {
    return request('ended', async () => {
      const { queue, jobId } = checkReceipt(receipt);
      return waitFor(this.#services, queue, jobId, checkInput('wait', options));
    });
  }

  /** The best answers, as a bullet list of at most `limit` (default 5), or as one block within `budgetTokens`. */
  async queryMemory(searchQuery: string, limit?: number, options: QueryOptions = {}): Promise<string> {
    return request('query_memory', async () =>
      askForText(this.#services, searchQuery, limit, checkInput('query', options)),
    );
  }

  /** The same as data, with scores and sources. By default: facts, and episodes with content that no fact has. */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    return request('search', async () =>
      askFor(this.#services, searchQuery, limit, checkInput('query', options), true),
    );
  }

  /** The briefing for the start of a session, as a text within a token budget and as data. */
  async getBriefing(options: BriefingOptions = {}): Promise<WholeBriefing> {
    return request('briefing', async () =>
      (await import('./memory/briefing.ts')).askForBriefing(this.#services, checkInput('briefing', options)),
    );
  }

  /** All entities, or those of one type (case does not matter), sorted by name; with times, those of that time. */
  async getEntities(entityType?: string, options: EntitiesOptions = {}): Promise<Entity[]> {
    return request('get_entities', async () =>
      askForEntities(this.#services, entityType, checkInput('entities', options)),
    );
  }

  /** All current and ended facts of an entity (name, alias or uuid), sorted by the time from which they hold. */
  async getHistory(entity: string, options: HistoryOptions = {}): Promise<EntityHistory> {
    return request('history', async () => askForHistory(this.#services, entity, checkInput('history', options)));
  }

  /** One episode, by its uuid or its name. @throws InvalidInputError when there is none, or more than one of that name */
  async getEpisode(uuidOrName: string, options: GroupOptions = {}): Promise<WholeEpisode> {
    return request('episode', async () =>
      (await import('./memory/episodes.ts')).askForEpisode(this.#services, uuidOrName, checkInput('group', options)),
    );
  }

  /** One fact, by its uuid, whenever it held. @throws InvalidInputError when there is none */
  async getFact(uuid: string, options: GroupOptions = {}): Promise<WholeFact> {
    return request('fact', async () =>
      (await import('./memory/episodes.ts')).askForFact(this.#services, uuid, checkInput('group', options)),
    );
  }

  /** Has a worker export the group's graph as `graphiti_export_<timestamp>.json` and returns a sentence about it. */
  async exportToB2(options: ExportOptions = {}): Promise<string> {
    return (await import('./archive/export.ts')).exportMessage(await this.export(options));
  }

  /** The same, but returns the file and its figures. @throws NoWorkerError */
  async export(options: ExportOptions = {}): Promise<Exported> {
    return request('export_to_b2', async () =>
      (await import('./memory/exports.ts')).exportMemory(this.#services, checkInput('export', options)),
    );
  }

  /** The same for every memory that has a graph. A failure in one does not stop the others. @throws NoWorkerError */
  async exportAll(options: ExportAllOptions = {}): Promise<GroupExported[]> {
    return request('export_all', async () =>
      (await import('./memory/exports.ts')).exportAll(this.#services, checkInput('exportAll', options)),
    );
  }

  /**
   * Has a worker remove an episode, a fact, an entity, the results of a query or a session, as if the memory had never had it,
   * from every place that holds it. Facts that other episodes also state stay.
   * @throws InvalidInputError when nothing matches, or more than one has the name; NoWorkerError
   */
  async forget(target: ForgetTarget, options: ForgetOptions = {}): Promise<Forgotten> {
    return request('forget', async () =>
      (await import('./memory/forget.ts')).forget(this.#services, checkTarget(target), checkInput('forget', options)),
    );
  }

  /** How many workers take jobs of a queue, on any machine. */
  async countWorkers(queue: QueueName): Promise<number> {
    return (await this.#services.producer()).workers(checkQueue(queue));
  }

  /** The number of jobs of a queue in each state. */
  async jobCounts(queue: QueueName): Promise<Counts> {
    return request('counts', async () => (await this.#services.producer()).counts(checkQueue(queue)));
  }

  /** The reason of the latest failure in a queue, among jobs that wait for a retry or are dead letters. */
  async getLastFailure(queue: QueueName): Promise<string | undefined> {
    return request('last_failure', async () => (await this.#services.producer()).lastFailure(checkQueue(queue)));
  }

  /** The state of servers, queues, workers and models. A server that does not answer is reported, not thrown. */
  async getStatus(options: GroupOptions = {}): Promise<Status> {
    return request('status', async () =>
      (await import('./memory/status.ts')).askForStatus(this.#services, checkInput('group', options)),
    );
  }

  /** Adds the spooled episodes to the queue. Never throws; returns how many could not be added. */
  async drainSpool(): Promise<Drained> {
    return request('drain_spool', async () => (await this.#services.spooling()).drain());
  }

  /** The number of episodes, entities and facts in the group's graph. */
  async graphSize(group?: string): Promise<GraphCounts> {
    return request('size', () => askForSize(this.#services, { group }));
  }

  async close(): Promise<void> {
    await this.#services.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
