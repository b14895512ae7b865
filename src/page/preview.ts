import { InvalidInputError } from '../errors.ts';
import { oneLine, truncated } from '../text.ts';
import { readTriplet } from '../triplet.ts';
import { LIMITS } from './schemas.ts';

/** The beginning of a text in one line; of an episode that is stored as a fact, its sentence. */
export const preview = (content: string): string => {
  const text = statedFact(content)?.fact ?? content;
  return truncated(oneLine(text.slice(0, 4 * LIMITS.preview)), LIMITS.preview);
};

/** The sentence and the times of an episode that is stored as a fact; undefined for a text. */
export function statedFact(content: string) {
  if (!content.startsWith('{')) return undefined;
  try {
    const { fact, validAt = null, invalidAt = null } = readTriplet(content);
    return { fact, validAt, invalidAt };
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
