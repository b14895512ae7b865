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
    const seen = models.get(model) ?? { breaker: 'closed', calls: [], failedInARow: 0 };
    models.set(model, seen);
    return seen;
  }
  function lately({ calls }: Seen) {
    const first = calls.findIndex(({ at }) => at > now() - MINUTE);
    calls.splice(0, first < 0 ? calls.length : first);
    return calls;
  }

  return {
    modelCall(model, outcome) {
      const seen = of(model);
      const ok = outcome === 'ok';
      lately(seen).push({ at: now(), ok });
      seen.failedInARow = ok ? 0 : seen.failedInARow + 1;
    },
    breaker(model, state) {
      of(model).breaker = state;
    },
    committed() {
      lastCommit = now();
    },
    read() {
      const signs = [...models].map(([model, seen]): [string, ModelSigns] => {
        const calls = lately(seen);
        const ok = calls.filter((call) => call.ok).length;
        return [model, { breaker: seen.breaker, ok, failed: calls.length - ok, failedInARow: seen.failedInARow }];
      });
      return { models: Object.fromEntries(signs), lastCommit };
    },
  };
}
