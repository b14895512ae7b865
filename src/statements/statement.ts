import { derivedUuid } from '../derived-uuid.ts';
import { validityPeriod } from '../english/dates.ts';
import { proseParagraphs } from '../english/paragraphs.ts';
import { sentenceRanges } from '../english/sentences.ts';
import { correctionKeyTerm, correctionsIn, isCorrection } from './correction.ts';
import type { PropertyValue } from './property-value.ts';
import { statementScope } from './scope.ts';
import { type DatedText, type ParsedSentence, parseSentences } from './sentence.ts';
import { keyTermOf, type StatedChange } from './stated-change.ts';
import { isNumber, termKey } from './words.ts';

/** An episode states that a property has a value, or that something is no longer true. Never changed once it is written. */
export type Statement = StatementPlace &
  (
    | ({ readonly kind: 'holds' } & Pick<PropertyValue, 'subject' | 'verb' | 'value' | 'isNews' | 'isSingle'>)
    | ({ readonly kind: 'ends' } & StatedChange)
  );

export interface StatementPlace {
  readonly uuid: string;
  readonly episode: string;
  /** By which it is found: subject, scope and property of what holds; `-` and a word of what ends. */
  readonly key: string;
  /** Environments, branches and projects, separated by spaces (`scope.ts`). */
  readonly scope: string;
  /**
   * The sentence, and its place in the episode's text (UTF-16). Its passage is the one of the episode's own text that holds this range
   * whole, or the two that do where passages overlap; passages are cut between sentences.
   */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly saidAt: Date;
  /** When the memory learnt it; undefined means at `saidAt`. */
  readonly knownAt?: Date;
  readonly episodeName?: string;
  /** From when on it holds; later than `saidAt` for a plan. */
  readonly validAt: Date;
  /** Until when, where it says so: then it ends nothing for good. */
  readonly invalidAt: Date | null;
}

/** Raised when the rules find other statements in a text. Statements of earlier rules are then read again; they have no number. */
export const STATEMENT_RULES = 3;

const MOST = 200;

/** uuids that the statements of an episode may have, unless a model read them. */
export const statementUuids = (episode: string): string[] =>
  Array.from({ length: MOST }, (_, place) => derivedUuid('statement', episode, String(place)));

/** What an episode states that can end what others say: changes, and values of properties that have one at a time. */
export function statementsOf(episode: DatedText & { readonly uuid: string }): Statement[] {
  const sentences = parseSentences(episode);
  const found = [
    ...sentences.flatMap((sentence) => statementsIn(sentence, episode)),
    ...sentences.flatMap((sentence) => correctionsOf(sentence, episode)),
  ];
  return found
    .slice(0, MOST)
    .map((it, place) => ({ ...it, uuid: derivedUuid('statement', episode.uuid, String(place)) }));
}

function statementsIn(
  sentence: ParsedSentence,
  { uuid: episode, referenceTime }: DatedText & { readonly uuid: string },
): Statement[] {
  const place = placeOf(sentence, { uuid: episode, referenceTime });
  const holds = (sentence.isFirm ? sentence.propertyValues : [])
    .filter(({ isSingle, isNews, value, kind }) => (isSingle || isNews) && value.length > 0 && kind !== 'none')
    .map(({ key, subject, verb, value, isNews, isSingle }) => ({
      ...place,
      kind: 'holds' as const,
      key,
      subject,
      verb,
      value,
      isNews,
      isSingle,
    }));
  const ends = sentence.changes.map((change) => ({
    ...place,
    ...change,
    kind: 'ends' as const,
    key: `-${keyTermOf(change)}`,
  }));
  return [...ends, ...holds.filter(({ key }) => key !== '')];
}

function placeOf(
  { text, start, end, scope, dates }: ParsedSentence,
  { uuid: episode, referenceTime }: Pick<DatedText, 'referenceTime'> & { readonly uuid: string },
): Omit<StatementPlace, 'key'> {
  const when = validityPeriod(dates, referenceTime);
  const times = { saidAt: referenceTime, validAt: when.validAt ?? referenceTime, invalidAt: when.invalidAt };
  return { uuid: '', episode, scope, text, start, end, ...times };
}

function correctionsOf(sentence: ParsedSentence, episode: DatedText & { readonly uuid: string }): Statement[] {
  if (!isCorrection(sentence)) return [];
  const { content, source } = episode;
  const all = [...proseParagraphs(content, source === 'message')].flatMap(({ start, end }) =>
    sentenceRanges(content.slice(start, end), start).map((range) => content.slice(range.start, range.end)),
  );
  return correctionsIn(sentence, all).map((change) => {
    // "No, it is 8081. In staging the proxy listens on 8081."
    const about = all
      .filter((text) => change.newValue.some((term) => isNumber(term) && text.includes(term)))
      .map((text) => statementScope(text));
    const scope = termKey(new Set([sentence.scope, ...about].flatMap((it) => it.split(' ')).filter(Boolean)));
    return { ...placeOf(sentence, episode), ...change, scope, kind: 'ends', key: `-${correctionKeyTerm(change)}` };
  });
}
