import type { DateMention } from '../english/dates.ts';
import { isStopword, stem } from '../english/words.ts';

/** A word of a sentence; a date is one word. */
export interface Word {
  readonly lower: string;
  readonly stem: string;
  /** Begins with a capital letter, or holds digits or signs. */
  readonly isName: boolean;
  /** A comma, bracket or the like parts it from the next. */
  readonly isParted: boolean;
}

const WORD = /@?[\p{L}\p{N}#$~.€£][\p{L}\p{N}_.\-/:@#+'’%*]*|%/gu;

/** Of numbers, as words and as stems. */
export const UNITS: ReadonlySet<string> = new Set(
  'm ms s sec second minute min hour h day week month year kb mb gb tb kib mib gib byte % percent euro eur usd dollar km cm mm kg g rpm hz khz mhz ghz fps px kwh kw w v a x°c °c °f degree character line word request connection thread worker replica core node person people seat item retry attempt time'
    .split(' ')
    .flatMap((unit) => [unit, stem(unit)]),
);
/** The words of a sentence, dates as one each. */
export function wordsOf(text: string, dates: readonly DateMention[]): Word[] {
  const marked = withDates(text, dates);
  const found: Word[] = [];
  for (const match of marked.matchAll(WORD)) {
    const written = match[0].replace(/[.,:;!?'’*)\]-]+$/, '');
    if (written === '') continue;
    const after = marked.slice(match.index + written.length, match.index + match[0].length + 2);
    const lower = written.toLowerCase();
    found.push({
      lower,
      stem: stem(written),
      isName: /^\p{Lu}|[\d_/#@]|\p{L}[.-]\p{L}/u.test(written),
      isParted: /^[.'’*]?[,:;()[\]–—]|^ [(–—[]/.test(after),
    });
  }
  return found;
}

/** Dates as one word each, `@2026-05-12`, with the word that leads to them kept. */
export function withDates(text: string, dates: readonly DateMention[]): string {
  let marked = '';
  let from = 0;
  for (const { start, end, at } of dates) {
    if (start < from) continue;
    const lead = /^(?:since|starting|from|as of|until|till|by|on|in|at|and|between|to|before|after)\b(?: the)? /i.exec(
      text.slice(start, end),
    );
    marked += `${text.slice(from, start + (lead?.[0].length ?? 0))}@${at.toISOString().slice(0, 10)}`;
    from = end;
  }
  return marked + text.slice(from);
}

export const isDate = (term: string): boolean => /^@\d{4}-/.test(term);
export const isNumber = (term: string): boolean =>
  /^[$€£]?\d[\d.,:]*(?:%|[a-z]{1,3})?$/.test(term) || /^v\d[\d.]*$/.test(term);

/** Content words, each once, in their order. */
export function stemsOf(words: readonly Word[]): string[] {
  return [...new Set(words.filter(({ lower }) => !isStopword(lower)).map((word) => word.stem))];
}

export const termKey = (terms: Iterable<string>): string => [...terms].sort().join(' ');
