import { MINUTE } from '../time.ts';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** The state of a model, measured by the outcomes of its calls. */
export interface ModelHealth {
  readonly breaker: BreakerState;
  /** Calls of the last minute. */
  readonly ok: number;
  readonly failed: number;
  /** Failed calls since the last success, whenever that was. */
  readonly failedInARow: number;
}

/** Observations of a running worker, from which its health is computed. */
export interface VitalSigns {
  modelCall(model: string, outcome: 'ok' | 'failed'): void;
  breaker(model: string, state: BreakerState): void;
  committed(episodes: number): void;
  /** The current state; `lastCommit` in milliseconds since 1970, null for none yet. */
  read(): { readonly models: Readonly<Record<string, ModelHealth>>; readonly lastCommit: number | null };
}

interface ModelState {
  breaker: BreakerState;
  calls: { at: number; ok: boolean }[];
  failedInARow: number;
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
    modelCall(model, outcome) {
      const state = stateOf(model);
      const ok = outcome === 'ok';
      recentCalls(state).push({ at: now(), ok });
      state.failedInARow = ok ? 0 : state.failedInARow + 1;
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
        return [model, { breaker: state.breaker, ok, failed: calls.length - ok, failedInARow: state.failedInARow }];
      });
      return { models: Object.fromEntries(signs), lastCommit };
    },
  };
}
