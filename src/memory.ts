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
 * The memory as a program uses it. Nothing is connected or loaded before it is needed; `close()` ends what was.
 * Errors: `InvalidInput`, `ConfigError`, `StoreUnreachable`, `WrongServer`, `AccessRefused`, `EmbedderMismatch`,
 * `ModelFailed`, `ModelBusy`; waiting also `TimedOut`, `JobFailed`, `NoWorker`.
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
   * @throws InvalidInput for a member that is not known or cannot be used; ConfigError for a setting of the environment
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

  /** Hands an episode to the queue and gives its name, `episode_<timestamp>`, once Valkey has it. */
  async storeEpisode(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<string> {
    return (await this.enqueue(content, metadata, options)).name;
  }

  /** The same, giving the receipt, with which the commit can be waited for. */
  async enqueue(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<EpisodeReceipt> {
    return request('store_episode', async () =>
      (await tells()).tell(this.#services, content, metadata, checkInput('store', options)),
    );
  }

  /**
   * Hands in many episodes, a few hundred a round trip, with receipts in the same order. All are checked before the first is
   * added. If Valkey goes away in the middle, the error tells how many it has.
   */
  async enqueueMany(episodes: readonly EpisodeInput[], options: TellManyOptions = {}): Promise<EpisodeReceipt[]> {
    return request('store_episodes', async () =>
      (await tells()).tellMany(this.#services, checkList(episodes, 'What is stored'), checkInput('many', options)),
    );
  }

  /** Hands in one fact that is known whole, as an episode that no model reads. */
  async addTriplet(
    triplet: Triplet,
    metadata?: Metadata | null,
    options: TripletOptions = {},
  ): Promise<EpisodeReceipt> {
    return request('add_triplet', async () => {
      const fact = checkInput('triplet', triplet);
      const checked = checkInput('tripletOptions', options);
      return (await tells()).tellTriplet(this.#services, fact, metadata, checked);
    });
  }

  /**
   * Brings in what another memory wrote: Graphiti's episode lists, mem0's exports, the file of the MCP reference memory server. All of
   * it is checked before the first is handed in; importing again adds only what is not there.
   */
  async import(format: ImportFormat, source: ImportSource, options: ImportOptions = {}): Promise<Imported> {
    return request('import', async () =>
      (await import('./memory/import.ts')).importInto(this.#services, format, source, checkInput('import', options)),
    );
  }

  /** Starts to listen for ends of jobs, so that the first wait is quick. */
  async listen(queue: QueueName): Promise<void> {
    return request('listen', async () => (await this.#services.waiting[checkQueue(queue)]()).ready());
  }

  /** Waits until a job has ended well, for an episode: until its facts are in the graph and every reader sees them. */
  async ended(receipt: Receipt, options: WaitOptions = {}): Promise<unknown> {
    return request('ended', async () => {
      const { queue, jobId } = checkReceipt(receipt);
      return waitFor(this.#services, queue, jobId, checkInput('wait', options));
    });
  }

  /** What answers best, as a bullet list of at most `limit` (default 5), or within `budgetTokens` as one block. */
  async queryMemory(searchQuery: string, limit?: number, options: QueryOptions = {}): Promise<string> {
    return request('query_memory', async () =>
      askForText(this.#services, searchQuery, limit, checkInput('query', options)),
    );
  }

  /** The same as data, with scores and sources. Unless other things are asked for: facts, and episodes that hold what none of them tells. */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    return request('search', async () =>
      askFor(this.#services, searchQuery, limit, checkInput('query', options), true),
    );
  }

  /** What an agent should know when a session begins, as a text within a budget of tokens and as data. */
  async getBriefing(options: BriefingOptions = {}): Promise<WholeBriefing> {
    return request('briefing', async () =>
      (await import('./memory/briefing.ts')).askForBriefing(this.#services, checkInput('briefing', options)),
    );
  }

  /** Every entity, or those of one type (in any writing of case), in the order of their names; with times those of then. */
  async getEntities(entityType?: string, options: EntitiesOptions = {}): Promise<Entity[]> {
    return request('get_entities', async () =>
      askForEntities(this.#services, entityType, checkInput('entities', options)),
    );
  }

  /** All facts of an entity (by name, alias or uuid), held or ended, in the order in which they began to hold. */
  async history(entity: string, options: HistoryOptions = {}): Promise<EntityHistory> {
    return request('history', async () => askForHistory(this.#services, entity, checkInput('history', options)));
  }

  /** One episode, by its uuid or its name. @throws InvalidInput when there is none, or more than one of that name */
  async episode(uuidOrName: string, options: GroupOptions = {}): Promise<WholeEpisode> {
    return request('episode', async () =>
      (await import('./memory/episodes.ts')).askForEpisode(this.#services, uuidOrName, checkInput('group', options)),
    );
  }

  /** One fact, by its uuid, whenever it held. @throws InvalidInput when there is none */
  async fact(uuid: string, options: GroupOptions = {}): Promise<WholeFact> {
    return request('fact', async () =>
      (await import('./memory/episodes.ts')).askForFact(this.#services, uuid, checkInput('group', options)),
    );
  }

  /** Lets a worker write the group's graph as `graphiti_export_<timestamp>.json` and says so in a sentence. */
  async exportToB2(options: ExportOptions = {}): Promise<string> {
    return (await import('./archive/export.ts')).exportMessage(await this.export(options));
  }

  /** The same, giving what was written where. @throws NoWorker */
  async export(options: ExportOptions = {}): Promise<Exported> {
    return request('export_to_b2', async () =>
      (await import('./memory/exports.ts')).exportMemory(this.#services, checkInput('export', options)),
    );
  }

  /** The same with every memory that has a graph. The failure of one keeps none of the others. @throws NoWorker */
  async exportAll(options: ExportAllOptions = {}): Promise<GroupExported[]> {
    return request('export_all', async () =>
      (await import('./memory/exports.ts')).exportAll(this.#services, checkInput('exportAll', options)),
    );
  }

  /**
   * Lets a worker make the memory as if it had never heard an episode, a fact, an entity, what a question finds, or a session,
   * wherever something of it lies. What others say too stays.
   * @throws InvalidInput when there is nothing such, or more than one of that name; NoWorker
   */
  async forget(target: ForgetTarget, options: ForgetOptions = {}): Promise<Forgotten> {
    return request('forget', async () =>
      (await import('./memory/forget.ts')).forget(this.#services, checkTarget(target), checkInput('forget', options)),
    );
  }

  /** How many workers take jobs of a queue, on any machine. */
  async workers(queue: QueueName): Promise<number> {
    return (await this.#services.producer()).workers(checkQueue(queue));
  }

  /** How many jobs of a queue are in which state. */
  async counts(queue: QueueName): Promise<Counts> {
    return request('counts', async () => (await this.#services.producer()).counts(checkQueue(queue)));
  }

  /** Why the job of a queue that was tried last failed, of those that are tried again or were given up. */
  async lastFailure(queue: QueueName): Promise<string | undefined> {
    return request('last_failure', async () => (await this.#services.producer()).lastFailure(checkQueue(queue)));
  }

  /** How the servers, queues, workers and models are. A server that does not answer is told and not thrown. */
  async status(options: GroupOptions = {}): Promise<Status> {
    return request('status', async () =>
      (await import('./memory/status.ts')).askForStatus(this.#services, checkInput('group', options)),
    );
  }

  /** Hands in the episodes that wait on disk since Valkey did not answer. Never throws; tells how many it could not hand in. */
  async drainSpool(): Promise<Drained> {
    return request('drain_spool', async () => (await this.#services.spooling()).drain());
  }

  /** How much the group's graph holds. */
  async size(group?: string): Promise<GraphCounts> {
    return request('size', () => askForSize(this.#services, { group }));
  }

  async close(): Promise<void> {
    await this.#services.close();
  }
}
