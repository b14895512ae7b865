import type { ArchiveStore } from '../archive/stores/store.ts';
import { isForeseen, StaleFence } from '../errors.ts';
import type { Commit } from '../graph/changes.ts';
import type { Graphs } from '../graph/graphs.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import type { Embedder } from '../models/embedder.ts';
import { forgetAnswers } from '../reader/cache.ts';
import { toGraphTime } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import type { Lease, Leases } from '../valkey/lease.ts';
import { type Elsewhere, type Places, sweep } from './elsewhere.ts';
import { archiveMarks, isForgotten, marksOf, noteMarks, readMarks } from './forgotten.ts';
import { type WorkedOut, workOut } from './plan.ts';
import type { Gone, Wanted } from './targets.ts';

/** What was forgotten, named by uuids only, since it is kept for a while as what came of the task. */
export interface ForgottenUuids extends Gone {
  readonly elsewhere: Elsewhere;
  /** Whether it is noted beside the archives, so that a restored one does not bring it back; `waits` while they are away. */
  readonly archives: 'noted' | 'waits';
}

export interface Forgetting {
  /** @throws StaleFence, StoreUnreachable, ModelAway, ModelFailed (tried again) */
  forget(group: string, wanted: Wanted): Promise<ForgottenUuids>;
  /** Notes beside the archives what is noted in Valkey. @throws ArchiveAway, ConfigError (tried again) */
  archive(group: string): Promise<object>;
  /** Takes away what came into being while an episode was forgotten; true when it was. */
  isForgotten(group: string, episode: string): Promise<boolean>;
  sweepEpisode(group: string, episode: string): Promise<void>;
}

export interface ForgettingParts extends Places {
  readonly graphs: Graphs;
  readonly leases: Leases;
  readonly embedder: Embedder;
  /** Opened when it is needed, since it may be set wrongly. */
  readonly archives: () => Promise<ArchiveStore>;
  /** Told that the archives could not be reached and have to be told later. */
  readonly onLater: (group: string) => Promise<void>;
  /** Told that a summary made anew is too long to grow on. Default: nobody. */
  readonly onLong?: (group: string) => void;
}

/** So many episodes are forgotten in one commit. */
const TOGETHER = 256;

/**
 * Makes a group as if it had never heard some episodes, facts or entities: what others say too stays, in their words; what only
 * they had ended holds again. A second time changes nothing.
 */
export function openForgetting(parts: ForgettingParts): Forgetting {
  const { graphs, valkey, leases } = parts;

  async function forgetPart(group: string, wanted: Wanted): Promise<ForgottenUuids> {
    const graph = graphs.group(group);
    const lease = await leases.take(group);
    try {
      const now = new Date();
      const worked = await workOut(graph, wanted, now);
      const { gone, unsaid } = worked;
      const changes = await withVectors(worked.changes, async () => {
        await graph.checkNow(parts.embedder);
        return parts.embedder;
      });
      // Whatever fails from here on is tried again, and nobody brings it back meanwhile.
      await noteMarks(valkey, group, marksOf(worked, wanted.entities, lease.fence));
      const episodes = changes.removedEpisodes.map(({ uuid }) => uuid);
      const swept = await sweep(parts, group, episodes, gone.telling, unsaid);
      await writeUnder(lease, graph, worked, changes, now);
      await raiseVersion(valkey, group);
      await graphs.forgetQueries(group);
      // Vectors of what is forgotten may be among them.
      await graphs.dropKept(group);
      const cached = await forgetAnswers(valkey, group);
      if (changes.summaries.some(({ isLong }) => isLong)) parts.onLong?.(group);
      return { ...gone, elsewhere: { ...swept, cached }, archives: await tellArchives(group) };
    } finally {
      await lease.release();
    }
  }

  async function tellArchives(group: string): Promise<'noted' | 'waits'> {
    try {
      await archiveMarks(await parts.archives(), group, await readMarks(valkey, group));
      return 'noted';
    } catch (error) {
      if (!isForeseen(error)) throw error;
      await parts.onLater(group);
      return 'waits';
    }
  }

  return {
    async forget(group, wanted) {
      const results: ForgottenUuids[] = [];
      for (const part of partsOf(wanted)) results.push(await forgetPart(group, part));
      return results.reduce(together);
    },
    async archive(group) {
      const lease = await leases.take(group);
      try {
        await archiveMarks(await parts.archives(), group, await readMarks(valkey, group));
        return {};
      } finally {
        await lease.release();
      }
    },
    isForgotten: (group, episode) => isForgotten(valkey, group, episode),
    async sweepEpisode(group, episode) {
      const none: ReadonlySet<string> = new Set();
      const unsaid = { gone: new Set([episode]), retold: none, reworded: none, words: none, masked: new Map() };
      await sweep(parts, group, [episode], [], unsaid);
    },
  };
}

async function writeUnder(
  lease: Lease,
  graph: GroupGraph,
  { seen }: WorkedOut,
  changes: WorkedOut['changes'],
  now: Date,
): Promise<void> {
  const fenced: Commit = { ...changes, fence: lease.fence, seen, now: toGraphTime(now) };
  if (lease.isHeld() && (await commit(graph, fenced))) return;
  throw new StaleFence(`The memory "${graph.group}" was changed meanwhile; this is tried again.`);
}

/** Other words and other names need vectors; most forgettings bring none. */
export async function withVectors(
  changes: WorkedOut['changes'],
  embedder: () => Promise<Embedder>,
): Promise<WorkedOut['changes']> {
  const { rewordedFacts, renamedEntities, maskedVectors } = changes;
  const texts = [
    ...new Set([
      ...rewordedFacts.map(({ fact }) => fact),
      ...renamedEntities.map(({ name }) => name),
      ...maskedVectors.map(({ text }) => text),
    ]),
  ];
  const vectors = texts.length > 0 ? await (await embedder()).embed(texts) : [];
  // As the graph keeps them.
  const vectorOf = new Map(texts.map((text, place) => [text, (vectors[place] ?? []).map(Math.fround)]));
  return {
    ...changes,
    rewordedFacts: rewordedFacts.map((it) => ({ ...it, embedding: vectorOf.get(it.fact) ?? [] })),
    renamedEntities: renamedEntities.map((it) => ({ ...it, embedding: vectorOf.get(it.name) ?? [] })),
    maskedVectors: maskedVectors.map((it) => ({ ...it, embedding: vectorOf.get(it.text) ?? [] })),
  };
}

function partsOf(wanted: Wanted): Wanted[] {
  const { episodes } = wanted;
  const parts = [{ ...wanted, episodes: episodes.slice(0, TOGETHER) }];
  for (let start = TOGETHER; start < episodes.length; start += TOGETHER)
    parts.push({ ...wanted, facts: [], entities: [], episodes: episodes.slice(start, start + TOGETHER) });
  return parts;
}

function together(one: ForgottenUuids, other: ForgottenUuids): ForgottenUuids {
  const sum = <T extends object>(a: T, b: T): T =>
    Object.fromEntries(
      Object.entries(a).map(([name, value]) => {
        const more = b[name as keyof T] as never;
        if (typeof value === 'number') return [name, value + more];
        return [name, Array.isArray(value) ? [...value, ...(more as unknown[])] : value];
      }),
    ) as T;
  const archives = [one, other].some((it) => it.archives === 'waits') ? 'waits' : 'noted';
  return { ...sum(one, other), elsewhere: sum(one.elsewhere, other.elsewhere), archives };
}
