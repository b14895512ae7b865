import type { Redis } from 'ioredis';
import type { Manifest } from '../archive/manifest.ts';
import type { ArchiveStore } from '../archive/stores/archive-store.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { endingsKey } from '../graph/meta-keys.ts';
import { commit } from '../graph/queries/commit.ts';
import { findFactsToCompare } from '../graph/queries/commit-reads.ts';
import { readChangeHead } from '../graph/queries/fence.ts';
import { pairKey } from '../ingest/claims.ts';
import type { Embedder } from '../models/embedder.ts';
import { toGraphTime } from '../time.ts';
import { embedNewTexts } from './embed-new-texts.ts';
import type { ForgetEffects } from './plan.ts';
import { planForget } from './plan.ts';
import { redactScratch } from './redact/redact-group.ts';
import { allTombstones, factTombstone, REDACTED_TOMBSTONE, type Tombstones } from './tombstones.ts';

/**
 * Applies the tombstones after `until` to a restored scratch graph. The graph's fence is unchanged, as if the archive had never held
 * the forgotten data.
 */
export async function applyTombstones(
  graph: GroupGraph,
  tombstones: Tombstones,
  until: Date,
  embedder: () => Promise<Embedder>,
): Promise<ForgetEffects> {
  const newer = [...tombstones].filter(([, at]) => at > until.getTime()).map(([name]) => name.split(' '));
  const named = (kind: string) => newer.flatMap(([tombstoneKind, uuid = '']) => (tombstoneKind === kind ? [uuid] : []));
  const facts = await factsOf(
    graph,
    newer.filter(([kind]) => kind === 'fact'),
  );
  const targets = { episodes: named('episode'), entities: named('entity'), facts, withEpisodes: false };
  const now = new Date();
  const { changes, seen, effects } = await planForget(graph, targets, now);
  if (newer.length === 0) return effects;
  const { changeId } = await readChangeHead(graph);
  const unloggedGraph: GroupGraph = {
    ...graph,
    change: (query, params) => graph.write(query, { ...params, after: changeId, mark: changeId }),
  };
  await commit(unloggedGraph, {
    ...(await embedNewTexts(changes, embedder)),
    fence: seen,
    seen,
    now: toGraphTime(now),
  });
  return effects;
}

/** uuids of the facts that these tombstones name. */
async function factsOf(graph: GroupGraph, tombstones: readonly (readonly string[])[]): Promise<string[]> {
  if (tombstones.length === 0) return [];
  const pairs = tombstones.map(([, one = '', other = '']) => ({ one, other, key: endingsKey(pairKey(one, other)) }));
  const wantedTombstones = new Set(tombstones.map((parts) => parts.join(' ')));
  const { facts } = await findFactsToCompare(graph, pairs, []);
  return facts
    .filter(({ source, target, fact }) => wantedTombstones.has(factTombstone(source, target, fact)))
    .map(({ uuid }) => uuid);
}

/**
 * The same with all tombstones of the archive's group. If secrets were masked after the archive was made, today's rules mask them in the graph.
 * @returns how many elements were removed or masked
 */
export async function forgetInArchive(
  graph: GroupGraph,
  { group, journal }: Pick<Manifest, 'group' | 'journal'>,
  { store, valkey, embedder }: { store: ArchiveStore; valkey: Redis; embedder: () => Promise<Embedder> },
): Promise<number> {
  const tombstones = await allTombstones(store, valkey, group);
  const until = new Date(journal.until);
  const { episodes, facts, entities } = await applyTombstones(graph, tombstones, until, embedder);
  const isRedacted = (tombstones.get(REDACTED_TOMBSTONE) ?? 0) > until.getTime();
  const masked = isRedacted ? await redactScratch(graph, embedder) : 0;
  return episodes.length + facts.length + entities.length + masked;
}
