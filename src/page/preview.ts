import { firstWords } from '../queue/first-words.ts';
import { LIMITS } from './schemas.ts';

/** The beginning of a text in a list. */
export const preview = (content: string): string => firstWords(content, LIMITS.preview);
