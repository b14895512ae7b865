import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { InvalidInputError, StaleFenceError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { exportExtent, findDuplicateUuid, type GraphExtent } from '../graph/queries/export.ts';
import { raiseFence, readFence } from '../graph/queries/fence.ts';
import { readEmbedder } from '../graph/queries/meta-nodes.ts';
import { timestamp } from '../time.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { ARCHIVE_FORMAT, ARCHIVE_VERSION, writeDocument } from './archive-json.ts';
import { withGarbageCollection } from './collect-garbage.ts';
import type { Element } from './graph-element.ts';
import { type InventoryBuilder, openInventory } from './inventory.ts';
import {
  type ArchiveOrigin,
  MANIFEST_VERSION,
  type Manifest,
  manifestName,
  programVersion,
  writeManifest,
} from './manifest.ts';
import { readPages } from './read-pages.ts';
import { type ArchiveStore, measureContent, type StoredFile } from './stores/archive-store.ts';
import { ENCRYPTED } from './stores/encrypted.ts';
import { timedStep } from './timed-step.ts';

export interface GroupExport {
  readonly gzip?: boolean;
  readonly origin?: ArchiveOrigin;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Exports a group as it is at one moment. The group's lease is taken for that moment only; if a commit happens before all is
 * read, the written part is discarded and the export starts again, this time with the lease held to the end.
 * @throws StaleFenceError when the lease was lost; GraphLostError; what `exportGraph` throws
 */
export async function exportGroup(
  graph: GroupGraph,
  leases: Leases,
  store: ArchiveStore,
  { gzip = false, origin, onProgress = () => {} }: GroupExport = {},
): Promise<ExportResult> {
  const attempt = async (lease: Lease, { stamped, position }: Stamp) =>
    exportGraph(graph, store, onProgress, {
      gzip,
      ...(origin && { origin }),
      until: new Date(lease.fence),
      position,
      check: async () => {
        if ((await readFence(graph)) !== stamped)
          throw new StaleFenceError(
            `The memory "${graph.group}" was changed while it was exported; it is exported again.`,
          );
      },
    });
  // No other change can come in between: this worker has the lease, and the fence refuses older ones.
  const stamp = async (lease: Lease) => {
    // A graph that lost changes must not become the memory's newest archive.
    await graph.checkLoss();
    return { stamped: await raiseFence(graph, lease.fence), position: await graph.position() };
  };
  try {
    const moment = await held(leases, graph.group, async (lease) => ({ lease, stamp: await stamp(lease) }));
    return await attempt(moment.lease, moment.stamp);
  } catch (error) {
    if (!(error instanceof StaleFenceError)) throw error;
    return await held(leases, graph.group, async (lease) => attempt(lease, await stamp(lease)));
  }
}

interface Stamp {
  /** The graph's fence from then on, until the next change. */
  readonly stamped: number;
  /** The journal's position. */
  readonly position: string;
}

async function held<T>(leases: Leases, group: string, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await leases.take(group);
  try {
    return await work(lease);
  } finally {
    await lease.release();
  }
}

export interface ExportResult {
  readonly file: string;
  readonly manifest: string;
  readonly location: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Hash of the whole graph; a restored graph has the same hash. */
  readonly graphHash: string;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
}

export interface GraphExportOptions {
  readonly gzip?: boolean;
  /** Stored in the manifest; without an origin no prune removes the archive. */
  readonly origin?: ArchiveOrigin;
  /** The archive has all commits up to this time and none after it; default: now. */
  readonly until?: Date;
  /** Id of the journal's last entry at that time; default: there is none. */
  readonly position?: string;
  /** Called between pages and after the last one; throws when the graph has changed since the start. */
  readonly check?: () => Promise<void>;
  /** Replaces a page that was read without vectors. */
  readonly through?: (pages: AsyncIterable<Element[]>) => AsyncIterable<Element[]>;
}

const MEANWHILE = 250;
const MB = 1_000_000;
/**
 * Level 1: higher levels make numbers hardly smaller and take three times as long. The buffer holds several pages, so that the next page is
 * read while one is compressed; large chunks, since each chunk costs a round trip to zlib's thread.
 */
const GZIP = { level: 1, highWaterMark: 1 * MB, chunkSize: 0.25 * MB };

/**
 * Writes the group's graph as `graphiti_export_<timestamp>.json` (with `.gz` if compressed, `.age` if encrypted), and then its manifest. The caller makes sure that
 * no commit happens meanwhile.
 * @param onProgress called with the finished share, from 0 to 1, in steps of at least a hundredth
 * @throws InvalidInputError for a graph with contents that an archive cannot hold; what `check` and the store throw
 */
export function exportGraph(
  graph: GroupGraph,
  store: ArchiveStore,
  onProgress: (share: number) => void,
  options: GraphExportOptions = {},
): Promise<ExportResult> {
  return timedStep(store, 'export', () => withGarbageCollection(() => write(graph, store, onProgress, options)));
}

async function write(
  graph: GroupGraph,
  store: ArchiveStore,
  onProgress: (share: number) => void,
  { gzip = false, origin, until = new Date(), position = '0-0', check = async () => {}, through }: GraphExportOptions,
): Promise<ExportResult> {
  const [extent, embedder, twin] = await Promise.all([
    exportExtent(graph),
    readEmbedder(graph),
    findDuplicateUuid(graph),
  ]);
  if (twin !== undefined)
    throw new InvalidInputError(
      `Two nodes of the memory "${graph.group}" have the uuid ${twin}; an archive of it could not be restored.`,
    );
  const now = new Date();
  const inventory = openInventory(graph.group);
  const head = {
    format: ARCHIVE_FORMAT,
    version: ARCHIVE_VERSION,
    group: graph.group,
    exported_at: now.toISOString(),
  } as const;
  const view = { last: extent.last, dimension: embedder?.dimension ?? 0 };
  const pages = watched(
    through ? through(readPages(graph, { ...view, depth: 'without vectors' })) : readPages(graph, view),
    inventory,
    extent,
    onProgress,
    check,
  );
  // Three digits more than the clock has, since two workers may export at the same moment.
  const id = timestamp(now).replace('Z', `${randomInt(1000)}`.padStart(3, '0'));
  const file = `graphiti_export_${id}Z.json${gzip ? '.gz' : ''}${store.encrypts ? ENCRYPTED : ''}`;
  const text = writeDocument(head, pages);
  const { stored, json } = gzip
    ? await putCompressed(store, file, text)
    : { stored: await store.put(file, text), json: null };
  const { counts, hashes, journal, ...held } = inventory.result();
  const manifest: Manifest = {
    format: 'memory-manager-manifest',
    version: MANIFEST_VERSION,
    program: programVersion(),
    created_at: now.toISOString(),
    group: graph.group,
    file,
    ...(origin && { origin }),
    ...stored,
    json,
    counts,
    graph_hash: hashes,
    embedder: held.embedder,
    journal: { until: until.toISOString(), position, ...journal },
  };
  await writeManifest(store, manifest);
  const count = (counts: Readonly<Record<string, number>>, name: string) => counts[name] ?? 0;
  return {
    file,
    manifest: manifestName(file),
    location: store.location,
    ...stored,
    graphHash: hashes.exact,
    episodes: count(counts.labels, 'Episodic'),
    entities: count(counts.labels, 'Entity'),
    facts: count(counts.types, 'RELATES_TO'),
  };
}

async function* watched(
  pages: AsyncIterable<Element[]>,
  inventory: InventoryBuilder,
  { nodes, edges }: GraphExtent,
  onProgress: (share: number) => void,
  check: () => Promise<void>,
): AsyncGenerator<Element[]> {
  const all = Math.max(nodes + edges, 1);
  let [done, reported, checked] = [0, 0, Date.now()];
  for await (const page of pages) {
    for (const element of page) inventory.add(element);
    yield page;
    done += page.length;
    const share = Math.min(done / all, 1);
    if (share >= reported + 0.01) {
      reported = share;
      onProgress(share);
    }
    if (Date.now() < checked + MEANWHILE) continue;
    await check();
    checked = Date.now();
  }
  await check();
}

async function putCompressed(
  store: ArchiveStore,
  file: string,
  text: AsyncIterable<string>,
): Promise<{ stored: StoredFile; json: StoredFile }> {
  const plain = measureContent(text);
  const source = Readable.from(plain);
  const gzip = createGzip(GZIP);
  source.on('error', (error) => gzip.destroy(error));
  const stored = await store.put(file, source.pipe(gzip));
  return { stored, json: plain.result() };
}

/** One sentence on the export. */
export function exportMessage({ file, location, episodes, entities, facts, bytes }: ExportResult): string {
  const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
  const held = `${count(episodes, 'episode')}, ${count(entities, 'entity', 'entities')} and ${count(facts, 'fact')}`;
  return `Exported ${held} (${sizeText(bytes)}) to ${location}/${file}`;
}

/** `38 kB`, `1.2 MB`. */
export function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
