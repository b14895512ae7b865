/** Dollars for a million tokens, in and out. */
export type Price = readonly [prompt: number, completion: number];

/** OpenAI's, as known in 2025; `MEMORY_PRICES` sets others. Local models are called by no name of these and cost nothing. */
const KNOWN: Readonly<Record<string, Price>> = {
  'gpt-5': [1.25, 10],
  'gpt-5-mini': [0.25, 2],
  'gpt-5-nano': [0.05, 0.4],
  'gpt-4.1': [2, 8],
  'gpt-4.1-mini': [0.4, 1.6],
  'gpt-4.1-nano': [0.1, 0.4],
  'gpt-4o': [2.5, 10],
  'gpt-4o-mini': [0.15, 0.6],
  'o4-mini': [1.1, 4.4],
  'text-embedding-3-small': [0.02, 0],
  'text-embedding-3-large': [0.13, 0],
};

/** What OpenAI adds to the name of a model as it was on one day. */
const DATED = /-\d{4}-\d{2}-\d{2}$/;

/**
 * What a call cost, in dollars; undefined for a model whose price is not known.
 * @param prices what goes before the known ones, as `MEMORY_PRICES` gives it
 */
export function costOf(
  model: string,
  promptTokens: number,
  completionTokens: number,
  prices: Readonly<Record<string, Price>> = {},
): number | undefined {
  if (promptTokens === 0 && completionTokens === 0) return 0;
  const price = priceOf(prices, model) ?? priceOf(KNOWN, model);
  return price && (promptTokens * price[0] + completionTokens * price[1]) / 1_000_000;
}

function priceOf(prices: Readonly<Record<string, Price>>, model: string): Price | undefined {
  const name = [model, model.replace(DATED, '')].find((candidate) => Object.hasOwn(prices, candidate));
  return name === undefined ? undefined : prices[name];
}
