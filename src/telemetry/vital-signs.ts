import { MINUTE } from '../time.ts';

export type BreakerState = 'closed' | 'half-open' | 'open';

/** What was seen of a model, by its own outcomes and not by what it says of itself. */
export interface ModelSigns {
  readonly breaker: BreakerState;
  /** Calls of the last minute. */
  readonly ok: number;
  readonly failed: number;
  /** Calls that failed since the last one that went well, whenever that was. */
  readonly failedInARow: number;
}

/** What a worker notices about itself while it works; health is measured from it. */
export interface VitalSigns {
  modelCall(model: string, outcome: 'ok' | 'failed'): void;
  breaker(model: string, state: BreakerState): void;
  committed(episodes: number): void;
  /** Now; `lastCommit` in milliseconds since 1970, null for none yet. */
  read(): { readonly models: Readonly<Record<string, ModelSigns>>; readonly lastCommit: number | null };
}

interface Seen {
  breaker: BreakerState;
  calls: { at: number; ok: boolean }[];
  failedInARow: number;
}

/** @param now milliseconds since 1970 */
export function openVitalSigns(now: () => number = Date.now): VitalSigns {
  const models = new Map<string, Seen>();
  let lastCommit: number | null = null;

  function of(model: string): Seen {
    const state = models.get(model) ?? { breaker: 'closed', calls: [], failedInARow: 0 };
    models.set(model, state);
    return state;
  }
  function lately({ calls }: Seen) {
    const first = calls.findIndex(({ at }) => at > now() - MINUTE);
    calls.splice(0, first < 0 ? calls.length : first);
    return calls;
  }

  return {
    modelCall(model, outcome) {
      const state = of(model);
      const ok = outcome === 'ok';
      lately(state).push({ at: now(), ok });
      state.failedInARow = ok ? 0 : state.failedInARow + 1;
    },
    breaker(model, state) {
      of(model).breaker = state;
    },
    committed() {
      lastCommit = now();
    },
    read() {
      const signs = [...models].map(([model, state]): [string, ModelSigns] => {
        const calls = lately(state);
        const ok = calls.filter((call) => call.ok).length;
        return [model, { breaker: state.breaker, ok, failed: calls.length - ok, failedInARow: state.failedInARow }];
      });
      return { models: Object.fromEntries(signs), lastCommit };
    },
  };
}
