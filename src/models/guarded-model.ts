import type { Metrics } from '../telemetry/metrics.ts';
import { trace } from '../telemetry/tracing.ts';
import type { VitalSigns } from '../telemetry/vital-signs.ts';
import { admitCall, afterFailure, afterSuccess, type Breaker, CLOSED, isModelUnavailable } from './circuit-breaker.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel, TokenUse } from './language-model.ts';
import { costOf } from './prices.ts';

/** Where a guard reports the calls, state and cost of a model. */
export interface GuardParts {
  readonly signs: VitalSigns;
  readonly metrics: Metrics;
  /** Dollars per million tokens, in and out, by model; they override the built-in ones. */
  readonly prices: Readonly<Record<string, readonly [number, number]>>;
  /** Undefined: no limit. A model without a known price has no budget. */
  readonly budget?: CallBudget | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The budget of a day in dollars; `valkey/budget.ts` keeps it for all workers together. */
export interface CallBudget {
  /** @returns books the real price; never throws @throws BudgetSpentError */
  reserve(dollars: number): Promise<(spent: number) => Promise<void>>;
  /** Never throws. */
  book(dollars: number): Promise<void>;
}

type Purpose = TokenUse['purpose'];
/** Calls that wait for the next day when the budget is spent. An episode that has been extracted is finished: the calls for its decisions are only recorded. */
const POSTPONABLE: ReadonlySet<Purpose> = new Set(['extract', 'summarize']);
/** Tokens of a usual call, for which a reservation is made. */
const USUAL = { prompt: 3000, completion: 800 };
const NUMBERS = { closed: 0, 'half-open': 1, open: 2 } as const;

/**
 * The model behind a circuit breaker: while the breaker is open, calls fail at once with the last failure and the time until the next
 * attempt. Each call is counted and has a span.
 * @param name the model's name in metrics; default: its id
 */
export function guardedLanguageModel(model: LanguageModel, parts: GuardParts, name = model.id): LanguageModel {
  const guard = openGuard(name, parts);
  const ask = async <T extends { readonly use?: readonly TokenUse[] }>(purpose: Purpose, call: () => Promise<T>) => {
    const usual = costOf(name, USUAL.prompt, USUAL.completion, parts.prices);
    const settle =
      parts.budget && usual !== undefined && POSTPONABLE.has(purpose) ? await parts.budget.reserve(usual) : undefined;
    let spent = 0;
    try {
      const answer = await guard.call(purpose, call);
      for (const use of answer.use ?? []) spent += guard.used(use);
      return answer;
    } finally {
      if (settle) await settle(spent);
      else if (spent > 0) await parts.budget?.book(spent);
    }
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
          const spent = guard.used(use);
          if (spent > 0) void parts.budget?.book(spent);
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
  function count(purpose: Purpose, outcome: 'ok' | 'failed', error?: unknown): void {
    signs.modelCall(model, outcome, error);
    metrics.increment('opencode.memory.model.calls', { model, purpose, outcome });
  }

  return {
    async call<T>(purpose: Purpose, work: () => Promise<T>): Promise<T> {
      const entered = admitCall(breaker, now());
      transitionTo(entered.breaker);
      const { entry } = entered;
      if (entry.entry === 'refused') {
        metrics.increment('opencode.memory.model.calls', { model, purpose, outcome: 'refused' });
        throw entry.error;
      }
      try {
        const answer = await trace('memory.model', { resource: purpose, tags: { model } }, work);
        transitionTo(afterSuccess(breaker, entry.entry));
        count(purpose, 'ok');
        return answer;
      } catch (error) {
        transitionTo(
          isModelUnavailable(error)
            ? afterFailure(breaker, entry.entry, error, now())
            : afterSuccess(breaker, entry.entry),
        );
        count(purpose, 'failed', error);
        throw error;
      }
    },
    /** Counts the tokens. @returns their price in dollars; 0 if it is unknown */
    used({ purpose, model: used, promptTokens, completionTokens, rowsDropped }: TokenUse): number {
      if (rowsDropped) metrics.increment('opencode.memory.model.rows_dropped', { model: used, purpose }, rowsDropped);
      metrics.increment('opencode.memory.model.tokens', { model: used, purpose, kind: 'prompt' }, promptTokens);
      metrics.increment('opencode.memory.model.tokens', { model: used, purpose, kind: 'completion' }, completionTokens);
      const cost = costOf(used, promptTokens, completionTokens, prices);
      if (cost) metrics.increment('opencode.memory.model.cost', { model: used }, cost);
      return cost ?? 0;
    },
  };
}
