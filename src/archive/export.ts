import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { InvalidInputError, StaleFenceError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Extent, exportExtent, exportTwins } from '../graph/queries/export.ts';
import { readFence, stampFence } from '../graph/queries/fence.ts';
import { readEmbedder } from '../graph/queries/meta.ts';
import { timestamp } from '../time.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { FORMAT, VERSION, writeDocument } from './document.ts';
import type { Element } from './element.ts';
import { type Counting, openInventory } from './inventory.ts';
import { withLittleMemory } from './little-memory.ts';
import {
  MANIFEST_VERSION,
  type Manifest,
  manifestName,
  type Origin,
  programVersion,
  writeManifest,
} from './manifest.ts';
import { snapshot } from './snapshot.ts';
import { step } from './step.ts';
import { type ArchiveStore, type Stored, tally } from './stores/store.ts';

export interface GroupExport {
  readonly gzip?: boolean;
  readonly origin?: Origin;
  /** Called with the finished share, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Exports a group as it is at one moment. The group's lease is taken for that moment only; when somebody commits before all is
 * read, what was written is thrown away and it is done once more, this time with the lease held to the end.
 * @throws StaleFenceError when the lease was lost; GraphLostError; what `exportGraph` throws
 */
export async function exportGroup(
  graph: GroupGraph,
  leases: Leases,
  store: ArchiveStore,
  { gzip = false, origin, onProgress = () => {} }: GroupExport = {},
): Promise<Exported> {
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
  // No other change can come in between: the lease is ours, and the fence refuses older ones.
  const stamp = async (lease: Lease) => {
    // What a graph holds that lost changes must not pass for the memory's newest archive.
    await graph.checkLoss();
    return { stamped: await stampFence(graph, lease.fence), position: await graph.position() };
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
  /** Of the journal. */
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

export interface Exported {
  readonly file: string;
  readonly manifest: string;
  readonly place: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Of all that the graph holds; a restored graph has the same. */
  readonly graphHash: string;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
}

export interface ExportOptions {
  readonly gzip?: boolean;
  /** Stored in the manifest; without an origin no prune removes the archive. */
  readonly origin?: Origin;
  /** Until when all commits are in the graph and after which none is; default: now. */
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
 * Level 1: numbers shrink hardly more at higher ones, and those take thrice the time. Room for some pages, so that the next is made
 * while one is compressed, and few pieces, each of which costs a way to zlib's thread and back.
 */
const GZIP = { level: 1, highWaterMark: 1 * MB, chunkSize: 0.25 * MB };

/**
 * Writes the group's graph as `graphiti_export_<timestamp>.json`, and its manifest when that stands. The caller sees to it that
 * nobody commits meanwhile.
 * @param onProgress called with the finished share, from 0 to 1, in steps of at least a hundredth
 * @throws InvalidInputError for a graph that holds what an archive cannot; what `check` and the store throw
 */
export function exportGraph(
  graph: GroupGraph,
  store: ArchiveStore,
  onProgress: (share: number) => void,
  options: ExportOptions = {},
): Promise<Exported> {
  return step(store, 'export', () => withLittleMemory(() => write(graph, store, onProgress, options)));
}

async function write(
  graph: GroupGraph,
  store: ArchiveStore,
  onProgress: (share: number) => void,
  { gzip = false, origin, until = new Date(), position = '0-0', check = async () => {}, through }: ExportOptions,
): Promise<Exported> {
  const [extent, embedder, twin] = await Promise.all([exportExtent(graph), readEmbedder(graph), exportTwins(graph)]);
  if (twin !== undefined)
    throw new InvalidInputError(
      `Two nodes of the memory "${graph.group}" have the uuid ${twin}; an archive of it could not be restored.`,
    );
  const now = new Date();
  const inventory = openInventory(graph.group);
  const head = { format: FORMAT, version: VERSION, group: graph.group, exported_at: now.toISOString() } as const;
  const view = { last: extent.last, dimension: embedder?.dimension ?? 0 };
  const pages = watched(
    through ? through(snapshot(graph, { ...view, depth: 'without vectors' })) : snapshot(graph, view),
    inventory,
    extent,
    onProgress,
    check,
  );
  // Three digits more than the clock has, since two workers may export at the same moment.
  const file = `graphiti_export_${timestamp(now).replace('Z', `${randomInt(1000)}`.padStart(3, '0'))}Z.json${gzip ? '.gz' : ''}`;
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
    place: store.place,
    ...stored,
    graphHash: hashes.exact,
    episodes: count(counts.labels, 'Episodic'),
    entities: count(counts.labels, 'Entity'),
    facts: count(counts.types, 'RELATES_TO'),
  };
}

async function* watched(
  pages: AsyncIterable<Element[]>,
  inventory: Counting,
  { nodes, edges }: Extent,
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
): Promise<{ stored: Stored; json: Stored }> {
  const plain = tally(text);
  const source = Readable.from(plain);
  const gzip = createGzip(GZIP);
  source.on('error', (error) => gzip.destroy(error));
  const stored = await store.put(file, source.pipe(gzip));
  return { stored, json: plain.result() };
}

/** What was exported, in one sentence. */
export function exportMessage({ file, place, episodes, entities, facts, bytes }: Exported): string {
  const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
  const held = `${count(episodes, 'episode')}, ${count(entities, 'entity', 'entities')} and ${count(facts, 'fact')}`;
  return `Exported ${held} (${sizeOf(bytes)}) to ${place}/${file}`;
}

/** `38 kB`, `1.2 MB`. */
export function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
