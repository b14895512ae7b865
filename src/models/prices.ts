import { EMBEDDERS, LANGUAGE_MODELS, type Price } from './declarations.ts';

const PROVIDERS = [...Object.values(LANGUAGE_MODELS), ...Object.values(EMBEDDERS)];
const BUILT_IN: Readonly<Record<string, Price>> = Object.assign({}, ...PROVIDERS.map(({ prices }) => prices));

/** The date that providers add to the name of a model's snapshot. */
const DATED = /-\d{4}-?\d{2}-?\d{2}$/;

/**
 * The cost of a call in dollars; undefined if the model's price is unknown.
 * @param prices `MEMORY_PRICES`; they override the built-in ones
 */
export function costOf(
  model: string,
  promptTokens: number,
  completionTokens: number,
  prices: Readonly<Record<string, Price>> = {},
): number | undefined {
  if (promptTokens === 0 && completionTokens === 0) return 0;
  const price = priceOf(prices, model) ?? priceOf(BUILT_IN, model);
  return price && (promptTokens * price[0] + completionTokens * price[1]) / 1_000_000;
}

function priceOf(prices: Readonly<Record<string, Price>>, model: string): Price | undefined {
  const name = [model, model.replace(DATED, '')].find((candidate) => Object.hasOwn(prices, candidate));
  return name === undefined ? undefined : prices[name];
}
