import type { Redis } from 'ioredis';
import type { Manifest } from '../archive/manifest.ts';
import type { ArchiveStore } from '../archive/stores/store.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { commit } from '../graph/queries/commit.ts';
import { readMark } from '../graph/queries/fence.ts';
import { findFacts } from '../graph/queries/find-facts.ts';
import { pairKey } from '../ingest/claims.ts';
import { endingsKey } from '../ingest/names.ts';
import type { Embedder } from '../models/embedder.ts';
import { toGraphTime } from '../time.ts';
import { withVectors } from './forget.ts';
import { allMarks, factMark, type Marks } from './forgotten.ts';
import { workOut } from './plan.ts';
import type { Gone } from './targets.ts';

/**
 * Forgets once more, in a graph of an archive that nobody sees yet, what was forgotten after `until`. The graph's fence stays as
 * it is, as if the archive had never held it.
 */
export async function forgetAgain(
  graph: GroupGraph,
  marks: Marks,
  until: Date,
  embedder: () => Promise<Embedder>,
): Promise<Gone> {
  const later = [...marks].filter(([, at]) => at > until.getTime()).map(([name]) => name.split(' '));
  const named = (kind: string) => later.flatMap(([it, uuid = '']) => (it === kind ? [uuid] : []));
  const facts = await factsOf(
    graph,
    later.filter(([kind]) => kind === 'fact'),
  );
  const wanted = { episodes: named('episode'), entities: named('entity'), facts, withEpisodes: false };
  const now = new Date();
  const { changes, seen, gone } = await workOut(graph, wanted, now);
  if (later.length === 0) return gone;
  const { mark } = await readMark(graph);
  const quiet: GroupGraph = {
    ...graph,
    change: (query, params) => graph.write(query, { ...params, after: mark, mark }),
  };
  await commit(quiet, { ...(await withVectors(changes, embedder)), fence: seen, seen, now: toGraphTime(now) });
  return gone;
}

/** uuids of the facts that such marks mean. */
async function factsOf(graph: GroupGraph, marks: readonly (readonly string[])[]): Promise<string[]> {
  if (marks.length === 0) return [];
  const pairs = marks.map(([, one = '', other = '']) => ({ one, other, key: endingsKey(pairKey(one, other)) }));
  const meant = new Set(marks.map((parts) => parts.join(' ')));
  const { facts } = await findFacts(graph, pairs, []);
  return facts.filter(({ source, target, fact }) => meant.has(factMark(source, target, fact))).map(({ uuid }) => uuid);
}

/** The same with what is noted of the archive's group, in Valkey and beside the archives; tells how much was left out. */
export async function forgetInArchive(
  graph: GroupGraph,
  { group, journal }: Pick<Manifest, 'group' | 'journal'>,
  { store, valkey, embedder }: { store: ArchiveStore; valkey: Redis; embedder: () => Promise<Embedder> },
): Promise<number> {
  const marks = await allMarks(store, valkey, group);
  const { episodes, facts, entities } = await forgetAgain(graph, marks, new Date(journal.until), embedder);
  return episodes.length + facts.length + entities.length;
}
