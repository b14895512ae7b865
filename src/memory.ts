import type { Exported } from './archive/export.ts';
import type { Pruned } from './archive/prune.ts';
import { type Config, loadConfig } from './config.ts';
import type { Metadata } from './episode.ts';
import type { GraphCounts } from './graph/queries/count-graph.ts';
import type {
  ArchiveList,
  ExportOptions,
  PruneOptions,
  Restored,
  RestoreOptions,
  Verified,
  VerifyOptions,
} from './memory/archives.ts';
import { askFor } from './memory/ask.ts';
import { askForEntities, type EntitiesOptions, type Entity } from './memory/ask-entities.ts';
import type { WholeEpisode } from './memory/ask-episode.ts';
import { askForHistory, type HistoryOptions } from './memory/ask-history.ts';
import type { ListOptions, QueueOptions } from './memory/dead-letters.ts';
import type { GroupOptions, MemoryParts, StoreOptions, WaitOptions } from './memory/options.ts';
import type { QueryOptions } from './memory/query-options.ts';
import { openServices, type Services } from './memory/services.ts';
import { askForSize } from './memory/size.ts';
import type { Status } from './memory/status.ts';
import type { EpisodeInput, TellManyOptions, TripletOptions } from './memory/tell.ts';
import type { Community, RemoveOptions, Saga, SagaOverview, TaskOptions } from './memory/upkeep.ts';
import { listCommunities, listSagas, removeEpisode, runTask, showSaga, summarizeSaga } from './memory/upkeep.ts';
import { waitFor } from './memory/wait-for.ts';
import type { DeadLetter, WholeDeadLetter } from './queue/dead-letter.ts';
import type { Counts, EpisodeReceipt, QueueName, Receipt } from './queue/producer.ts';
import type { Drained } from './queue/spool/drain.ts';
import { bulletList } from './reader/format.ts';
import type { Found } from './search/found.ts';
import type { EntityHistory } from './search/history.ts';
import { request } from './telemetry/request.ts';
import type { Triplet } from './triplet.ts';
import type { BuiltCommunities } from './upkeep/communities.ts';
import type { Removed } from './upkeep/parts.ts';
import type { ToldSaga } from './upkeep/saga.ts';

