import { ArchiveDamagedError, InvalidInputError, TimedOutError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readChangeHead } from '../graph/queries/fence.ts';
import type { Scratch } from '../graph/scratch.ts';
import type { Base, JournalEntry } from '../journal/entry.ts';
import { type Journal, startForArchive, timeOf } from '../journal/journal.ts';
import { belongsTo, isLater, lastBase, planFrom, type Step, stepOf } from '../journal/plan.ts';
import { HOUR } from '../time.ts';
import { findManifest, readCatalogue } from './catalogue.ts';
import type { Manifest } from './manifest.ts';
import { checkBytes } from './read.ts';
import { loadIntoScratch } from './restore.ts';
import { type ArchiveStore, STALE } from './stores/store.ts';

export interface RebuildParts {
  readonly graphs: Graphs;
  readonly journal: Journal;
  readonly store: ArchiveStore;
  /** The embedder of an empty graph's indexes, if the journal does not name one. */
  readonly embedder: () => Promise<{ readonly model: string; readonly dimension: number }>;
  /** Applies tombstones newer than the archive to its graph, before the journal is replayed. */
  readonly applyTombstones: (graph: GroupGraph, manifest: Manifest) => Promise<unknown>;
}

export interface RebuiltScratch {
  readonly scratch: Scratch;
  /** Has replayed to the journal's end at the start. */
  readonly again: Replay;
  /** The archive at the start; null for an empty graph. */
  readonly file: string | null;
  /** Milliseconds since 1970. Changes before that time are complete. */
  readonly since: number;
  /** Sentences on archives and entries that could not be used. */
  readonly problems: readonly string[];
  /** False when the graph had been replaced once by an archive that no longer exists. */
  readonly isRightGraph: boolean;
}

const BUILT_WITHIN = 12 * HOUR;
/** Share of loading an archive in the progress. */
const LOADING = 0.5;

interface Start {
  /** Null: an empty graph. */
  readonly find: (() => Promise<Manifest>) | null;
  /** The entry by which this archive was put in place. */
  readonly base?: Step & { readonly base: Base };
  readonly isRightGraph: boolean;
}

/**
 * Rebuilds a group's graph in a scratch graph, from the newest intact archive and the journal since. The caller drops it, or replaces the
 * group's graph once the replay has reached the journal's end under the lease.
 * @param file of the archive to begin with, instead of the newest
 * @throws InvalidInputError when there is neither archive nor journal; ConfigError, ArchiveUnavailableError, StoreUnreachableError
 */
export async function rebuildIntoScratch(
  parts: RebuildParts,
  group: string,
  file?: string,
  onProgress: (share: number) => void = () => {},
): Promise<RebuiltScratch> {
  const lost = await parts.journal.lost(group);
  const steps = await readSteps(parts.journal, group, lost);
  const starts = await startsOf(parts, group, steps, lost, file);
  const problems = new Set<string>();
  // If the journal matches none of the archives, the newest one is used.
  for (const mayDiffer of file === undefined ? [false, true] : [true])
    for (const start of starts) {
      try {
        const built = await build(parts, group, steps, { ...start, lost, mayDiffer }, onProgress);
        return { ...built, problems: [...problems], isRightGraph: start.isRightGraph && built.isKnown };
      } catch (error) {
        // Damaged, gone or of another graph; the next one is older, and the journal may reach back to it.
        if (!(error instanceof ArchiveDamagedError || error instanceof InvalidInputError) || file !== undefined)
          throw error;
        problems.add(error.message);
      }
    }
  throw new InvalidInputError(
    [...problems].join(' ') || `There is neither an archive nor a journal of the memory "${group}" to rebuild it from.`,
  );
}

