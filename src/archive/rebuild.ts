import { ArchiveDamagedError, InvalidInputError, TimedOutError } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readChangeHead } from '../graph/queries/fence.ts';
import type { Scratch } from '../graph/scratch.ts';
import type { BaseArchive, JournalEntry } from '../journal/entry.ts';
import { entryTime, firstEntryForArchive, type Journal } from '../journal/journal.ts';
import {
  isLaterEntry,
  journalHasHead,
  lastBaseArchive,
  previousId,
  type ReplayStep,
  replayPlan,
  replayStep,
} from '../journal/replay-plan.ts';
import { HOUR } from '../time.ts';
import { archivesOf, findManifest } from './catalogue.ts';
import type { Manifest } from './manifest.ts';
import { checkBytes } from './read-archive.ts';
import { loadIntoScratch } from './restore.ts';
import { type ArchiveStore, STALE_AFTER } from './stores/archive-store.ts';

export interface RebuildParts {
  readonly graphs: Graphs;
  readonly journal: Journal;
  readonly store: ArchiveStore;
  /** The embedder of an empty graph's indexes, if the journal does not name one. */
  readonly embedder: () => Promise<{ readonly model: string; readonly dimension: number }>;
  /** @throws InvalidInputError for an archive that may not be used, since its memory was forgotten as a whole */
  readonly checkUsable?: (manifest: Manifest) => Promise<void>;
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
  readonly base?: ReplayStep & { readonly base: BaseArchive };
  readonly isRightGraph: boolean;
}

