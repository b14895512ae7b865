import type { Exported } from './archive/export.ts';
import { type Config, loadConfig } from './config.ts';
import type { Metadata } from './episode.ts';
import { NoWorker } from './errors.ts';
import type { GraphCounts } from './graph/queries/count-graph.ts';
import { askFor, askForEntities, type Entity, type QueryOptions } from './memory/ask.ts';
import type { GroupOptions, MemoryParts, StoreOptions, WaitOptions } from './memory/options.ts';
import { openServices, type Services } from './memory/services.ts';
import type { Counts, EpisodeReceipt, QueueName, Receipt } from './queue/producer.ts';
import { bulletList } from './reader/format.ts';
import type { Found } from './search/merge.ts';
import { MINUTE } from './time.ts';

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
  async enqueue(
    content: string,
    metadata?: Metadata | null,
    { group, ...options }: StoreOptions = {},
  ): Promise<EpisodeReceipt> {
    const { newEpisode } = await import('./episode.ts');
    const { maxContentBytes } = this.config;
    const episode = newEpisode(content, metadata, this.#services.group(group), maxContentBytes, options);
    return (await this.#services.producer()).store(episode, options.uuid !== undefined);
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
    return bulletList(await this.search(searchQuery, limit, options));
  }

  /** The same as data: facts, and episodes that hold what none of these facts tells. Each best first, with scores. */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    return askFor(this.#services, searchQuery, limit, options);
  }

  /** Every entity, or those of one type (in any writing of case), in the order of their names. */
  async getEntities(entityType?: string, options: Omit<QueryOptions, 'asOf'> = {}): Promise<Entity[]> {
    return askForEntities(this.#services, entityType, options);
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

  /** How many workers take jobs of a queue, on any machine. */
  async workers(queue: QueueName): Promise<number> {
    return (await this.#services.producer()).workers(queue);
  }

  /** How many jobs of a queue are in which state. */
  async counts(queue: QueueName): Promise<Counts> {
    return (await this.#services.producer()).counts(queue);
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
