import type { Exported } from './archive/export.ts';
import { type Config, loadConfig } from './config.ts';
import type { Metadata } from './episode.ts';
import { NoWorker } from './errors.ts';
import type { GraphCounts } from './graph/queries/count-graph.ts';
import { askFor } from './memory/ask.ts';
import { askForEntities, type EntitiesOptions, type Entity } from './memory/ask-entities.ts';
import type { WholeEpisode } from './memory/ask-episode.ts';
import { askForHistory, type HistoryOptions } from './memory/ask-history.ts';
import type { GroupOptions, MemoryParts, StoreOptions, WaitOptions } from './memory/options.ts';
import type { QueryOptions } from './memory/query-options.ts';
import { openServices, type Services } from './memory/services.ts';
import type { EpisodeInput, TripletOptions } from './memory/tell.ts';
import {
  type Community,
  episodeUuid,
  listCommunities,
  listSagas,
  type RemoveOptions,
  runTask,
  type Saga,
  type SagaOverview,
  showSaga,
  type TaskOptions,
} from './memory/upkeep.ts';
import type { ManyOptions } from './queue/add-many.ts';
import type { Counts, EpisodeReceipt, QueueName, Receipt } from './queue/producer.ts';
import { bulletList } from './reader/format.ts';
import type { Found } from './search/found.ts';
import type { EntityHistory } from './search/history.ts';
import { MINUTE } from './time.ts';
import type { Triplet } from './triplet.ts';
import type { BuiltCommunities } from './upkeep/communities.ts';
import type { Removed } from './upkeep/parts.ts';
import type { ToldSaga } from './upkeep/saga.ts';

/**
 * The memory as a program uses it. Nothing is connected or loaded before it is needed; `close()` ends what was.
 * Errors: `InvalidInput`, `ConfigError`, `StoreUnreachable`, `WrongServer`, `AccessRefused`, `EmbedderMismatch`,
 * `ModelFailed`, `ModelBusy`; waiting also `TimedOut`, `JobFailed`, `NoWorker`.
 */
export class MemoryManager {
  readonly config: Config;
  readonly #services: Services;

  /** @param config what differs from the environment's settings */
  constructor(config: Partial<Config> = {}, parts: MemoryParts = {}) {
    this.config = { ...loadConfig(), ...config };
    this.#services = openServices(this.config, parts);
  }

