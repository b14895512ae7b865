import { ConfigError } from '../../src/errors.ts';
import type { Prices } from './agent.ts';
import type { TaskResult } from './run.ts';

/** A margin, because a real model reads and writes more than the scripted one. */
const MARGIN = 2;
const COMPLETION = 300;

/**
 * What a run against a real model is likely to cost, in dollars, from the tokens of the scripted model.
 * @throws ConfigError when that is more than the cap
 */
export function estimate(results: readonly TaskResult[], prices: Prices, cap: number): number {
  const input = MARGIN * results.reduce((sum, result) => sum + result.with.tokens + result.without.tokens, 0);
  const output = 2 * results.length * 3 * COMPLETION;
  const dollars = (input * prices.input + output * prices.output) / 1e6;
  if (dollars > cap)
    throw new ConfigError(
      `The run is likely to cost $${dollars.toFixed(2)}, which is above the cap of $${cap}. Raise --cap, or take a cheaper model.`,
    );
  return dollars;
}
