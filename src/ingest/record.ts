import type { Redis } from 'ioredis';
import type { Episode } from '../episode.ts';
import type { Graphs } from '../graph/graphs.ts';
import { recordEpisodes } from '../graph/queries/record.ts';
import type { Embedder } from '../models/embedder.ts';
import { raiseVersion } from '../valkey/group-version.ts';
import { together } from './coalesce.ts';
import type { Readings, Turn } from './extraction-lock.ts';
import { type Stages, tagsOf } from './stages.ts';

const MOST = 64;
/** Characters; FalkorDB does nothing else in the graph while it writes them. */
const MOST_LETTERS = 500_000;

/** What an episode's way began with: nothing is left to be done, or where its reading stands. */
export type Beginning = { readonly isCommitted: true } | ({ readonly isCommitted: false } & Turn);

/** Writes raw episodes and asks where their reading stands, for those of one group that come at once together. */
export function openRecord(
  graphs: Graphs,
  valkey: Redis,
  embedder: Embedder,
  readings: Readings,
  stage: Stages,
): (episode: Episode) => Promise<Beginning> {
  const write = together<Episode, Beginning>(
    ({ group }) => group,
    countOf,
    async (episodes, group) => {
      const graph = graphs.group(group);
      await graph.prepare(embedder);
      const uuids = episodes.map(({ uuid }) => uuid);
      const [recorded, turns] = await Promise.all([recordEpisodes(graph, episodes), readings.begin(group, uuids)]);
      if (recorded.some(({ isPrepared }) => !isPrepared)) await graph.prepareAgain(embedder);
      // Also after a crash between the graph's write and the version: whoever reads now must see it.
      await raiseVersion(valkey, group);
      return turns.map((turn, place) => ({ isCommitted: recorded[place]?.isCommitted === true, ...turn }));
    },
  );
  return (episode) => stage('record', { tags: tagsOf(episode) }, () => write(episode));
}

function countOf(waiting: readonly Episode[]): number {
  let letters = 0;
  const end = waiting.findIndex(({ content }, place) => {
    letters += content.length;
    return place === MOST || (place > 0 && letters > MOST_LETTERS);
  });
  return end < 0 ? waiting.length : end;
}
