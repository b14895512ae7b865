import { ArchiveDamaged, InvalidInput, TimedOut } from '../errors.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readMark } from '../graph/queries/fence.ts';
import type { Scratch } from '../graph/scratch.ts';
import type { Base, JournalEntry } from '../journal/entry.ts';
import { before, type Journal, timeOf } from '../journal/journal.ts';
import { areOf, isLater, lastBase, planFrom, type Step, stepOf } from '../journal/plan.ts';
import { HOUR } from '../time.ts';
import { findManifest, readCatalogue } from './catalogue.ts';
import type { Manifest } from './manifest.ts';
import { checkBytes } from './read.ts';
import { loadBeside } from './restore.ts';
import { type ArchiveStore, STALE } from './stores/store.ts';

export interface RebuildParts {
  readonly graphs: Graphs;
  readonly journal: Journal;
  readonly store: ArchiveStore;
  /** What an empty graph gets its indexes for where the journal does not tell. */
  readonly embedder: () => Promise<{ readonly model: string; readonly dimension: number }>;
  /** Takes out of an archive's graph what was forgotten since it was written, before the journal is replayed. */
  readonly forgetAgain: (graph: GroupGraph, manifest: Manifest) => Promise<unknown>;
}

export interface RebuiltBeside {
  readonly scratch: Scratch;
  /** Has come to where the journal ended when it began. */
  readonly again: Replay;
  /** The archive that it began with; null for an empty graph. */
  readonly file: string | null;
  /** Milliseconds since 1970: whatever was done before and is not there was not there either when the graph was lost. */
  readonly since: number;
  /** Sentences on what could not be used. */
  readonly problems: readonly string[];
  /** False when another graph was put in place once whose archive is not there any more. */
  readonly isRightGraph: boolean;
}

const BUILT_WITHIN = 12 * HOUR;
/** Of all progress the part of loading, where there is an archive. */
const LOADING = 0.5;

interface Start {
  /** Null: an empty graph. */
  readonly find: (() => Promise<Manifest>) | null;
  /** The entry that says that this archive was put in place. */
  readonly base?: Step & { readonly base: Base };
  readonly isRightGraph: boolean;
}

/**
 * Builds the graph that a group had beside it: the newest archive that is whole, and what the journal tells since. The caller drops it
 * or lets it take the group's place, once the replay has come to the journal's end under the lease.
 * @param file of the archive to begin with, instead of the newest
 * @throws InvalidInput when there is neither archive nor journal; ConfigError, ArchiveAway, StoreUnreachable
 */
export async function rebuildBeside(
  parts: RebuildParts,
  group: string,
  file?: string,
  onProgress: (share: number) => void = () => {},
): Promise<RebuiltBeside> {
  const lost = await parts.journal.lost(group);
  const steps = await readSteps(parts.journal, group, lost);
  const starts = await startsOf(parts, group, steps, lost, file);
  const problems = new Set<string>();
  // Where the journal tells of none of them, the newest is the best that there is.
  for (const mayDiffer of file === undefined ? [false, true] : [true])
    for (const start of starts) {
      try {
        const built = await build(parts, group, steps, { ...start, lost, mayDiffer }, onProgress);
        return { ...built, problems: [...problems], isRightGraph: start.isRightGraph && built.isKnown };
      } catch (error) {
        // One that is damaged, gone or of another graph; the next is older, and the journal may reach back to it.
        if (!(error instanceof ArchiveDamaged || error instanceof InvalidInput) || file !== undefined) throw error;
        problems.add(error.message);
      }
    }
  throw new InvalidInput(
    [...problems].join(' ') || `There is neither an archive nor a journal of the memory "${group}" to rebuild it from.`,
  );
}

/** Where a rebuild may begin, the best first. */
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
  // An earlier release exported also what a graph held that had lost changes.
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
): Promise<Pick<RebuiltBeside, 'scratch' | 'again' | 'file' | 'since'> & { readonly isKnown: boolean }> {
  const { graphs, store, journal } = parts;
  const manifest = await find?.();
  if (manifest && base && manifest.sha256 !== base.base.sha256)
    throw new ArchiveDamaged(`The archive ${manifest.file} is another one than was restored.`);
  const share = manifest ? LOADING : 0;
  if (manifest) await checkBytes(store, manifest);
  const scratch = manifest
    ? (await loadBeside(graphs, store, manifest, group, 'without vectors', (done) => onProgress(done * share))).scratch
    : await emptyScratch(graphs, group);
  try {
    const isIndexed = Boolean(manifest?.embedder);
    if (!isIndexed) await indexFor(scratch.graph, embedderOf(steps) ?? (await parts.embedder()));
    for await (const { query, params, refused } of base ? journal.entries(group, justBefore(base.id), base.id) : [])
      if (!refused) await scratch.graph.write(query, params);
    const from = fromOf(manifest, base);
    // Else what was forgotten since goes when its own entry is made again, and the graph is as it was to the last digit.
    const mark = await readMark(scratch.graph);
    const isKnown = areOf(steps, mark) || steps.some(({ id }) => id === from.since);
    if (!isKnown && !mayDiffer) throw notOf(manifest, group);
    const { aside } = planFrom(steps, mark, from.since);
    if (manifest && (base || aside > 0)) await parts.forgetAgain(scratch.graph, manifest);
    const again = await openReplay(scratch.graph, journal, steps, { ...from, lost });
    await again.advance((done) => onProgress(share + done * (1 - share)));
    return { scratch, again, file: manifest?.file ?? null, since: timeOf(from.after), isKnown };
  } catch (error) {
    await scratch.drop().catch(() => {});
    throw error;
  }
}