/*
 * A rebuild of a lost or damaged graph, without models and without the group's graph:
 * 1. Read the journal's steps (`journal/replay-plan.ts`).
 * 2. List the possible starts, the best first: archives made since the graph was last replaced, the archive that replaced it, older
 *    archives, an empty graph. An archive made after the graph lost changes comes late, since an earlier release exported such graphs.
 * 3. Build the first start that works: load its archive into a scratch graph, apply tombstones newer than the archive, and replay the
 *    journal. A start whose archive is damaged, deleted or of another graph is left out, with a sentence that says so.
 * 4. The caller replays once more under the lease, and puts the scratch graph in place.
 */

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
  const steps = await readReplaySteps(parts.journal, group, lost);
  const starts = await startsOf(parts, group, steps, lost, file);
  const problems = new Set<string>();
  // If the journal matches none of the archives, the newest one is used.
  for (const mayDiffer of file === undefined ? [false, true] : [true])
    for (const start of starts) {
      try {
        const built = await build(parts, group, steps, { ...start, lost, mayDiffer }, onProgress);
        return { ...built, problems: [...problems], isRightGraph: start.isRightGraph && built.isKnown };
      } catch (error) {
        // Damaged, deleted or of another graph; the next one is older, and the journal may reach back to it.
        const isUnusable = error instanceof ArchiveDamagedError || error instanceof InvalidInputError;
        if (!isUnusable || file !== undefined) throw error;
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
  steps: readonly ReplayStep[],
  lost: string | null,
  file: string | undefined,
): Promise<Start[]> {
  if (file !== undefined) return [{ find: () => findManifest(store, file, group), isRightGraph: true }];
  const base = lastBaseArchive(steps);
  const manifests = (await archivesOf(store, group)).map(({ manifest }) => manifest);
  // An earlier release also exported graphs that had lost changes.
  const isOfLost = (manifest: Manifest) => lost !== null && !isLaterEntry(lost, positionOf(manifest));
  const isSinceBase = (manifest: Manifest) => !base || isLaterEntry(positionOf(manifest), base.id);
  const isRight = (manifest: Manifest) => !isOfLost(manifest) && isSinceBase(manifest);
  const startFrom = (manifest: Manifest): Start => ({ find: async () => manifest, isRightGraph: isRight(manifest) });
  return [
    ...manifests.filter(isRight).map(startFrom),
    ...(base ? [{ find: () => findManifest(store, base.base.file, group), base, isRightGraph: true }] : []),
    ...manifests.filter((manifest) => !isRight(manifest)).map(startFrom),
    ...(steps.length > 0 ? [{ find: null, isRightGraph: !base }] : []),
  ];
}

async function build(
  parts: RebuildParts,
  group: string,
  steps: readonly ReplayStep[],
  { find, base, lost, mayDiffer }: Start & { readonly lost: string | null; readonly mayDiffer: boolean },
  onProgress: (share: number) => void,
): Promise<Pick<RebuiltScratch, 'scratch' | 'again' | 'file' | 'since'> & { readonly isKnown: boolean }> {
  const manifest = await find?.();
  if (manifest) await parts.checkUsable?.(manifest);
  if (manifest && base && manifest.sha256 !== base.base.sha256)
    throw new ArchiveDamagedError(`The archive ${manifest.file} is not the one that was restored.`);
  const loadingShare = manifest ? LOADING : 0;
  const scratch = await loadStart(parts, group, manifest, (done) => onProgress(done * loadingShare));
  try {
    if (!manifest?.embedder) await indexFor(scratch.graph, embedderOf(steps) ?? (await parts.embedder()));
    if (base) await writeEntry(scratch.graph, parts.journal, group, base.id);
    const from = replayStart(manifest, base);
    const head = await readChangeHead(scratch.graph);
    const isKnown = journalHasHead(steps, head) || steps.some(({ id }) => id === from.since);
    if (!isKnown && !mayDiffer) throw notOf(manifest, group);
    // Not if the replay reaches the forget task's own entry: that entry removes it, and the graph is exactly as it was.
    const { skipped } = replayPlan(steps, head, from.since);
    if (manifest && (base || skipped > 0)) await parts.applyTombstones(scratch.graph, manifest);
    const again = await openReplay(scratch.graph, parts.journal, steps, { ...from, lost });
    await again.advance((done) => onProgress(loadingShare + done * (1 - loadingShare)));
    return { scratch, again, file: manifest?.file ?? null, since: entryTime(from.after), isKnown };
  } catch (error) {
    await scratch.drop().catch(() => {});
    throw error;
  }
}

/** A scratch graph with the archive's contents, or an empty one. */
async function loadStart(
  { graphs, store }: RebuildParts,
  group: string,
  manifest: Manifest | undefined,
  onProgress: (share: number) => void,
): Promise<Scratch> {
  if (!manifest) {
    await graphs.sweepScratchGraphs(STALE_AFTER);
    return graphs.scratch(group);
  }
  await checkBytes(store, manifest);
  return (await loadIntoScratch(graphs, store, manifest, group, 'without vectors', onProgress)).scratch;
}

async function writeEntry(graph: GroupGraph, journal: Journal, group: string, id: string): Promise<void> {
  for await (const { query, params, refused } of journal.entries(group, previousId(id), id))
    if (!refused) await graph.write(query, params);
}

function notOf(manifest: Manifest | undefined, group: string): InvalidInputError {
  return new InvalidInputError(
    manifest
      ? `The archive ${manifest.file} is of a graph that is not in the journal of the memory "${group}".`
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

/** Episodes recorded before a replacement were replaced too. */
function replayStart(manifest: Manifest | undefined, base: Start['base']): Omit<ReplayStart, 'lost'> {
  const after = base?.base.goesOnAfter;
  if (base) return { after: after === undefined ? base.id : firstEntryForArchive(after), since: base.id };
  const since = manifest ? positionOf(manifest) : '0-0';
  return { after: firstEntryForArchive(since), since };
}

/** Older manifests have only the time, by the same clock. */
const positionOf = ({ journal }: Manifest): string => journal.position ?? `${Date.parse(journal.until)}-0`;

const embedderOf = (steps: readonly ReplayStep[]) => steps.find(({ embedder }) => embedder)?.embedder;

/**
 * Reads a journal's entries without their values.
 * @param lost id of the first change after the graph lost others
 */
export async function readReplaySteps(
  journal: Journal,
  group: string,
  lost: string | null,
  after?: string,
): Promise<ReplayStep[]> {
  const steps: ReplayStep[] = [];
  for await (const entry of journal.entries(group, after)) {
    const step = replayStep(entry);
    const isAbandoned = step.link !== null && lost !== null && !isLaterEntry(lost, step.id);
    steps.push(isAbandoned ? { ...step, isAbandoned } : step);
  }
  return steps;
}

export interface ReplayStart {
  /** Id after which changes are replayed. Replaying a change that the graph has changes nothing. */
  readonly after: string;
  /** Id up to which the graph has all fenced changes. */
  readonly since: string;
  /** See `readReplaySteps`. */
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
  read: readonly ReplayStep[],
  { after, since, lost }: ReplayStart,
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
      steps.push(...(await readReplaySteps(journal, graph.group, lost, steps.at(-1)?.id)));
      const last = steps.at(-1)?.id;
      if (last === undefined) return applied;
      const chain = new Set(replayPlan(steps, await readChangeHead(graph)).chain);
      let done = 0;
      for await (const entry of journal.entries(graph.group, cursor, last)) {
        const { link } = replayStep(entry);
        if (!entry.refused && (!link || chain.has(entry.id))) await apply(entry);
        done += 1;
        onProgress(Math.min(done / steps.length, 1));
      }
      cursor = last;
      return applied;
    },
    missing: () => replayPlan(steps, start, since).orphans + refused,
    refused: () =>
      steps.flatMap(({ id, refused }) =>
        refused && isLaterEntry(id, after) ? [`The entry ${id} of the journal ${refused}, so it was left out.`] : [],
      ),
    abandoned: () => steps.filter(({ isAbandoned }) => isAbandoned).map(({ id }) => id),
  };
}
