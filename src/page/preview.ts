import { oneLine, shortened } from '../text.ts';
import { LIMITS } from './schemas.ts';

/** The beginning of a text in one line. */
export const preview = (content: string): string =>
  shortened(oneLine(content.slice(0, 4 * LIMITS.preview)), LIMITS.preview);
