import type { GroupGraph } from '../graph/group-graph.ts';
import type { Found } from '../search/found.ts';
import type { Recipe } from '../search/recipes.ts';
import { changesAt, isFound } from './ask.ts';
import type { Services } from './services.ts';

/** By words alone: that asks no model, whose answer would take longer than a user should wait. */
const BY_WORDS: Recipe = {
  facts: { methods: ['words'], ranker: 'rrf' },
  answer: true,
};
const NOTHING: Found = { facts: [], episodes: [], passages: [] };
/** A cache that has not answered by then is not waited for any longer. */
const PATIENCE = 40;

/**
 * What a group's memory holds that has words of the question: from the cache, or from the graph when Valkey is silent.
 * @throws StoreUnreachable and the like
 */
export async function askByWords(services: Services, group: string, query: string, limit: number): Promise<Found> {
  const search = () => searchByWords(services, group, query, limit);
  const reader = await services.reader();
  const cached = reader.answer(group, { ask: 'recall', query, limit }, search, {
    isAnswer: isFound,
    changesAt: changesAt(services, group),
  });
  let timer: NodeJS.Timeout | undefined;
  const directly = new Promise<Found>((resolve, reject) => {
    timer = setTimeout(() => search().then(resolve, reject), PATIENCE);
    timer.unref?.();
  });
  try {
    return await Promise.any([cached, directly]);
  } finally {
    clearTimeout(timer);
    directly.catch(() => undefined);
  }
}

async function searchByWords(services: Services, group: string, query: string, limit: number): Promise<Found> {
  const [graphs, { search }, { readEmbedder }] = await Promise.all([
    services.graphs(),
    import('../search/search.ts'),
    import('../graph/queries/meta.ts'),
  ]);
  const graph = graphs.group(group);
  const noted = await readEmbedder(graph);
  if (!noted) return NOTHING;
  // No vector is compared, so that it does not matter which model made those that are there.
  const anyVectors: GroupGraph = { ...graph, check: async () => true };
  const embedder = { model: noted.model ?? '', dimension: noted.dimension, embed: noModel, close: async () => {} };
  return search({ graph: anyVectors, embedder, languageModel: noModel }, query, { recipe: BY_WORDS, limit });
}

async function noModel(): Promise<never> {
  throw new Error('A search by words asks no model.');
}
