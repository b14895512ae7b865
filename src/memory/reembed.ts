import type { Reembedded } from '../archive/reembed.ts';
import { InvalidInputError } from '../errors.ts';
import { costOf } from '../telemetry/prices.ts';
import { HOUR } from '../time.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

export interface ReembedPlan {
  readonly group: string;
  /** The embedder of the graph's vectors; null for a name that nobody noted. */
  readonly from: { readonly model: string | null; readonly dimension: number };
  /** That of these settings. */
  readonly to: { readonly model: string; readonly dimension: number };
  /** True when there is nothing to be changed. */
  readonly isDone: boolean;
  /** Different texts. */
  readonly texts: number;
  readonly requests: number;
  /** Estimated: four characters each. */
  readonly tokens: number;
  /** Dollars, estimated; null where the model's price is not known. */
  readonly cost: number | null;
}

export type ReembedResult = Reembedded & { readonly group: string };

const WAITS = 24 * HOUR;

/** Counts, without asking a model, what changing the embedder would take. @throws InvalidInputError for an empty memory */
export async function planReembedding(services: Services, options: GroupOptions): Promise<ReembedPlan> {
  const group = services.group(options.group);
  const [graphs, embedder, { countTexts }, { readEmbedder }] = await Promise.all([
    services.graphs(),
    services.embedder(),
    import('../archive/new-vectors.ts'),
    import('../graph/queries/meta.ts'),
  ]);
  const graph = graphs.group(group);
  const from = await readEmbedder(graph);
  if (!from) throw new InvalidInputError(`The memory "${group}" has no vectors yet; there is nothing to change.`);
  const to = { model: embedder.model, dimension: embedder.dimension };
  const { isOf } = await import('../archive/reembed.ts');
  const isDone = isOf(from, to);
  const { texts, characters, requests } = isDone
    ? { texts: 0, characters: 0, requests: 0 }
    : await countTexts(graph, from.dimension);
  const tokens = Math.ceil(characters / 4);
  const isFree = services.config.embeddings.by !== 'openai';
  const cost = isFree ? 0 : (costOf(to.model, tokens, 0, services.config.prices) ?? null);
  return { group, from, to, isDone, texts, requests, tokens, cost };
}

/** Lets a worker give the group's graph the vectors of these settings' embedder. @throws NoWorkerError, JobFailedError, TimedOutError; it goes on then */
export async function reembedMemory(
  services: Services,
  { timeoutMs = WAITS, ...options }: TaskOptions,
): Promise<ReembedResult> {
  const group = services.group(options.group);
  const { model, dimension } = await services.embedder();
  const result = await runTask<Reembedded>(services, { kind: 'reembed', model, dimension }, { group, timeoutMs });
  return { group, ...result };
}
