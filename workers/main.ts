import type { Worker } from 'bullmq';
import { directoryStore } from '../src/archive/stores/directory.ts';
import type { Config } from '../src/config.ts';
import { openGraphs } from '../src/graph/graphs.ts';
import { openIngest } from '../src/ingest/ingest.ts';
import { openRemoveEpisode } from '../src/ingest/remove-episode.ts';
import { chooseEmbedder, chooseLanguageModel } from '../src/models/choose.ts';
import type { Embedder } from '../src/models/embedder.ts';
import type { LanguageModel } from '../src/models/language-model.ts';
import { rememberingEmbedder } from '../src/models/remembering-embedder.ts';
import { loadOntology } from '../src/ontology/load.ts';
import type { Ontology } from '../src/ontology.ts';
import { openProducer } from '../src/queue/producer.ts';
import { SECOND } from '../src/time.ts';
import { openUpkeep } from '../src/upkeep/upkeep.ts';
import { established, impatientConnection, patientConnection } from '../src/valkey/connections.ts';
import { startExportWorker } from './export-worker.ts';
import { startStoreWorker } from './store-worker.ts';

export const ROLES = ['store', 'export'] as const;
export type Role = (typeof ROLES)[number];

export interface Running {
  /** Takes no new jobs, ends those under way (10 s at most) and closes everything (1 s at most). */
  close(): Promise<void>;
}

export interface WorkerParts {
  readonly languageModel?: LanguageModel;
  readonly embedder?: Embedder;
  /** Default: what the configuration file says. */
  readonly ontology?: Ontology;
  /** Told in a sentence what went wrong, for the log. */
  readonly onNotice?: (sentence: string) => void;
}

/** A job that has not ended by then is left; another worker takes it over. */
const JOBS_END_WITHIN = 10 * SECOND;
const CLOSES_WITHIN = 1 * SECOND;

/**
 * Starts the roles in this process.
 * @throws ConfigError, and StoreUnreachable, AccessRefused or WrongServer when a store cannot be used now
 */
export async function startWorkers(config: Config, roles: readonly Role[], parts: WorkerParts = {}): Promise<Running> {
  const { onNotice = () => {} } = parts;
  // First, so that a broken file leaves nothing open.
  const ontology = parts.ontology ?? (await loadOntology(config.configFile));
  const graphs = openGraphs(config.falkordb);
  const valkey = patientConnection(config.valkey);
  const languageModel = parts.languageModel ?? (await chooseLanguageModel(config));
  const embedder = parts.embedder ?? (await chooseEmbedder(config));
  const workers: Worker[] = [];
  const connections = [valkey];
  const closing: (() => Promise<void>)[] = [];
  const connection = () => {
    const opened = patientConnection(config.valkey);
    connections.push(opened);
    return opened;
  };

  async function close(): Promise<void> {
    // Not `close(true)` after that: BullMQ gives the promise of the first close again, which waits for the jobs.
    await atMost(
      JOBS_END_WITHIN,
      workers.map((worker) => worker.close()),
    );
    for (const opened of connections) opened.disconnect();
    await atMost(CLOSES_WITHIN, [
      graphs.close(),
      ...closing.map((close) => close()),
      !parts.languageModel && languageModel.close(),
      !parts.embedder && embedder.close(),
    ]);
  }

  try {
    await checkStores(config, graphs.group(config.group).read);
    if (roles.includes('store')) {
      const remembering = rememberingEmbedder(embedder);
      const producer = openProducer(config);
      closing.push(() => producer.close());
      // The note of a long summary stays in the graph; the next one asks again.
      const onLong = (group: string) => {
        producer.task(group, { kind: 'summaries' }).catch((error: Error) => onNotice(error.message));
      };
      const ingest = openIngest(graphs, valkey, { model: languageModel, embedder: remembering, ontology, onLong });
      const removeEpisode = openRemoveEpisode(graphs, valkey);
      const upkeep = openUpkeep({ graphs, valkey, languageModel, embedder: remembering, removeEpisode });
      workers.push(startStoreWorker(config, connection(), ingest, upkeep));
    }
    if (roles.includes('export')) {
      const store = directoryStore(config.exportDir);
      workers.push(startExportWorker(config, connection(), graphs, valkey, store));
    }
    for (const worker of workers) report(worker, onNotice);
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function checkStores(config: Config, read: (query: string) => Promise<unknown>): Promise<void> {
  const asking = impatientConnection(config.valkey);
  try {
    await established(asking, config.valkey);
    await read('RETURN 1');
  } finally {
    asking.disconnect();
  }
}

function report(worker: Worker, onNotice: (sentence: string) => void): void {
  worker.on('failed', (job, error) => {
    const last = !job?.finishedOn ? 'tried again' : 'given up';
    onNotice(`${worker.name} ${job?.id ?? ''} failed (attempt ${job?.attemptsMade ?? '?'}, ${last}): ${error.message}`);
  });
  // Connection errors; BullMQ reconnects by itself. Without a listener they would end the process.
  worker.on('error', (error) => onNotice(`${worker.name} worker: ${error.message}`));
}

/** Waits until all have ended, well or not, but no longer than `limit` milliseconds. */
async function atMost(limit: number, ends: readonly unknown[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limit);
  });
  await Promise.race([Promise.allSettled(ends), late]);
  clearTimeout(timer);
}
