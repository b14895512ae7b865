import { derivedUuid } from '../derived-uuid.ts';
import { validity } from '../english/dates.ts';
import { anchorOf, type Change } from './change.ts';
import type { Claim } from './claim.ts';
import { type ReadSentence, sentencesOf, type Told } from './sentence.ts';

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
  const found = sentencesOf(episode).flatMap((sentence) => statementsIn(sentence, episode));
  return found
    .slice(0, MOST)
    .map((it, place) => ({ ...it, uuid: derivedUuid('statement', episode.uuid, String(place)) }));
}

function statementsIn(
  sentence: ReadSentence,
  { uuid: episode, referenceTime }: Told & { readonly uuid: string },
): Statement[] {
  const { text, start, end, scope, dates } = sentence;
  const when = validity(dates, referenceTime);
  const place = {
    uuid: '',
    episode,
    scope,
    text,
    start,
    end,
    told: referenceTime,
    at: when.validAt ?? referenceTime,
    until: when.invalidAt,
  };
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
