import { InvalidInputError } from '../errors.ts';
import { oneLine, truncated } from '../text.ts';
import { readTriplet } from '../triplet.ts';

/** The beginning of an episode's text in one line, of at most `length` characters; of an episode that is stored as a fact, its sentence. */
export function firstWords(content: string, length: number): string {
  const text = statedFact(content)?.fact ?? content;
  return truncated(oneLine(text.slice(0, 4 * length)), length);
}

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
