import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { recordEpisodes } from '../graph/queries/record.ts';
import type { Embedder } from '../models/embedder.ts';
import type { ExpiryRule } from '../settings.ts';
import { replaceVersion } from '../valkey/keys.ts';
import { coalesce } from './coalesce.ts';
import type { ExtractionLocks, LockAttempt } from './extraction-lock.ts';
import { episodeTags, type StageTimer } from './timed-stages.ts';

const MAX_EPISODES = 64;
/** FalkorDB does nothing else in the graph while it writes them. */
const MAX_CHARACTERS = 500_000;

/** The episode is committed already, or the state of its extraction. */
export type RecordResult = { readonly isCommitted: true } | ({ readonly isCommitted: false } & LockAttempt);

/** Writes raw episodes and acquires their extraction locks; episodes of a group that arrive together share the calls. */
export function openRecorder(
  graphs: Graphs,
  valkey: Redis,
  embedder: Embedder,
  locks: ExtractionLocks,
  stage: StageTimer,
  expiry: readonly ExpiryRule[] = [],
): (episode: Episode) => Promise<RecordResult> {
  const write = coalesce<Episode, RecordResult>(
    ({ group }) => group,
    countOf,
    async (episodes, group) => {
      const graph = graphs.group(group);
      await graph.prepare(embedder);
      const uuids = episodes.map(({ uuid }) => uuid);
      const [attempts, recorded] = await Promise.all([
        locks.acquire(group, uuids),
        recordEpisodes(graph, episodes, expiry),
      ]);
      if (recorded.some(({ isPrepared }) => !isPrepared)) await graph.prepareAgain(embedder);
      // Unconditional, since a crash may have come between the graph's write and the version.
      await replaceVersion(valkey, group);
      return attempts.map((attempt, place) => ({ isCommitted: recorded[place]?.isCommitted === true, ...attempt }));
    },
  );
  return (episode) => stage('record', { tags: episodeTags(episode) }, () => write(episode));
}

function countOf(waiting: readonly Episode[]): number {
  let characters = 0;
  const end = waiting.findIndex(({ content }, place) => {
    characters += content.length;
    return place === MAX_EPISODES || (place > 0 && characters > MAX_CHARACTERS);
  });
  return end < 0 ? waiting.length : end;
}