  /** Hands an episode to the queue and gives its name, `episode_<timestamp>`, once Valkey has it. */
  async storeEpisode(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<string> {
    return (await this.enqueue(content, metadata, options)).name;
  }

  /** The same, giving the receipt, with which the commit can be waited for. */
  async enqueue(content: string, metadata?: Metadata | null, options: StoreOptions = {}): Promise<EpisodeReceipt> {
    const { tell } = await import('./memory/tell.ts');
    return tell(this.#services, content, metadata, options);
  }

  /**
   * Hands in many episodes, a few hundred a round trip, with receipts in the same order. All are checked before the first is
   * added. If Valkey goes away in the middle, the error tells how many it has.
   */
  async enqueueMany(episodes: readonly EpisodeInput[], options: ManyOptions = {}): Promise<EpisodeReceipt[]> {
    const { tellMany } = await import('./memory/tell.ts');
    return tellMany(this.#services, episodes, options);
  }

  /** Hands in one fact that is known whole, as an episode that no model reads. */
  async addTriplet(
    triplet: Triplet,
    metadata?: Metadata | null,
    options: TripletOptions = {},
  ): Promise<EpisodeReceipt> {
    const { tellTriplet } = await import('./memory/tell.ts');
    return tellTriplet(this.#services, triplet, metadata, options);
  }

  /** Starts to listen for ends of jobs, so that the first wait is quick. */
  async listen(queue: QueueName): Promise<void> {
    await (await this.#services.waiting[queue]()).ready();
  }

  /** Waits until a job has ended well, for an episode: until its facts are in the graph and every reader sees them. */
  async ended({ queue, jobId }: Receipt, { limit = MINUTE, onProgress }: WaitOptions = {}): Promise<unknown> {
    const waiting = await this.#services.waiting[queue]();
    return waiting.ended(jobId, limit, (share) => onProgress?.(Number(share)));
  }

  /** The facts that answer best, as a bullet list. */
  async queryMemory(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<string> {
    return bulletList(await askFor(this.#services, searchQuery, limit, options));
  }

  /**
   * The same as data, with scores and the episodes that each fact was learnt from. Unless other things are asked for: facts, and
   * episodes that hold what none of these facts tells.
   */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    return askFor(this.#services, searchQuery, limit, options, true);
  }

  /** Every entity, or those of one type (in any writing of case), in the order of their names; with times those of then. */
  async getEntities(entityType?: string, options: EntitiesOptions = {}): Promise<Entity[]> {
    return askForEntities(this.#services, entityType, options);
  }

  /** All facts of an entity (by name, alias or uuid), held or ended, in the order in which they began to hold. */
  async history(entity: string, options: HistoryOptions = {}): Promise<EntityHistory> {
    return askForHistory(this.#services, entity, options);
  }

  /** One episode, by its uuid or its name. @throws InvalidInput when there is none, or more than one of that name */
  async episode(uuidOrName: string, options: GroupOptions = {}): Promise<WholeEpisode> {
    return (await import('./memory/ask-episode.ts')).askForEpisode(this.#services, uuidOrName, options);
  }

  /** Lets a worker write the group's graph as `graphiti_export_<timestamp>.json` and says so in a sentence. */
  async exportToB2(options: GroupOptions & WaitOptions = {}): Promise<string> {
    const { exportMessage } = await import('./archive/export.ts');
    return exportMessage(await this.export(options));
  }

  /** The same, giving what was written where. @throws NoWorker */
  async export({ group, limit = 10 * MINUTE, onProgress }: GroupOptions & WaitOptions = {}): Promise<Exported> {
    const checked = this.#services.group(group);
    const producer = await this.#services.producer();
    await this.listen('export');
    if ((await producer.workers('export')) === 0)
      throw new NoWorker('No worker is running that could export; start one with `memory-manager worker`.');
    const receipt = await producer.export(checked);
    return (await this.ended(receipt, { limit, ...(onProgress && { onProgress }) })) as Exported;
  }

  /** Lets a worker find the group's communities anew and tell each in few sentences. @throws NoWorker */
  async buildCommunities(options: TaskOptions = {}): Promise<BuiltCommunities> {
    return runTask(this.#services, { kind: 'communities' }, options);
  }

  /** The communities that were built last, those with most members first. */
  async communities(options: GroupOptions = {}): Promise<Community[]> {
    return listCommunities(this.#services, options);
  }

  /** All sagas, the one that went on last first. */
  async sagas(options: GroupOptions = {}): Promise<SagaOverview[]> {
    return listSagas(this.#services, options);
  }

  /** One saga with its episodes. @throws InvalidInput when there is none of that name */
  async saga(name: string, options: GroupOptions = {}): Promise<Saga> {
    return showSaga(this.#services, name, options);
  }

  /** Lets a worker bring a saga's summary up to date. @throws InvalidInput when there is none of that name; NoWorker */
  async summarizeSaga(name: string, options: TaskOptions = {}): Promise<ToldSaga> {
    const saga = await showSaga(this.#services, name, options);
    return runTask(this.#services, { kind: 'summarize-saga', saga: saga.name }, options);
  }

  /**
   * Lets a worker take an episode, given by its uuid or its name, out of the graph, with all that nothing else supports.
   * @throws InvalidInput when there is none, or more than one of that name; NoWorker
   */
  async removeEpisode(uuidOrName: string, { dryRun = false, ...options }: RemoveOptions = {}): Promise<Removed> {
    const episode = await episodeUuid(this.#services, uuidOrName, options);
    return runTask(this.#services, { kind: 'remove-episode', episode, dryRun }, options);
  }

  /** How many workers take jobs of a queue, on any machine. */
  async workers(queue: QueueName): Promise<number> {
    return (await this.#services.producer()).workers(queue);
  }

  /** How many jobs of a queue are in which state. */
  async counts(queue: QueueName): Promise<Counts> {
    return (await this.#services.producer()).counts(queue);
  }

  /** Why the job of a queue that was tried last failed, of those that are tried again or were given up. */
  async lastFailure(queue: QueueName): Promise<string | undefined> {
    return (await this.#services.producer()).lastFailure(queue);
  }

  /** How much the group's graph holds. */
  async size(group?: string): Promise<GraphCounts> {
    const checked = this.#services.group(group);
    const { countGraph } = await import('./graph/queries/count-graph.ts');
    return countGraph((await this.#services.graphs()).group(checked));
  }

  async close(): Promise<void> {
    await this.#services.close();
  }
}
