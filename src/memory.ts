import type { Exported } from './archive/export.ts';
import { type Config, loadConfig } from './config.ts';
import type { EpisodeOptions, Metadata } from './episode.ts';
import { InvalidInput, NoWorker } from './errors.ts';
import type { Graphs } from './graph/graphs.ts';
import type { GraphCounts } from './graph/queries/count-graph.ts';
import { checkGroup } from './group.ts';
import { type Later, later } from './later.ts';
import type { Embedder } from './models/embedder.ts';
import type { Counts, EpisodeReceipt, Producer, QueueName, Receipt } from './queue/producer.ts';
import type { Waiting } from './queue/receipt.ts';
import { bulletList } from './reader/format.ts';
import { openReader, type Reader } from './reader/reader.ts';
import type { Found } from './search/merge.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { checkText } from './text.ts';
import { checkTime, MINUTE, toGraphTime } from './time.ts';

/** What a program may bring itself. */
export interface MemoryParts {
  readonly embedder?: Embedder;
  readonly metrics?: Metrics;
  /** Told in a sentence when something was answered in another way than usual. Default: nobody. */
  readonly onNotice?: (sentence: string) => void;
}

export interface GroupOptions {
  /** Default: the configured group. */
  readonly group?: string;
}

export interface StoreOptions extends GroupOptions, EpisodeOptions {}

export interface QueryOptions extends GroupOptions {
  /** What held at this time instead of now. */
  readonly asOf?: Date;
  /** False asks the graph also when the answer is cached. */
  readonly cache?: boolean;
}

export interface WaitOptions {
  /** Milliseconds; default one minute. */
  readonly limit?: number;
  /** Told the share that is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface Entity {
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  readonly uuid: string;
  readonly summary: string;
}

const MOST = 100;

/**
 * The memory as a program uses it. Nothing is connected or loaded before it is needed; `close()` ends what was.
 * Errors: `InvalidInput`, `ConfigError`, `StoreUnreachable`, `WrongServer`, `AccessRefused`, `EmbedderMismatch`,
 * `ModelFailed`; waiting also `TimedOut`, `JobFailed`, `NoWorker`.
 */
export class MemoryManager {
  readonly config: Config;
  readonly #reader: Later<Reader>;
  readonly #producer: Later<Producer>;
  readonly #graphs: Later<Graphs>;
  readonly #embedder: Later<Embedder>;
  readonly #waiting: Record<QueueName, Later<Waiting>>;

