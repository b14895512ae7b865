import { oneLine, shortened } from '../../text.ts';

/** Marks that are not seen and would make two names of one; joiners stay, as scripts and emoji need them. */
const UNSEEN = /[\u200b\u2060\ufeff]/g;

/** A model's text as one line that the stores give back unchanged: no control characters, no half characters. */
export function cleanLine(text: string, longest: number): string {
  return shortened(
    oneLine(
      text
        .toWellFormed()
        .replace(/\p{Cc}/gu, ' ')
        .replace(UNSEEN, ''),
    ),
    longest,
  );
}

/** The form in which two names are the same. */
export function nameKey(name: string): string {
  return oneLine(name).toLowerCase();
}
