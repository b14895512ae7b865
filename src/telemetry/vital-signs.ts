import { isOperationalError } from '../errors.ts';
import { MINUTE } from '../time.ts';
import { redactError } from './redact-error.ts';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** Why a model's latest calls failed. */
export interface ModelFailure {
  /** The kind of the latest failure, such as `ConfigError`. */
  readonly error: string;
  /** Its reason, in a sentence without content. */
  readonly reason: string;
  /** Milliseconds since 1970: when the first of these calls failed. */
  readonly since: number;
}

/** The state of a model, measured by the outcomes of its calls. */
export interface ModelHealth {
  readonly breaker: BreakerState;
  /** Calls of the last minute. */
  readonly ok: number;
  readonly failed: number;
  /** Failed calls since the last success, whenever that was. */
  readonly failedInARow: number;
  /** Set while `failedInARow` is not 0; missing if the worker is of an earlier release. */
  readonly failure?: ModelFailure | undefined;
}

/** Observations of a running worker, from which its health is computed. */
export interface VitalSigns {
  /** @param error why the call failed */
  modelCall(model: string, outcome: 'ok' | 'failed', error?: unknown): void;
  breaker(model: string, state: BreakerState): void;
  committed(episodes: number): void;
  /** The current state; `lastCommit` in milliseconds since 1970, null for none yet. */
  read(): { readonly models: Readonly<Record<string, ModelHealth>>; readonly lastCommit: number | null };
}

interface ModelState {
  breaker: BreakerState;
  calls: { at: number; ok: boolean }[];
  failedInARow: number;
  failure?: ModelFailure | undefined;
}

/** @param now milliseconds since 1970 */
export function openVitalSigns(now: () => number = Date.now): VitalSigns {
  const models = new Map<string, ModelState>();
  let lastCommit: number | null = null;

  function stateOf(model: string): ModelState {
    const state = models.get(model) ?? { breaker: 'closed', calls: [], failedInARow: 0 };
    models.set(model, state);
    return state;
  }
  function recentCalls({ calls }: ModelState) {
    const first = calls.findIndex(({ at }) => at > now() - MINUTE);
    calls.splice(0, first < 0 ? calls.length : first);
    return calls;
  }

  return {
    modelCall(model, outcome, error) {
      const state = stateOf(model);
      const ok = outcome === 'ok';
      recentCalls(state).push({ at: now(), ok });
      state.failedInARow = ok ? 0 : state.failedInARow + 1;
      state.failure = ok ? undefined : failureOf(error, state.failure?.since ?? now());
    },
    breaker(model, state) {
      stateOf(model).breaker = state;
    },
    committed() {
      lastCommit = now();
    },
    read() {
      const signs = [...models].map(([model, state]): [string, ModelHealth] => {
        const calls = recentCalls(state);
        const ok = calls.filter((call) => call.ok).length;
        const { breaker, failedInARow, failure } = state;
        return [model, { breaker, ok, failed: calls.length - ok, failedInARow, ...(failure && { failure }) }];
      });
      return { models: Object.fromEntries(signs), lastCommit };
    },
  };
}

/** Failures of the model's server. Their reasons do not depend on the text, which a reason of another failure may quote. */
const OF_SERVER: ReadonlySet<string> = new Set([
  'BudgetSpentError',
  'ConfigError',
  'ModelBusyError',
  'ModelUnavailableError',
]);

function failureOf(error: unknown, since: number): ModelFailure {
  if (isOperationalError(error) && OF_SERVER.has(error.name))
    return { error: error.name, reason: error.message, since };
  const { name } = redactError(error);
  return { error: name, reason: `The latest call of the model failed (${name}).`, since };
}
