import type { SimilarEntity } from '../../search/similar-entities.ts';
import { checkText } from '../../text.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import { checkLimit } from './cached-read.ts';

export interface SuggestOptions extends GroupOptions {
  /** From 1 to 100; default 8. */
  readonly limit?: number;
}

/** Entities whose name or alias begins with, contains or nearly is what a user typed; best first. @throws InvalidInputError */
export async function suggestEntities(
  services: Services,
  typed: string,
  { group: groupOption, limit = 8 }: SuggestOptions,
): Promise<SimilarEntity[]> {
  const group = services.group(groupOption);
  const text = checkText(typed, 'The text').trim();
  checkLimit(limit, 100, 'suggestions');
  const { findSimilarEntities } = await import('../../search/similar-entities.ts');
  return text === '' ? [] : findSimilarEntities((await services.graphs()).group(group), text, limit);
}
