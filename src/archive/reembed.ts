import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import { ArchiveDamagedError, InvalidInputError, isRepeatable, StaleFenceError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { exportExtent } from '../graph/queries/export.ts';
import { raiseFence } from '../graph/queries/fence.ts';
import { readEmbedder, readGraphFingerprint, type StoredEmbedder } from '../graph/queries/meta-nodes.ts';
import type { Journal } from '../journal/journal.ts';
import { reportSkipped, type SkipObservers } from '../models/embed-each.ts';
import type { Embedder } from '../models/embedder.ts';
import { trace } from '../telemetry/tracing.ts';
import { replaceVersion } from '../valkey/keys.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { endReembedding, type ReembeddingNote, storeReembedding } from '../valkey/reembedding.ts';
import { findManifest } from './catalogue.ts';
import { withGarbageCollection } from './collect-garbage.ts';
import { type ExportResult, exportGraph } from './export.ts';
import type { Element } from './graph-element.ts';
import {
  embeddedTexts,
  type NewVectors,
  openNewVectors,
  TEXTS_PER_REQUEST,
  textsIn,
  withNewVectors,
} from './new-vectors.ts';
import { readPages } from './read-pages.ts';
import { replaceGraph } from './replace-graph.ts';
import { loadIntoScratch } from './restore.ts';
import type { ArchiveStore } from './stores/archive-store.ts';
import { timedStep } from './timed-step.ts';

export interface ReembedParts extends SkipObservers {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly journal: Journal;
  readonly embedder: Embedder;
  readonly archives: () => Promise<ArchiveStore>;
}

export interface ReembedOutcome {
  /** Texts that were embedded by this try; those of earlier tries are not counted. */
  readonly texts: number;
  /** The archive from which the group's graph was replaced; null if nothing had to be changed. */
  readonly file: string | null;
}

/** Episodes are recorded without the lease; each that comes in between costs an attempt. */
const ATTEMPTS = 4;

/**
 * Gives a group's graph the vectors of another embedder. All texts are embedded while the group stays in use, and the vectors are kept,
 * so that a try that was cut short is not paid for twice. Then, under the lease, an archive with the new vectors is written and restored in the
 * place of the graph, unless anything was written meanwhile. A vector is never changed in place: its index would keep the old one too.
 * A text on which the new embedder always fails gets no vector; searches find it by its words.
 * @throws StaleFenceError, StoreUnreachableError, ModelUnavailableError, ModelBusyError, ModelFailedError, ConfigError, ArchiveUnavailableError, TimedOutError (tried again); InvalidInputError,
 *         GraphLostError, ArchiveLocationError, ArchiveDamagedError
 */
export function reembed(parts: ReembedParts, group: string): Promise<ReembedOutcome> {
  const { model, dimension } = parts.embedder;
  return trace('memory.reembed', { tags: { group, model, dimension } }, () =>
    withGarbageCollection(() => change(parts, group)),
  );
}

async function change(parts: ReembedParts, group: string): Promise<ReembedOutcome> {
  const { graphs, valkey, embedder } = parts;
  const graph = graphs.group(group);
  const noted = await readEmbedder(graph);
  let result: ReembedOutcome = { texts: 0, file: null };
  if (noted && !hasVectorsFrom(noted, embedder)) {
    const vectors = await openNewVectors(graphs, group, embedder);
    try {
      await embedAll(parts, graph, noted, vectors);
      const file = await replaceUnderLease(parts, graph, vectors);
      result = { texts: vectors.made(), file };
      reportSkipped(embedder, group, vectors.skipped(), parts);
    } catch (error) {
      // No other process continues it automatically.
      if (!isRepeatable(error)) await endReembedding(valkey, group).catch(() => {});
      throw error;
    } finally {
      parts.metrics?.increment('opencode.memory.reembed.texts', {}, vectors.made());
    }
  }
  // Also after an attempt whose last answer was lost.
  await replaceVersion(valkey, group);
  await graphs.dropCheckpoints(group);
  await endReembedding(valkey, group);
  return result;
}

/** True if a graph's vectors are an embedder's. For a graph that Python wrote only the dimension can be compared. */
export const hasVectorsFrom = (
  stored: StoredEmbedder,
  { model, dimension }: Pick<Embedder, 'model' | 'dimension'>,
): boolean => (stored.model === null || stored.model === model) && stored.dimension === dimension;

function openReport({ valkey, embedder: { model, dimension } }: ReembedParts, group: string) {
  let reported = -1;
  return async (phase: ReembeddingNote['phase'], share: number): Promise<void> => {
    if (phase === 'embedding' && share < reported + 0.01) return;
    reported = share;
    await storeReembedding(valkey, group, { model, dimension, phase, share });
  };
}

/** Texts written meanwhile are embedded at the end. */
async function embedAll(
  parts: ReembedParts,
  graph: GroupGraph,
  { dimension }: StoredEmbedder,
  vectors: NewVectors,
): Promise<void> {
  const report = openReport(parts, graph.group);
  const { nodes, edges, last } = await exportExtent(graph);
  let done = 0;
  let open = new Set<string>();
  await report('embedding', 0);
  for await (const page of readPages(graph, { last, dimension, depth: 'without vectors' })) {
    for (const text of textsIn(await embeddedTexts(graph, page))) open.add(text);
    done += page.length;
    if (open.size < TEXTS_PER_REQUEST) continue;
    await vectors.of(open);
    open = new Set();
    await report('embedding', Math.min(done / Math.max(nodes + edges, 1), 1));
  }
  await vectors.of(open);
}

async function replaceUnderLease(parts: ReembedParts, graph: GroupGraph, vectors: NewVectors): Promise<string> {
  const store = await parts.archives();
  const lease = await parts.leases.take(graph.group);
  try {
    await openReport(parts, graph.group)('replacing', 0);
    await graph.checkLoss();
    await raiseFence(graph, lease.fence);
    for (let attempt = 1; ; attempt += 1)
      try {
        return await replaceOnce(parts, graph, store, lease, vectors);
      } catch (error) {
        if (!(error instanceof StaleFenceError) || attempt === ATTEMPTS || !lease.isHeld()) throw error;
      }
  } finally {
    await lease.release();
  }
}

async function replaceOnce(
  parts: ReembedParts,
  graph: GroupGraph,
  store: ArchiveStore,
  lease: Lease,
  vectors: NewVectors,
): Promise<string> {
  const { graphs, valkey, leases, journal, embedder } = parts;
  const { group } = graph;
  const position = await journal.position(group);
  const outline = await readGraphFingerprint(graph);
  const check = async () => {
    if (!lease.isHeld()) throw stale(group);
  };
  // Recording and finishing episodes need no lease. Such a change reaches the graph and the journal, in either order, so both are checked.
  const unchanged = async () => {
    await check();
    if (!isDeepStrictEqual(await readGraphFingerprint(graph), outline)) throw stale(group);
    for await (const { base } of journal.entries(group, position)) if (!base) throw stale(group);
  };
  const through = (pages: AsyncIterable<Element[]>) =>
    withNewVectors(graph, pages, vectors, [
      { key: 'embedder', model: embedder.model, dimension: embedder.dimension },
      { key: 'fence', token: lease.fence, mark: randomUUID() },
    ]);
  // The archive has a change id that no change ever left, and no position: until the graph is replaced, no rebuild may continue from it with
  // changes that contain vectors of the old embedder.
  const exported = await exportGraph(graph, store, () => {}, { until: new Date(lease.fence), check, through });
  try {
    const manifest = await findManifest(store, exported.file, group);
    const { scratch } = await loadIntoScratch(graphs, store, manifest, group, 'without vectors');
    const base = { file: exported.file, sha256: exported.sha256, goesOnAfter: position };
    try {
      await timedStep(store, 'replace', () =>
        replaceGraph(scratch, valkey, leases, { replace: true, lease, base, journal, prepare: unchanged }),
      );
    } catch (error) {
      await scratch.drop().catch(() => {});
      throw error;
    }
    return exported.file;
  } catch (error) {
    // After any other failure the graph may have been replaced in spite of the failure, and the journal may name it.
    const isUnused = [StaleFenceError, InvalidInputError, ArchiveDamagedError].some((kind) => error instanceof kind);
    if (isUnused) await remove(store, exported).catch(() => {});
    throw error;
  }
}

const stale = (group: string): StaleFenceError =>
  new StaleFenceError(`The memory "${group}" was changed while it was embedded again; this task is tried again.`);

async function remove(store: ArchiveStore, { manifest, file }: ExportResult): Promise<void> {
  await store.remove(manifest);
  await store.remove(file);
}
