import type { Queue } from 'bullmq';
import type { Manifest } from '../archive/manifest.ts';
import { rebuildIntoScratch } from '../archive/rebuild.ts';
import { checkEmpty, confirmReplaced, replaceGraph } from '../archive/replace-graph.ts';
import { chooseStore } from '../archive/stores/choose.ts';
import { timedStep } from '../archive/timed-step.ts';
import type { Episode } from '../episode.ts';
import { forgetInArchive } from '../forget/apply-tombstones.ts';
import { checkNotForgotten } from '../forget/tombstones.ts';
import { openGraphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { countGraph } from '../graph/queries/meta-nodes.ts';
import { readRecorded, recordEpisodes } from '../graph/queries/record.ts';
import { openJournal } from '../journal/journal.ts';
import { isLaterEntry } from '../journal/replay-plan.ts';
import { replayJob } from '../queue/existing-job.ts';
import { finishedEpisodes } from '../queue/finished-episodes.ts';
import { STORE_QUEUE } from '../queue/jobs.ts';
import { openQueue } from '../queue/queues.ts';
import { type LeaseClient, openLeaseClient } from './lease-client.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { Services } from './services.ts';

export interface RebuildOptions extends GroupOptions, Pick<WaitOptions, 'onProgress'> {
  /** True: replace the group's current contents; otherwise the group must be empty. */
  readonly replace?: boolean;
  /** The archive to start from. Default: the newest intact one. */
  readonly file?: string;
}

export interface RebuildResult {
  readonly group: string;
  /** The archive it started from; null: everything is from the journal. */
  readonly file: string | null;
  /** How many journal entries were applied. */
  readonly changes: number;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  /** Episodes that Valkey records as committed but that are missing in the rebuilt graph; a worker stores them again. */
  readonly queuedAgain: number;
  /** Dead letters whose text was missing in the rebuilt graph and was stored again. */
  readonly recordedAgain: number;
  /** True: the graph is complete. False: the journal has a gap, and the graph contains everything up to it. */
  readonly complete: boolean;
  /** Sentences about missing changes and unusable archives. */
  readonly problems: readonly string[];
}

/**
 * Restores a group's lost graph.
 * @throws InvalidInputError when the group's graph is not empty, or there is nothing to rebuild it from; ArchiveDamagedError for a file that
 *         was named
 */
export async function rebuildMemory(
  services: Services,
  { replace = false, file, onProgress, ...options }: RebuildOptions,
): Promise<RebuildResult> {
  const { config, metrics, embedder } = services;
  const group = services.group(options.group);
  const store = await chooseStore(config, metrics);
  const access = await openLeaseClient(config);
  const journal = openJournal(access.valkey, { key: config.journalKey });
  const graphs = openGraphs(config.falkordb, { journal, copies: config.falkordbCopies });
  try {
    if (!replace) await checkEmpty(graphs.group(group));
    await access.migrateKeys(graphs.group(group));
    const applyTombstones = (graph: GroupGraph, manifest: Manifest) =>
      forgetInArchive(graph, manifest, { store, valkey: access.valkey, embedder });
    const checkUsable = (manifest: Manifest) => checkNotForgotten(store, access.valkey, manifest);
    const parts = { graphs, journal, store, embedder, checkUsable, applyTombstones };
    const { scratch, again, ...built } = await rebuildIntoScratch(parts, group, file, onProgress);
    let changes = 0;
    const prepare = async () => {
      changes = await again.advance();
    };
    let from: string | null;
    try {
      from = await timedStep(store, 'replace', () =>
        replaceGraph(scratch, access.valkey, access.leases, { replace, prepare, journal }),
      );
    } catch (error) {
      await scratch.drop().catch(() => {});
      throw error;
    }
    await journal.abandon(
      group,
      again.abandoned().filter((id) => from === null || isLaterEntry(from, id)),
    );
    const [missing, refused] = [again.missing(), again.refused()];
    const { nodes: _, ...counts } = await countGraph(graphs.group(group));
    const taken = await takeInAgain(services, access, graphs.group(group), built.since);
    await confirmReplaced(graphs, group);
    return {
      ...{ group, file: built.file, changes, ...counts, ...taken },
      complete: missing === 0 && refused.length === 0 && built.isRightGraph,
      problems: [...built.problems, ...refused, ...(missing > 0 ? [gap(missing)] : [])],
    };
  } finally {
    graphs.close();
    access.close();
  }
}

const gap = (missing: number): string =>
  `The journal lacks what ${missing === 1 ? 'a change in it was' : `${missing} changes in it were`} built on; the graph is as it was before.`;

/** What Valkey knows and the graph does not: nothing, unless a journal entry was lost. */
async function takeInAgain(
  { config }: Services,
  { valkey }: LeaseClient,
  graph: GroupGraph,
  since: number,
): Promise<Pick<RebuildResult, 'queuedAgain' | 'recordedAgain'>> {
  const queue = openQueue(STORE_QUEUE, valkey, config);
  let [queuedAgain, recordedAgain] = [0, 0];
  try {
    for await (const episodes of finishedEpisodes(queue, valkey, graph.group, 'completed', since))
      queuedAgain += await queueAgain(graph, queue, episodes);
    for await (const episodes of finishedEpisodes(queue, valkey, graph.group, 'failed', since))
      recordedAgain += await recordAgain(graph, episodes);
    return { queuedAgain, recordedAgain };
  } finally {
    await queue.close();
  }
}

async function queueAgain(graph: GroupGraph, queue: Queue, episodes: readonly Episode[]): Promise<number> {
  const noted = await readRecorded(graph, uuidsOf(episodes));
  const open = episodes.filter(({ uuid }) => !noted.get(uuid)?.isDone);
  const queued = await Promise.all(open.map(({ uuid }) => replayJob(queue, uuid, 'completed')));
  return queued.filter(Boolean).length;
}

async function recordAgain(graph: GroupGraph, episodes: readonly Episode[]): Promise<number> {
  const noted = await readRecorded(graph, uuidsOf(episodes));
  const lost = episodes.filter(({ uuid }) => !noted.has(uuid));
  if (lost.length > 0) await recordEpisodes(graph, lost);
  return lost.length;
}

const uuidsOf = (episodes: readonly Episode[]): string[] => episodes.map(({ uuid }) => uuid);
