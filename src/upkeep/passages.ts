import { EmbedderMismatchError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { writePassageVectors } from '../graph/queries/passages.ts';
import { deleteOrphanStatements, writeStatements } from '../graph/queries/statements.ts';
import {
  deleteOrphans,
  deleteOutdated,
  episodesToCut,
  type UncutEpisode,
  uncutEpisodes,
  writePassages,
} from '../graph/queries/uncut-episodes.ts';
import type { Embedder } from '../models/embedder.ts';
import { embeddedText, PASSAGE_VERSION, passagesOf, textOf } from '../passages/passages.ts';
import { statementsOf } from '../statements/statement.ts';
import { oneLine } from '../text.ts';
import { fromGraphTime } from '../time.ts';
import { raiseVersion } from '../valkey/group-version.ts';
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
 * Cuts the episodes that have no passages of today's version, since an older release or another program wrote them, and
 * removes passages whose episodes another program deleted. It needs no lease: each write looks again at what it is made for.
 */
export async function cutPassages(
  { graphs, valkey, embedder }: Pick<UpkeepParts, 'graphs' | 'valkey' | 'embedder'>,
  group: string,
): Promise<CutPassages> {
  const graph = graphs.group(group);
  await graph.prepare(embedder);
  const orphans = await deleteOrphans(graph);
  await deleteOrphanStatements(graph);
  let episodes = 0;
  const seen = new Set<string>();
  for (;;) {
    // Looking for them takes longer than cutting some, so that all are listed at once; what comes meanwhile is listed next.
    const uncut = (await uncutEpisodes(graph, PASSAGE_VERSION)).filter((uuid) => !seen.has(uuid));
    if (uncut.length === 0) break;
    for (let from = 0; from < uncut.length; from += AT_ONCE) {
      const some = uncut.slice(from, from + AT_ONCE);
      episodes += await cutSome({ graph, embedder }, await episodesToCut(graph, some));
      for (const uuid of some) seen.add(uuid);
      // The written passages change answers.
      await raiseVersion(valkey, group);
    }
  }
  if (orphans > 0) await raiseVersion(valkey, group);
  return { episodes, orphans };
}

async function cutSome(
  { graph, embedder }: { readonly graph: GroupGraph; readonly embedder: Embedder },
  uncut: readonly UncutEpisode[],
): Promise<number> {
  const cut = uncut.map(cutOne);
  const passages = cut.flatMap((it) => it.passages);
  const vectors = await embedder.embed(cut.flatMap(({ texts }) => texts));
  const uuids = uncut.map(({ uuid }) => uuid);
  await deleteOutdated(graph, uuids, PASSAGE_VERSION);
  await writePassages(graph, cut, PASSAGE_VERSION);
  await writeStatements(graph, uncut.map(withStatements));
  await writePassageVectors(
    graph,
    passages.map(({ uuid, episode }, place) => ({
      uuid,
      episode,
      embedding: (vectors[place] ?? []).map(Math.fround),
    })),
    embedder,
  );
  await seeThatWritten(graph, embedder, uncut);
  return uncut.length;
}

/** A graph that is another embedder's by now took the passages and not the vectors; then they are cut again for that one. */
async function seeThatWritten(graph: GroupGraph, embedder: Embedder, uncut: readonly UncutEpisode[]): Promise<void> {
  try {
    await graph.checkNow(embedder);
  } catch (error) {
    const uuids = uncut.map(({ uuid }) => uuid);
    if (error instanceof EmbedderMismatchError) await deleteOutdated(graph, uuids, '');
    throw error;
  }
}

/** What its text says to have changed, as it is written with new episodes. */
function withStatements({ uuid, content, source, time }: UncutEpisode) {
  const referenceTime = fromGraphTime(time);
  return { uuid, statements: referenceTime ? statementsOf({ uuid, content, source, referenceTime }) : [] };
}

function cutOne(episode: UncutEpisode) {
  const metadata = episode.metadata === null ? null : JSON.parse(episode.metadata);
  const passages = passagesOf({ ...episode, metadata });
  const texts = passages.map((passage) =>
    oneLine(embeddedText(textOf(passage.source, episode.content, metadata), passage)),
  );
  return { uuid: episode.uuid, time: episode.time, known: episode.known, passages, texts };
}
