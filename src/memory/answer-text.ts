import { InvalidInputError } from '../errors.ts';
import { bulletList } from '../reader/format.ts';
import type { Found } from '../search/results.ts';
import { type QueryOptions, runQuery } from './query.ts';
import type { Services } from './services.ts';

const USUAL = 5;

/** The answer as text: bullets, best first, or one block within a budget. @throws InvalidInputError */
export async function queryAsText(
  services: Services,
  query: string,
  limit: number | undefined,
  options: QueryOptions,
): Promise<string> {
  if (options.budgetTokens !== undefined) return queryAsBlock(services, query, limit, options);
  const most = limit ?? USUAL;
  const found = await runQuery(services, query, most, options, false, true);
  const text = texts.get(found) ?? bulletList(found, most);
  texts.set(found, text);
  return text;
}

/** Of results that are given again while their cached answer holds. The limit is part of the question, so it is the same each time. */
const texts = new WeakMap<Found, string>();

/** The budget limits the block; more results would not fit. */
const MOST = 30;

/**
 * The answer as one block of at most `budgetTokens`: the user's rules that share a word with the question, facts, and passages, each line
 * with its date and episode. With `asOf` there are no rules, since rules are those of the present.
 * @throws InvalidInputError
 */
export async function queryAsBlock(
  services: Services,
  query: string,
  limit: number | undefined,
  { budgetTokens = 0, ...options }: QueryOptions,
): Promise<string> {
  if (!Number.isInteger(budgetTokens) || budgetTokens < 50 || budgetTokens > 100_000)
    throw new InvalidInputError('budgetTokens must be a whole number from 50 to 100,000.');
  if (options.find !== undefined && options.find !== 'facts')
    throw new InvalidInputError(
      'A token budget works only for facts and passages; leave out the budget, or the other kinds to find.',
    );
  // Loaded here: a cached answer without a budget is read in a few milliseconds, and these files load the graph's queries.
  const [{ answerSections, blockOf, rulesAbout }, { briefingOf }] = await Promise.all([
    import('./answer-block.ts'),
    import('./briefing.ts'),
  ]);
  const isOfNow = options.asOf === undefined && options.knownAt === undefined;
  const [found, briefing] = await Promise.all([
    runQuery(services, query, limit ?? MOST, options, true),
    isOfNow ? briefingOf(services, services.group(options.group), options.cache) : undefined,
  ]);
  const rules = rulesAbout(query, briefing);
  return blockOf([answerSections({ ...found, rules }, budgetTokens, isOfNow)], budgetTokens);
}
