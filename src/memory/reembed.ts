import type { ReembedOutcome } from '../archive/reembed.ts';
import { InvalidInputError } from '../errors.ts';
import { costOf } from '../models/prices.ts';
import { embedderProvider } from '../models/providers.ts';
import { HOUR } from '../time.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

export interface ReembedPlan {
  readonly group: string;
  /** The embedder of the graph's vectors; null for a name that was never recorded. */
  readonly from: { readonly model: string | null; readonly dimension: number };
  /** The embedder of these settings. */
  readonly to: { readonly model: string; readonly dimension: number };
  /** True if nothing needs to be changed. */
  readonly isDone: boolean;
  /** Different texts. */
  readonly texts: number;
  readonly requests: number;
  /** Estimated: four characters each. */
  readonly tokens: number;
  /** Estimated cost in dollars; null if the model's price is unknown. */
  readonly cost: number | null;
}

export interface ReembedResult {
  readonly group: string;
  /** Texts that this call embedded; those of earlier calls are not counted. */
  readonly texts: number;
  /** The archive from which the group's graph was replaced; null if nothing had to be changed. */
  readonly file: string | null;
}

const WAITS = 24 * HOUR;

/** Estimates the work of changing the embedder, without calling a model. @throws InvalidInputError for an empty memory */
export async function planReembedding(services: Services, options: GroupOptions): Promise<ReembedPlan> {
  const group = services.group(options.group);
  const [graphs, embedder, { countTexts }, { readEmbedder }] = await Promise.all([
    services.graphs(),
    services.embedder(),
    import('../archive/new-vectors.ts'),
    import('../graph/queries/meta-nodes.ts'),
  ]);
  const graph = graphs.group(group);
  const from = await readEmbedder(graph);
  if (!from) throw new InvalidInputError(`The memory "${group}" has no vectors yet; there is nothing to change.`);
  const to = { model: embedder.model, dimension: embedder.dimension };
  const { hasVectorsFrom } = await import('../archive/reembed.ts');
  const isDone = hasVectorsFrom(from, to);
  const { texts, characters, requests } = isDone
    ? { texts: 0, characters: 0, requests: 0 }
    : await countTexts(graph, from.dimension);
  const tokens = Math.ceil(characters / 4);
  const { isRemote } = embedderProvider(services.config);
  const cost = isRemote ? (costOf(to.model, tokens, 0, services.config.prices) ?? null) : 0;
  return { group, from, to, isDone, texts, requests, tokens, cost };
}

/** Lets a worker give the group's graph the vectors of these settings' embedder. @throws NoWorkerError, JobFailedError, TimedOutError, after which the job continues */
export async function reembedMemory(
  services: Services,
  { timeoutMs = WAITS, signal, ...options }: TaskOptions,
): Promise<ReembedResult> {
  const group = services.group(options.group);
  const { model, dimension } = await services.embedder();
  const result = await runTask<ReembedOutcome>(
    services,
    { kind: 'reembed', model, dimension },
    { group, timeoutMs, signal },
  );
  return { group, ...result };
}