function notOf(manifest: Manifest | undefined, group: string): InvalidInput {
  return new InvalidInput(
    manifest
      ? `The archive ${manifest.file} is of a graph that the journal of the memory "${group}" does not tell of.`
      : `The journal of the memory "${group}" does not reach back to its beginning.`,
  );
}

/** However long it takes: a graph that only Python wrote may be large. */
async function indexFor(graph: GroupGraph, { model, dimension }: NonNullable<Manifest['embedder']>): Promise<void> {
  const embedder = {
    model,
    dimension,
    embed: () => Promise.reject(new InvalidInput('Archives hold vectors; nothing is embedded.')),
    close: async () => {},
  };
  for (const end = Date.now() + BUILT_WITHIN; ; ) {
    try {
      return await graph.prepareAgain(embedder);
    } catch (error) {
      if (!(error instanceof TimedOut) || Date.now() > end) throw error;
    }
  }
}

async function emptyScratch(graphs: Graphs, group: string): Promise<Scratch> {
  await graphs.sweepScratches(STALE);
  return graphs.scratch(group);
}

/** What was recorded into the graph before it was replaced went with it. */
function fromOf(manifest: Manifest | undefined, base: Start['base']): Omit<ReplayFrom, 'lost'> {
  const after = base?.base.goesOnAfter;
  if (base) return { after: after === undefined ? base.id : before(after), since: base.id };
  const since = manifest ? positionOf(manifest) : '0-0';
  return { after: before(since), since };
}

/** Older programs noted the time only, which is by the same clock. */
const positionOf = ({ journal }: Manifest): string => journal.position ?? `${Date.parse(journal.until)}-0`;

const embedderOf = (steps: readonly Step[]) => steps.find(({ embedder }) => embedder)?.embedder;

function justBefore(id: string): string {
  const [time = 0, place = 0] = id.split('-').map(Number);
  return place > 0 ? `${time}-${place - 1}` : `${time - 1}-${Number.MAX_SAFE_INTEGER}`;
}

/**
 * What a journal holds, without what it writes.
 * @param lost id from which on its changes were made to a graph that had lost others
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
  /** Id behind which changes are made again. What the graph has of them already changes nothing. */
  readonly after: string;
  /** Id up to which the graph has all changes behind a fence. */
  readonly since: string;
  /** See `readSteps`. */
  readonly lost: string | null;
}

export interface Replay {
  /** Makes the changes that were noted until now and gives how many were made in all. */
  advance(onProgress?: (share: number) => void): Promise<number>;
  /** How many could not be made, since the journal lacks what they follow on. */
  missing(): number;
  /** Sentences on entries that were refused. */
  refused(): string[];
  /** Ids of changes to a graph that had lost others, which are given up for them. */
  abandoned(): string[];
}

/**
 * Makes the changes of a group's journal once more. Each stands there with every value that it writes and the mark of the one that
 * it followed on, so the graph becomes what it was, and takes nothing that it had refused. No model is asked.
 * @param graph one that nobody else writes to
 * @param read the steps that were read already
 */
export async function openReplay(
  graph: GroupGraph,
  journal: Journal,
  read: readonly Step[],
  { after, since, lost }: ReplayFrom,
): Promise<Replay> {
  const steps = [...read];
  const start = await readMark(graph);
  let [cursor, made, refused] = [after, 0, 0];

  async function make({ query, params }: JournalEntry): Promise<void> {
    const rows = await graph.write(query, params);
    const isMade = rows.length > 0 || typeof params.mark !== 'string' || (await readMark(graph)).mark === params.mark;
    if (isMade) made += 1;
    else refused += 1;
  }

  return {
    async advance(onProgress = () => {}) {
      steps.push(...(await readSteps(journal, graph.group, lost, steps.at(-1)?.id)));
      const last = steps.at(-1)?.id;
      if (last === undefined) return made;
      const chain = new Set(planFrom(steps, await readMark(graph)).chain);
      let done = 0;
      for await (const entry of journal.entries(graph.group, cursor, last)) {
        const { link } = stepOf(entry);
        if (!entry.refused && (!link || chain.has(entry.id))) await make(entry);
        done += 1;
        onProgress(Math.min(done / steps.length, 1));
      }
      cursor = last;
      return made;
    },
    missing: () => planFrom(steps, start, since).orphans + refused,
    refused: () =>
      steps.flatMap(({ id, refused }) =>
        refused && isLater(id, after) ? [`The entry ${id} of the journal ${refused}, so it was left out.`] : [],
      ),
    abandoned: () => steps.filter(({ isAbandoned }) => isAbandoned).map(({ id }) => id),
  };
}
