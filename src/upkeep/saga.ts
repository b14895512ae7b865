import { InvalidInputError, UnusableReplyError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import {
  readSaga,
  readSagaEpisodes,
  type SagaEpisodeRow,
  type StoredSaga,
  writeSagaSummary,
} from '../graph/queries/sagas.ts';
import { shortenEvenly, storableText, type UpkeepParts, writeUnderLease } from './write-under-lease.ts';

export interface SagaSummary {
  readonly name: string;
  readonly summary: string;
}

/** As in Graphiti. */
const MOST_EPISODES = 200;
const LONGEST_TEXT = 24_000;

/**
 * Updates a saga's summary from the previous summary and the episodes since then, at most 200 per call; the first time from the latest 200.
 * @throws InvalidInputError when there is no such saga
 */
export async function generateSagaSummary(parts: UpkeepParts, group: string, name: string): Promise<SagaSummary> {
  const graph = parts.graphs.group(group);
  for (;;) {
    const saga = await readSaga(graph, name);
    if (!saga) throw new InvalidInputError(`There is no saga "${name}" in the memory "${group}".`);
    const episodes = await nextEpisodes(graph, saga);
    if (episodes.length === 0) return { name: saga.name, summary: saga.summary };
    await summarize(parts, graph, saga, episodes);
  }
}

async function nextEpisodes(graph: GroupGraph, { uuid, summarizedAt }: StoredSaga): Promise<SagaEpisodeRow[]> {
  const rows = await readSagaEpisodes(graph, uuid, summarizedAt, MOST_EPISODES + 1);
  const chosen = rows.slice(0, MOST_EPISODES);
  const [next] = rows.slice(MOST_EPISODES);
  if (!next || summarizedAt === null) return chosen;
  // Episodes of one commit have the same `linkedAt`; the next call begins after it.
  const before = chosen.filter(({ linkedAt }) => linkedAt < next.linkedAt);
  return before.length > 0 ? before : chosen;
}

async function summarize(
  parts: UpkeepParts,
  graph: GroupGraph,
  { uuid, name, summary, summarizedAt, summarizedValidAt }: StoredSaga,
  episodes: readonly SagaEpisodeRow[],
): Promise<void> {
  const inOrder = episodes.toSorted((a, b) => compare(a.validAt, b.validAt) || compare(a.uuid, b.uuid));
  const texts = shortenEvenly(
    inOrder.map(({ validAt, content }) => `${validAt.slice(0, 10)}: ${content}`),
    LONGEST_TEXT,
  );
  const { summaries } = await parts.languageModel.summarize([{ kind: 'saga', name, previousSummary: summary, texts }]);
  const newSummary = storableText(summaries[0]?.text ?? '');
  if (newSummary === '') throw new UnusableReplyError(`The language model gave no summary of the saga "${name}".`);
  await writeUnderLease(parts, graph, (fenced) =>
    writeSagaSummary(graph, {
      ...fenced,
      saga: uuid,
      was: summarizedAt ?? '',
      summary: newSummary,
      // Not the present time: episodes that join the saga while the model writes are not in the summary.
      summarizedAt: latest(episodes.map(({ linkedAt }) => linkedAt)),
      summarizedValidAt: latest([summarizedValidAt ?? '', ...episodes.map(({ validAt }) => validAt)]),
    }),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const latest = (times: readonly string[]): string => times.toSorted().at(-1) ?? '';
