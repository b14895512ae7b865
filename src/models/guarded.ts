import type { Metrics } from '../telemetry/metrics.ts';
import { costOf } from '../telemetry/prices.ts';
import { trace } from '../telemetry/tracing.ts';
import type { VitalSigns } from '../telemetry/vital-signs.ts';
import type { Embedder } from './embedder.ts';
import { answered, type Breaker, CLOSED, enter, failed, isServerFailure } from './guarded-breaker.ts';
import type { LanguageModel, TokenUse } from './language-model.ts';

/** Where a guard reports the calls, state and cost of a model. */
export interface GuardParts {
  readonly signs: VitalSigns;
  readonly metrics: Metrics;
  /** Dollars for a million tokens, in and out, by model; they go before the known ones. */
  readonly prices: Readonly<Record<string, readonly [number, number]>>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

type Purpose = TokenUse['purpose'];
const NUMBERS = { closed: 0, 'half-open': 1, open: 2 } as const;

/**
 * The same model, which is not asked while it is known to refuse: callers then get the failure that it gave last, with the time after
 * which it is asked again. Each call is counted and seen as a span.
 * @param name what it is called in figures; default: its id
 */
export function guardedLanguageModel(model: LanguageModel, parts: GuardParts, name = model.id): LanguageModel {
  const guard = openGuard(name, parts);
  const ask = async <T extends { readonly use?: readonly TokenUse[] }>(purpose: Purpose, call: () => Promise<T>) => {
    const answer = await guard.call(purpose, call);
    for (const use of answer.use ?? []) guard.used(use);
    return answer;
  };
  return {
    id: model.id,
    readsPrevious: model.readsPrevious,
    resolves: model.resolves,
    extract: (episode, memo) => ask('extract', () => model.extract(episode, memo)),
    resolve: (undecided) => ask('resolve', () => model.resolve(undecided)),
    summarize: (subjects) => ask('summarize', () => model.summarize(subjects)),
    score: (query, passages) => ask('score', () => model.score(query, passages)),
    close: () => model.close(),
  };
}

/** The same for an embedder. */
export function guardedEmbedder(embedder: Embedder, parts: GuardParts): Embedder {
  const guard = openGuard(embedder.model, parts);
  return {
    model: embedder.model,
    dimension: embedder.dimension,
    embed: (texts, onUse) =>
      guard.call('embed', () =>
        embedder.embed(texts, (use) => {
          guard.used(use);
          onUse?.(use);
        }),
      ),
    close: () => embedder.close(),
  };
}

function openGuard(model: string, { signs, metrics, prices, now = Date.now }: GuardParts) {
  let breaker: Breaker = CLOSED;
  reportState(breaker);

  function reportState({ state }: Breaker): void {
    signs.breaker(model, state);
    metrics.gauge?.('opencode.memory.model.breaker', NUMBERS[state], { model });
  }
  function transitionTo(next: Breaker): void {
    const isStateChange = next.state !== breaker.state;
    breaker = next;
    if (isStateChange) reportState(next);
  }
  function count(purpose: Purpose, outcome: 'ok' | 'failed'): void {
    signs.modelCall(model, outcome);
    metrics.increment('opencode.memory.model.calls', { model, purpose, outcome });
  }

  return {
    async call<T>(purpose: Purpose, work: () => Promise<T>): Promise<T> {
      const entered = enter(breaker, now());
      transitionTo(entered.breaker);
      const { entry } = entered;
      if (entry.entry === 'refused') {
        metrics.increment('opencode.memory.model.calls', { model, purpose, outcome: 'refused' });
        throw entry.error;
      }
      try {
        const answer = await trace('memory.model', { resource: purpose, tags: { model } }, work);
        transitionTo(answered(breaker, entry.entry));
        count(purpose, 'ok');
        return answer;
      } catch (error) {
        transitionTo(
          isServerFailure(error) ? failed(breaker, entry.entry, error, now()) : answered(breaker, entry.entry),
        );
        count(purpose, 'failed');
        throw error;
      }
    },
    used({ purpose, model: used, promptTokens, completionTokens, rowsDropped }: TokenUse): void {
      if (rowsDropped) metrics.increment('opencode.memory.model.rows_dropped', { model: used, purpose }, rowsDropped);
      metrics.increment('opencode.memory.model.tokens', { model: used, purpose, kind: 'prompt' }, promptTokens);
      metrics.increment('opencode.memory.model.tokens', { model: used, purpose, kind: 'completion' }, completionTokens);
      const cost = costOf(used, promptTokens, completionTokens, prices);
      if (cost) metrics.increment('opencode.memory.model.cost', { model: used }, cost);
    },
  };
}