/** Possible starts of a rebuild, the best first. */
async function startsOf(
  { store }: RebuildParts,
  group: string,
  steps: readonly Step[],
  lost: string | null,
  file: string | undefined,
): Promise<Start[]> {
  if (file !== undefined) return [{ find: () => findManifest(store, file, group), isRightGraph: true }];
  const base = lastBase(steps);
  const all = (await readCatalogue(store, group)).archives.map(({ manifest }) => manifest);
  // An earlier release also exported graphs that had lost changes.
  const isOfLost = (manifest: Manifest) => lost !== null && !isLater(lost, positionOf(manifest));
  const isSince = (manifest: Manifest) => !isOfLost(manifest) && (!base || isLater(positionOf(manifest), base.id));
  const from = (manifests: readonly Manifest[], isRightGraph: boolean): Start[] =>
    manifests.map((manifest) => ({ find: async () => manifest, isRightGraph }));
  return [
    ...from(all.filter(isSince), true),
    ...(base ? [{ find: () => findManifest(store, base.base.file, group), base, isRightGraph: true }] : []),
    ...from(
      all.filter((it) => !isSince(it)),
      false,
    ),
    ...(steps.length > 0 ? [{ find: null, isRightGraph: !base }] : []),
  ];
}

async function build(
  parts: RebuildParts,
  group: string,
  steps: readonly Step[],
  { find, base, lost, mayDiffer }: Start & { readonly lost: string | null; readonly mayDiffer: boolean },
  onProgress: (share: number) => void,
): Promise<Pick<RebuiltScratch, 'scratch' | 'again' | 'file' | 'since'> & { readonly isKnown: boolean }> {
  const { graphs, store, journal } = parts;
  const manifest = await find?.();
  if (manifest && base && manifest.sha256 !== base.base.sha256)
    throw new ArchiveDamagedError(`The archive ${manifest.file} is another one than was restored.`);
  const share = manifest ? LOADING : 0;
  if (manifest) await checkBytes(store, manifest);
  const scratch = manifest
    ? (await loadIntoScratch(graphs, store, manifest, group, 'without vectors', (done) => onProgress(done * share)))
        .scratch
    : await emptyScratch(graphs, group);
  try {
    const isIndexed = Boolean(manifest?.embedder);
    if (!isIndexed) await indexFor(scratch.graph, embedderOf(steps) ?? (await parts.embedder()));
    for await (const { query, params, refused } of base ? journal.entries(group, justBefore(base.id), base.id) : [])
      if (!refused) await scratch.graph.write(query, params);
    const from = fromOf(manifest, base);
    // Otherwise the replay of the forget task's own entry removes it, and the graph is exactly as it was.
    const head = await readChangeHead(scratch.graph);
    const isKnown = belongsTo(steps, head) || steps.some(({ id }) => id === from.since);
    if (!isKnown && !mayDiffer) throw notOf(manifest, group);
    const { skipped } = planFrom(steps, head, from.since);
    if (manifest && (base || skipped > 0)) await parts.applyTombstones(scratch.graph, manifest);
    const again = await openReplay(scratch.graph, journal, steps, { ...from, lost });
    await again.advance((done) => onProgress(share + done * (1 - share)));
    return { scratch, again, file: manifest?.file ?? null, since: timeOf(from.after), isKnown };
  } catch (error) {
    await scratch.drop().catch(() => {});
    throw error;
  }
}

function notOf(manifest: Manifest | undefined, group: string): InvalidInputError {
  return new InvalidInputError(
    manifest
      ? `The archive ${manifest.file} is of a graph that the journal of the memory "${group}" does not tell of.`
      : `The journal of the memory "${group}" does not reach back to its beginning.`,
  );
}

/** Waits long: a graph that only Python wrote may be large. */
async function indexFor(graph: GroupGraph, { model, dimension }: NonNullable<Manifest['embedder']>): Promise<void> {
  const embedder = {
    model,
    dimension,
    embed: () => Promise.reject(new InvalidInputError('Archives hold vectors; nothing is embedded.')),
    close: async () => {},
  };
  for (const end = Date.now() + BUILT_WITHIN; ; ) {
    try {
      return await graph.prepareAgain(embedder);
    } catch (error) {
      if (!(error instanceof TimedOutError) || Date.now() > end) throw error;
    }
  }
}

async function emptyScratch(graphs: Graphs, group: string): Promise<Scratch> {
  await graphs.sweepScratches(STALE);
  return graphs.scratch(group);
}

