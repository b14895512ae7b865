import { derivedUuid } from '../derived-uuid.ts';
import { validity } from '../english/dates.ts';
import { prose } from '../english/prose.ts';
import { sentenceRanges } from '../english/sentences.ts';
import { anchorOf, type Change } from './change.ts';
import type { Claim } from './claim.ts';
import { correctionAnchor, correctionsIn, isCorrection } from './correction.ts';
import { type ReadSentence, scopeOf, sentencesOf, type Told } from './sentence.ts';
import { isNumber, keyOf } from './word.ts';

/** One episode's word that a property has a value, or that something holds no more. Never changed once it is written. */
export type Statement = StatementPlace &
  (
    | ({ readonly kind: 'holds' } & Pick<Claim, 'subject' | 'verb' | 'value' | 'isNews' | 'isSingle'>)
    | ({ readonly kind: 'ends' } & Change)
  );

export interface StatementPlace {
  readonly uuid: string;
  readonly episode: string;
  /** By which it is found: subject, scope and property of what holds; `-` and a word of what ends. */
  readonly key: string;
  readonly scope: string;
  /** The sentence, and its place in the episode's text (UTF-16). */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly told: Date;
  /** When the memory learnt it; as told where that is not known. */
  readonly known?: Date;
  readonly episodeName?: string;
  /** From when on; later than `told` for what is to come. */
  readonly at: Date;
  /** Until when, where it says so: then it ends nothing for good. */
  readonly until: Date | null;
}

const MOST = 200;

/** What an episode states that can end what others say: changes, and values of properties that have one at a time. */
export function statementsOf(episode: Told & { readonly uuid: string }): Statement[] {
  const sentences = sentencesOf(episode);
  const found = [
    ...sentences.flatMap((sentence) => statementsIn(sentence, episode)),
    ...sentences.flatMap((sentence) => correctionsOf(sentence, episode)),
  ];
  return found
    .slice(0, MOST)
    .map((it, place) => ({ ...it, uuid: derivedUuid('statement', episode.uuid, String(place)) }));
}

function statementsIn(
  sentence: ReadSentence,
  { uuid: episode, referenceTime }: Told & { readonly uuid: string },
): Statement[] {
  const place = placeOf(sentence, { uuid: episode, referenceTime });
  const holds = (sentence.isFirm ? sentence.claims : [])
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
    key: `-${anchorOf(change)}`,
  }));
  return [...ends, ...holds.filter(({ key }) => key !== '')];
}

function placeOf(
  { text, start, end, scope, dates }: ReadSentence,
  { uuid: episode, referenceTime }: Pick<Told, 'referenceTime'> & { readonly uuid: string },
): Omit<StatementPlace, 'key'> {
  const when = validity(dates, referenceTime);
  const times = { told: referenceTime, at: when.validAt ?? referenceTime, until: when.invalidAt };
  return { uuid: '', episode, scope, text, start, end, ...times };
}

function correctionsOf(sentence: ReadSentence, episode: Told & { readonly uuid: string }): Statement[] {
  if (!isCorrection(sentence)) return [];
  const { content, source } = episode;
  const all = [...prose(content, source === 'message')].flatMap(({ start, end }) =>
    sentenceRanges(content.slice(start, end), start).map((range) => content.slice(range.start, range.end)),
  );
  return correctionsIn(sentence, all).map((change) => {
    // "No, it is 8081. In staging the proxy listens on 8081."
    const about = all.filter((text) => change.now.some((term) => isNumber(term) && text.includes(term))).map(scopeOf);
    const scope = keyOf(new Set([sentence.scope, ...about].flatMap((it) => it.split(' ')).filter(Boolean)));
    return { ...placeOf(sentence, episode), ...change, scope, kind: 'ends', key: `-${correctionAnchor(change)}` };
  });
}
