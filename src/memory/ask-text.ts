import { bulletList } from '../reader/format.ts';
import { askFor } from './ask.ts';
import type { QueryOptions } from './query-options.ts';
import type { Services } from './services.ts';

const USUAL = 5;

/** The answer as text: bullets, best first, or one block within a budget. @throws InvalidInput */
export async function askForText(
  services: Services,
  query: string,
  limit: number | undefined,
  options: QueryOptions,
): Promise<string> {
  if (options.budgetTokens !== undefined)
    return (await import('./answer-block.ts')).askForBlock(services, query, limit, options);
  return bulletList(await askFor(services, query, limit ?? USUAL, options), limit ?? USUAL);
}
