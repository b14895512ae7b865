import type { StoredFact } from '../graph/queries/find-facts.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import type { Support } from './timeline.ts';

/** An episode's word that whatever held between two entities had ended. */
export interface Ending {
  readonly episode: string;
  readonly at: Date;
}

const NONE = '-';
const written = (date: Date | null) => (date ? toGraphTime(date) : NONE);
const read = (text: string | undefined) => (text === NONE ? null : fromGraphTime(text));

/**
 * As it stands in a list of a `_Meta` node: `<episode> <said> <begin> <end>`, then the attributes if it tells any, then its own
 * words if it has such.
 */
export function supportText({ episode, said, begin, end, attributes, words }: Support): string {
  const told = attributes ? [encoded(attributes)] : words ? [NONE] : [];
  const own = words ? [encoded([words.relation, words.fact])] : [];
  return [episode || NONE, toGraphTime(said), written(begin), written(end), ...told, ...own].join(' ');
}

const encoded = (value: object) => encodeURIComponent(JSON.stringify(value));
const decoded = (text: string) => JSON.parse(decodeURIComponent(text));

function readSupport(text: string): Support {
  const [episode = '', said, begin, end, told = NONE, own] = text.split(' ');
  const [relation, fact] = own ? decoded(own) : [];
  return {
    episode: episode === NONE ? '' : episode,
    said: fromGraphTime(said) ?? new Date(0),
    begin: read(begin),
    end: read(end),
    ...(told !== NONE && { attributes: decoded(told) }),
    ...(own && { words: { relation, fact } }),
  };
}

/** Names of the attributes that are on a stored fact because somebody whose word was kept told them. */
export function attributesTold(fact: StoredFact | undefined): string[] {
  return (fact?.supports ?? []).flatMap((text) => Object.keys(readSupport(text).attributes ?? {}));
}

/** `<episode> <at>` */
export const endingText = ({ episode, at }: Ending): string => `${episode} ${toGraphTime(at)}`;

export function readEnding(text: string): Ending[] {
  const [episode = '', time] = text.split(' ');
  const at = fromGraphTime(time);
  return at ? [{ episode, at }] : [];
}

/**
 * Who says a stored fact. Where no evidence was kept its own properties tell: the first episode gave it its dates, each other
 * one says that it held at that episode's time. Python leaves such facts behind, also ones without an episode.
 * @param times reference times (graph format) of episodes
 */
export function supportsOf(fact: StoredFact, times: ReadonlyMap<string, string>): Support[] {
  if (fact.supports) return fact.supports.map(readSupport);
  const told = fromGraphTime(fact.referenceTime) ?? fromGraphTime(fact.createdAt) ?? new Date(0);
  const first = {
    episode: fact.episodes[0] ?? '',
    said: told,
    begin: fromGraphTime(fact.validAt),
    end: fromGraphTime(fact.invalidAt),
  };
  const others = [...new Set(fact.episodes.slice(1))].filter((episode) => episode !== first.episode);
  return [
    first,
    ...others.map((episode) => {
      const said = fromGraphTime(times.get(episode)) ?? told;
      // It may have been said after the end that we cannot tell from a later one; then it would begin anew out of nothing.
      const begin = first.end && said >= first.end ? first.begin : said;
      return { episode, said, begin, end: null };
    }),
  ];
}
