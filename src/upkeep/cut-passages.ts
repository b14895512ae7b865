import { EmbedderMismatchError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import {
  deleteOrphans,
  deleteOutdated,
  episodesToCut,
  type UncutEpisode,
  uncutEpisodes,
  writePassages,
} from '../graph/queries/passage-upkeep.ts';
import { writePassageVectors } from '../graph/queries/passages.ts';
import { deleteOrphanStatements, writeStatements } from '../graph/queries/statements.ts';
import { embedEach, reportSkipped } from '../models/embed-each.ts';
import type { Embedder } from '../models/embedder.ts';
import { embeddablePassages, PASSAGE_VERSION, passagesOf } from '../passages/passages.ts';
import { statementsOf } from '../statements/statement.ts';
import { oneLine } from '../text.ts';
import { fromGraphTime } from '../time.ts';
import { replaceVersion } from '../valkey/keys.ts';
import { rereadStatements } from './reread-statements.ts';
import type { UpkeepParts } from './write-under-lease.ts';

/** Episodes that are cut, embedded and written in one batch; a retry skips finished batches. */
const AT_ONCE = 20;

export interface CutPassages {
  /** How many episodes got passages. */
  readonly episodes: number;
  /** How many passages without an episode were removed. */
  readonly orphans: number;
}

/**
 * Cuts episodes without passages of the present version, which an older release or another program wrote, and removes passages whose episodes
 * another program deleted. It needs no lease: each write checks again that it is still needed. A passage on which the embedder always fails
 * gets no vector; searches find it by its words.
 */
export async function cutPassages(
  parts: Pick<UpkeepParts, 'graphs' | 'valkey' | 'embedder' | 'metrics' | 'onNotice'>,
  group: string,
): Promise<CutPassages> {
  const { graphs, valkey, embedder } = parts;
  const graph = graphs.group(group);
  await graph.prepare(embedder);
  // After each step: if a later one fails, the retry finds nothing left to delete.
  const orphans = await deleteOrphans(graph);
  if (orphans > 0) await replaceVersion(valkey, group);
  if ((await deleteOrphanStatements(graph)) > 0) await replaceVersion(valkey, group);
  let episodes = 0;
  const seen = new Set<string>();
  for (;;) {
    // Listing takes longer than cutting some episodes, so all are listed at once; episodes that arrive meanwhile are in the next list.
    const uncut = (await uncutEpisodes(graph, PASSAGE_VERSION)).filter((uuid) => !seen.has(uuid));
    if (uncut.length === 0) break;
    for (let from = 0; from < uncut.length; from += AT_ONCE) {
      const some = uncut.slice(from, from + AT_ONCE);
      const written = await cutSome({ graph, valkey, embedder }, await episodesToCut(graph, some));
      episodes += written.episodes;
      reportSkipped(embedder, group, written.skipped, parts);
      for (const uuid of some) seen.add(uuid);
    }
  }
  if ((await rereadStatements(graph)) > 0) await replaceVersion(valkey, group);
  return { episodes, orphans };
}

interface CutParts extends Pick<UpkeepParts, 'valkey' | 'embedder'> {
  readonly graph: GroupGraph;
}

async function cutSome(
  { graph, valkey, embedder }: CutParts,
  uncut: readonly UncutEpisode[],
): Promise<{ readonly episodes: number; readonly skipped: number }> {
  const cut = uncut.map(cutOne);
  const embeddable = cut.flatMap((episode) => episode.embeddable);
  const vectors = await embedEach(
    embedder,
    embeddable.map(({ text }) => oneLine(text)),
  );
  const embedded = embeddable.flatMap(({ passage: { uuid, episode } }, place) => {
    const vector = vectors[place];
    return vector ? [{ uuid, episode, embedding: vector.map(Math.fround) }] : [];
  });
  const uuids = uncut.map(({ uuid }) => uuid);
  try {
    await deleteOutdated(graph, uuids, PASSAGE_VERSION);
    await writePassages(graph, cut, PASSAGE_VERSION);
    await writeStatements(graph, uncut.map(withStatements));
    await writePassageVectors(graph, embedded, embedder);
    await seeThatWritten(graph, embedder, uncut);
  } finally {
    // Also when a later write failed: episodes that have their passages are not listed again.
    await replaceVersion(valkey, graph.group);
  }
  return { episodes: uncut.length, skipped: embeddable.length - embedded.length };
}

/**
 * If the graph's embedder changed meanwhile, the graph took the passages but not the vectors. Then they are cut again for the new embedder.
 */
async function seeThatWritten(graph: GroupGraph, embedder: Embedder, uncut: readonly UncutEpisode[]): Promise<void> {
  try {
    await graph.checkNow(embedder);
  } catch (error) {
    const uuids = uncut.map(({ uuid }) => uuid);
    if (error instanceof EmbedderMismatchError) await deleteOutdated(graph, uuids, '');
    throw error;
  }
}

/** The changes that the text states, as they are written for new episodes. */
function withStatements({ uuid, content, source, time }: UncutEpisode) {
  const referenceTime = fromGraphTime(time);
  return { uuid, statements: referenceTime ? statementsOf({ uuid, content, source, referenceTime }) : [] };
}

function cutOne(episode: UncutEpisode) {
  const metadata = episode.metadata === null ? null : JSON.parse(episode.metadata);
  const passages = passagesOf({ ...episode, metadata });
  const embeddable = embeddablePassages(passages, episode.content);
  return { uuid: episode.uuid, time: episode.time, known: episode.known, passages, embeddable };
}