/** Episodes recorded before a replacement were replaced too. */
function fromOf(manifest: Manifest | undefined, base: Start['base']): Omit<ReplayFrom, 'lost'> {
  const after = base?.base.goesOnAfter;
  if (base) return { after: after === undefined ? base.id : startForArchive(after), since: base.id };
  const since = manifest ? positionOf(manifest) : '0-0';
  return { after: startForArchive(since), since };
}

/** Older manifests have only the time, by the same clock. */
const positionOf = ({ journal }: Manifest): string => journal.position ?? `${Date.parse(journal.until)}-0`;

const embedderOf = (steps: readonly Step[]) => steps.find(({ embedder }) => embedder)?.embedder;

function justBefore(id: string): string {
  const [time = 0, place = 0] = id.split('-').map(Number);
  return place > 0 ? `${time}-${place - 1}` : `${time - 1}-${Number.MAX_SAFE_INTEGER}`;
}

/**
 * Reads a journal's entries without their values.
 * @param lost id of the first change after the graph lost others
 */
export async function readSteps(journal: Journal, group: string, lost: string | null, after?: string): Promise<Step[]> {
  const steps: Step[] = [];
  for await (const entry of journal.entries(group, after)) {
    const step = stepOf(entry);
    const isAbandoned = step.link !== null && lost !== null && !isLater(lost, step.id);
    steps.push(isAbandoned ? { ...step, isAbandoned } : step);
  }
  return steps;
}

export interface ReplayFrom {
  /** Id after which changes are replayed. Replaying a change that the graph has changes nothing. */
  readonly after: string;
  /** Id up to which the graph has all fenced changes. */
  readonly since: string;
  /** See `readSteps`. */
  readonly lost: string | null;
}

export interface Replay {
  /** Replays the changes up to now. @returns how many were replayed in all */
  advance(onProgress?: (share: number) => void): Promise<number>;
  /** How many could not be replayed, since the journal lacks their predecessors. */
  missing(): number;
  /** Sentences on entries that were refused. */
  refused(): string[];
  /** Ids of changes after a loss, which are dropped to restore the lost ones. */
  abandoned(): string[];
}

/**
 * Replays the changes of a group's journal. Each entry has all written values and its predecessor's change id, so the graph becomes what it
 * was, and takes no change that it had refused. No model is called.
 * @param graph a scratch graph, without other writers
 * @param read the steps that were read already
 */
export async function openReplay(
  graph: GroupGraph,
  journal: Journal,
  read: readonly Step[],
  { after, since, lost }: ReplayFrom,
): Promise<Replay> {
  const steps = [...read];
  const start = await readChangeHead(graph);
  let [cursor, applied, refused] = [after, 0, 0];

  async function apply({ query, params }: JournalEntry): Promise<void> {
    const rows = await graph.write(query, params);
    const isApplied =
      rows.length > 0 || typeof params.mark !== 'string' || (await readChangeHead(graph)).changeId === params.mark;
    if (isApplied) applied += 1;
    else refused += 1;
  }

  return {
    async advance(onProgress = () => {}) {
      steps.push(...(await readSteps(journal, graph.group, lost, steps.at(-1)?.id)));
      const last = steps.at(-1)?.id;
      if (last === undefined) return applied;
      const chain = new Set(planFrom(steps, await readChangeHead(graph)).chain);
      let done = 0;
      for await (const entry of journal.entries(graph.group, cursor, last)) {
        const { link } = stepOf(entry);
        if (!entry.refused && (!link || chain.has(entry.id))) await apply(entry);
        done += 1;
        onProgress(Math.min(done / steps.length, 1));
      }
      cursor = last;
      return applied;
    },
    missing: () => planFrom(steps, start, since).orphans + refused,
    refused: () =>
      steps.flatMap(({ id, refused }) =>
        refused && isLater(id, after) ? [`The entry ${id} of the journal ${refused}, so it was left out.`] : [],
      ),
    abandoned: () => steps.filter(({ isAbandoned }) => isAbandoned).map(({ id }) => id),
  };
}