  /** @param config what differs from the environment's settings */
  constructor(config: Partial<Config> = {}, parts: MemoryParts = {}) {
    this.config = { ...loadConfig(), ...config };
    const { valkey, falkordb } = this.config;
    this.#reader = later(
      async () => openReader({ address: valkey, metrics: parts.metrics, onNotice: parts.onNotice }),
      (reader) => reader.close(),
    );
    this.#producer = later(
      async () => (await import('./queue/producer.ts')).openProducer(this.config),
      (producer) => producer.close(),
    );
    this.#graphs = later(
      async () => (await import('./graph/graphs.ts')).openGraphs(falkordb),
      (graphs) => graphs.close(),
    );
    this.#embedder = later(
      async () => parts.embedder ?? (await import('./models/choose.ts')).chooseEmbedder(this.config),
      (embedder) => embedder !== parts.embedder && embedder.close(),
    );
    const waiting = (queue: QueueName) =>
      later(
        async () => (await import('./queue/receipt.ts')).openWaiting(queue, this.config),
        (open) => open.close(),
      );
    this.#waiting = { store: waiting('store'), export: waiting('export') };
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
    const episode = newEpisode(content, metadata, this.#group(group), this.config.maxContentBytes, options);
    return (await this.#producer()).store(episode, options.uuid !== undefined);
  }

  /** Starts to listen for ends of jobs, so that the first wait is quick. */
  async listen(queue: QueueName): Promise<void> {
    await (await this.#waiting[queue]()).ready();
  }

  /** Waits until a job has ended well, for an episode: until its facts are in the graph and every reader sees them. */
  async ended({ queue, jobId }: Receipt, { limit = MINUTE, onProgress }: WaitOptions = {}): Promise<unknown> {
    const waiting = await this.#waiting[queue]();
    return waiting.ended(jobId, limit, (share) => onProgress?.(Number(share)));
  }

  /** The facts that answer best, as a bullet list. */
  async queryMemory(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<string> {
    return bulletList(await this.search(searchQuery, limit, options));
  }

  /** The same as data: facts, and episodes that hold what none of these facts tells. Each best first, with scores. */
  async search(searchQuery: string, limit = 5, options: QueryOptions = {}): Promise<Found> {
    const group = this.#group(options.group);
    const query = checkText(searchQuery, 'The query').trim();
    if (query === '') throw new InvalidInput('The query is empty; give the words to look for.');
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
      throw new InvalidInput(`The limit must be a whole number from 1 to ${MOST}.`);
    const asOf = options.asOf && toGraphTime(checkTime(options.asOf, 'The time asOf'));
    const reader = await this.#reader();
    return reader.answer(
      group,
      { ask: 'search', query, limit, asOf },
      async () => {
        const [graphs, embedder, { search }] = await Promise.all([
          this.#graphs(),
          this.#embedder(),
          import('./search/search.ts'),
        ]);
        return search(graphs.group(group), embedder, query, { limit, asOf: options.asOf ?? new Date() });
      },
      options.cache,
    );
  }

  /** Every entity, or those of one type (in any writing of case), in the order of their names. */
  async getEntities(entityType?: string, options: Omit<QueryOptions, 'asOf'> = {}): Promise<Entity[]> {
    const group = this.#group(options.group);
    const type = entityType === undefined ? undefined : checkText(entityType, 'The type').trim().toLowerCase();
    if (type === '') throw new InvalidInput('The type is empty; name one, such as Person, or leave it out.');
    const reader = await this.#reader();
    return reader.answer(
      group,
      { ask: 'entities', type },
      async () => {
        const { listEntities } = await import('./graph/queries/list-entities.ts');
        const rows = await listEntities((await this.#graphs()).group(group), type);
        return rows.map(({ labels, ...row }) => ({
          ...row,
          type: labels.find((label) => label !== 'Entity') ?? 'Entity',
        }));
      },
      options.cache,
    );
  }

  /** Lets a worker write the group's graph as `graphiti_export_<timestamp>.json` and says so in a sentence. */
  async exportToB2(options: GroupOptions & WaitOptions = {}): Promise<string> {
    const { exportMessage } = await import('./archive/export.ts');
    return exportMessage(await this.export(options));
  }

  /** The same, giving what was written where. @throws NoWorker */
  async export({ group, limit = 10 * MINUTE, onProgress }: GroupOptions & WaitOptions = {}): Promise<Exported> {
    const checked = this.#group(group);
    const producer = await this.#producer();
    await this.listen('export');
    if ((await producer.workers('export')) === 0)
      throw new NoWorker('No worker is running that could export; start one with `memory-manager worker`.');
    const receipt = await producer.export(checked);
    return (await this.ended(receipt, { limit, ...(onProgress && { onProgress }) })) as Exported;
  }

  /** How many workers take jobs of a queue, on any machine. */
  async workers(queue: QueueName): Promise<number> {
    return (await this.#producer()).workers(queue);
  }

  /** How many jobs of a queue are in which state. */
  async counts(queue: QueueName): Promise<Counts> {
    return (await this.#producer()).counts(queue);
  }

  /** How much the group's graph holds. */
  async size(group?: string): Promise<GraphCounts> {
    const checked = this.#group(group);
    const { countGraph } = await import('./graph/queries/count-graph.ts');
    return countGraph((await this.#graphs()).group(checked));
  }

  async close(): Promise<void> {
    const opened = [
      this.#waiting.store,
      this.#waiting.export,
      this.#producer,
      this.#reader,
      this.#graphs,
      this.#embedder,
    ];
    await Promise.allSettled(opened.map((it) => it.close()));
  }

  #group(group: string | undefined): string {
    return checkGroup(group ?? this.config.group);
  }
}