let telling: Promise<typeof import('./memory/tell.ts')> | undefined;
// Kept, since many may call it at once and each `import()` takes its time.
const tells = () => (telling ??= import('./memory/tell.ts'));
const letters = () => import('./memory/dead-letters.ts');
const keeping = () => import('./memory/archives.ts');

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
    return request('store_episode', async () => (await tells()).tell(this.#services, content, metadata, options));
  }

  /**
   * Hands in many episodes, a few hundred a round trip, with receipts in the same order. All are checked before the first is
   * added. If Valkey goes away in the middle, the error tells how many it has.
   */
  async enqueueMany(episodes: readonly EpisodeInput[], options: TellManyOptions = {}): Promise<EpisodeReceipt[]> {
    return request('store_episodes', async () => (await tells()).tellMany(this.#services, episodes, options));
  }

  /** Hands in one fact that is known whole, as an episode that no model reads. */
  async addTriplet(
    triplet: Triplet,
    metadata?: Metadata | null,
    options: TripletOptions = {},
  ): Promise<EpisodeReceipt> {
    return request('add_triplet', async () => (await tells()).tellTriplet(this.#services, triplet, metadata, options));
  }

  /** Starts to listen for ends of jobs, so that the first wait is quick. */
  async listen(queue: QueueName): Promise<void> {
    return request('listen', async () => (await this.#services.waiting[queue]()).ready());
  }

  /** Waits until a job has ended well, for an episode: until its facts are in the graph and every reader sees them. */
  async ended({ queue, jobId }: Receipt, options: WaitOptions = {}): Promise<unknown> {
    return request('ended', () => waitFor(this.#services, queue, jobId, options));
  }

  /** The facts that answer best, as a bullet list. */
  async queryMemory(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<string> {
    return request('query_memory', async () => bulletList(await askFor(this.#services, searchQuery, limit, options)));
  }

  /**
   * The same as data, with scores and the episodes that each fact was learnt from. Unless other things are asked for: facts, and
   * episodes that hold what none of these facts tells.
   */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    return request('search', () => askFor(this.#services, searchQuery, limit, options, true));
  }

  /** Every entity, or those of one type (in any writing of case), in the order of their names; with times those of then. */
  async getEntities(entityType?: string, options: EntitiesOptions = {}): Promise<Entity[]> {
    return request('get_entities', () => askForEntities(this.#services, entityType, options));
  }

  /** All facts of an entity (by name, alias or uuid), held or ended, in the order in which they began to hold. */
  async history(entity: string, options: HistoryOptions = {}): Promise<EntityHistory> {
    return request('history', () => askForHistory(this.#services, entity, options));
  }

  /** One episode, by its uuid or its name. @throws InvalidInput when there is none, or more than one of that name */
  async episode(uuidOrName: string, options: GroupOptions = {}): Promise<WholeEpisode> {
    return request('episode', async () =>
      (await import('./memory/ask-episode.ts')).askForEpisode(this.#services, uuidOrName, options),
    );
  }

  /** Lets a worker write the group's graph as `graphiti_export_<timestamp>.json` and says so in a sentence. */
  async exportToB2(options: ExportOptions = {}): Promise<string> {
    const { exportMessage } = await import('./archive/export.ts');
    return exportMessage(await this.export(options));
  }

  /** The same, giving what was written where. @throws NoWorker */
  async export(options: ExportOptions = {}): Promise<Exported> {
    return request('export_to_b2', async () => (await keeping()).exportMemory(this.#services, options));
  }

  /** The archives of a group, or of all where none is named, newest first. */
  async archives(options: GroupOptions = {}): Promise<ArchiveList> {
    return request('archives', async () => (await keeping()).listArchives(this.#services, options));
  }

  /** Whether an archive, by its file or `latest`, is what its manifest says; with `restore` also on trial. */
  async verifyArchive(file: string, options: VerifyOptions = {}): Promise<Verified> {
    return request('verify_archive', async () => (await keeping()).verifyArchive(this.#services, file, options));
  }

  /** Makes an archive (or `latest`) what the group remembers, at once or not at all. @throws ArchiveDamaged when a byte of it differs */
  async restoreArchive(file: string, options: RestoreOptions = {}): Promise<Restored> {
    return request('restore_archive', async () => (await keeping()).restoreArchive(this.#services, file, options));
  }

  /** Removes a group's archives but those that are to be kept, the newest, and the newest that was verified. */
  async pruneArchives(options: PruneOptions): Promise<Pruned> {
    return request('prune_archives', async () => (await keeping()).pruneArchives(this.#services, options));
  }

  /** Lets a worker find the group's communities anew and tell each in few sentences. @throws NoWorker */
  async buildCommunities(options: TaskOptions = {}): Promise<BuiltCommunities> {
    return request('build_communities', () => runTask(this.#services, { kind: 'communities' }, options));
  }

  /** The communities that were built last, those with most members first. */
  async communities(options: GroupOptions = {}): Promise<Community[]> {
    return request('communities', () => listCommunities(this.#services, options));
  }

  /** All sagas, the one that went on last first. */
  async sagas(options: GroupOptions = {}): Promise<SagaOverview[]> {
    return request('sagas', () => listSagas(this.#services, options));
  }

  /** One saga with its episodes. @throws InvalidInput when there is none of that name */
  async saga(name: string, options: GroupOptions = {}): Promise<Saga> {
    return request('saga', () => showSaga(this.#services, name, options));
  }

  /** Lets a worker bring a saga's summary up to date. @throws InvalidInput when there is none of that name; NoWorker */
  async summarizeSaga(name: string, options: TaskOptions = {}): Promise<ToldSaga> {
    return request('summarize_saga', () => summarizeSaga(this.#services, name, options));
  }

  /**
   * Lets a worker take an episode, given by its uuid or its name, out of the graph, with all that nothing else supports.
   * @throws InvalidInput when there is none, or more than one of that name; NoWorker
   */
  async removeEpisode(uuidOrName: string, options: RemoveOptions = {}): Promise<Removed> {
    return request('remove_episode', () => removeEpisode(this.#services, uuidOrName, options));
  }

  /** Jobs that were given up, the latest first. */
  async deadLetters(options: ListOptions = {}): Promise<DeadLetter[]> {
    return request('dead_letters', async () => (await letters()).listDeadLetters(this.#services, options));
  }

  /** One of them with its payload. @throws InvalidInput when there is none of that id */
  async showDeadLetter(id: string, options: QueueOptions = {}): Promise<WholeDeadLetter> {
    return request('show_dead_letter', async () => (await letters()).showDeadLetter(this.#services, id, options));
  }

  /** Brings them back to their queues, each under the same identity, and gives how many. @throws InvalidInput for an unknown id */
  async replayDeadLetters(ids: readonly string[] | 'all', options: QueueOptions = {}): Promise<number> {
    return request('replay_dead_letters', async () =>
      (await letters()).replayDeadLetters(this.#services, ids, options),
    );
  }

  /** Deletes their jobs for good; what was recorded of an episode's text stays in the graph. @throws InvalidInput for an unknown id */
  async dropDeadLetters(ids: readonly string[] | 'all', options: QueueOptions = {}): Promise<number> {
    return request('drop_dead_letters', async () => (await letters()).dropDeadLetters(this.#services, ids, options));
  }

  /** How many workers take jobs of a queue, on any machine. */
  async workers(queue: QueueName): Promise<number> {
    return request('workers', async () => (await this.#services.producer()).workers(queue));
  }

  /** How many jobs of a queue are in which state. */
  async counts(queue: QueueName): Promise<Counts> {
    return request('counts', async () => (await this.#services.producer()).counts(queue));
  }

  /** Why the job of a queue that was tried last failed, of those that are tried again or were given up. */
  async lastFailure(queue: QueueName): Promise<string | undefined> {
    return request('last_failure', async () => (await this.#services.producer()).lastFailure(queue));
  }

  /** How the servers, queues, workers and models are. A server that does not answer is told and not thrown. */
  async status(options: GroupOptions = {}): Promise<Status> {
    return request('status', async () => (await import('./memory/status.ts')).askForStatus(this.#services, options));
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
