import type { GroupGraph } from '../graph/group-graph.ts';
import { endedFacts } from '../graph/queries/facts-of-episodes.ts';
import { comparable, isAfter, type Moment } from '../graph/queries/moment.ts';
import type { PassageRow } from '../graph/queries/passages.ts';

/** A part of a passage's text that no longer holds. */
export interface EndedRange {
  /** Within the text that the passage's own range counts in. */
  readonly start: number;
  readonly end: number;
  /** When it ended, in the graph's format. */
  readonly until: string;
  /** What holds instead, as a sentence; shown in its place. */
  readonly replacedBy?: string;
}

/**
 * What of some passages had ended at a moment, by the passages' uuids. It is worked out at reading, since passages are never
 * changed, and comes after the ranking and before anything is shown: the sentences of facts that have ended, where they stand
 * in the text word for word.
 * @param textOf the text that a passage's range counts in
 */
export async function endedRanges(
  graph: GroupGraph,
  passages: readonly PassageRow[],
  moment: Moment,
  textOf: (passage: PassageRow) => string | undefined,
): Promise<ReadonlyMap<string, readonly EndedRange[]>> {
  const episodes = [...new Set(passages.map(({ episode }) => episode))];
  if (episodes.length === 0 || moment.alsoEnded) return new Map();
  const ended = (await endedFacts(graph, episodes, moment)).filter(
    ({ invalidAt, expiredAt }) =>
      comparable(invalidAt) !== null &&
      !isAfter(invalidAt, moment.asOf) &&
      !(moment.knownAt && isAfter(expiredAt, moment.knownAt)),
  );
  const byEpisode = Map.groupBy(ended, ({ episode }) => episode);
  return new Map(
    passages.flatMap((passage) => {
      const text = textOf(passage);
      const facts = byEpisode.get(passage.episode);
      if (text === undefined || !facts) return [];
      const ranges = facts.flatMap(({ fact, invalidAt }) =>
        placesOf(fact, text, passage).map((range) => ({ ...range, until: invalidAt ?? '' })),
      );
      return ranges.length > 0 ? [[passage.uuid, ranges] as const] : [];
    }),
  );
}

const SPEAKER = /^[\p{L}][\p{L}\p{N}_.-]*: /u;

/** Where a sentence stands in a part of a text, whatever its white space and marks of emphasis. */
function placesOf(sentence: string, text: string, { start, end }: { start: number; end: number }) {
  const [wanted] = bare(sentence.replace(SPEAKER, ''));
  const needle = wanted.trim().replace(/[.!?]+$/, '');
  const [haystack, places] = bare(text.slice(start, end));
  const at = needle === '' ? -1 : haystack.indexOf(needle);
  if (at < 0) return [];
  return [{ start: start + (places[at] ?? 0), end: start + (places[at + needle.length - 1] ?? 0) + 1 }];
}

/** A text without marks and with single spaces, and where each of its characters stood. */
function bare(text: string): [string, number[]] {
  let result = '';
  const places: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '`' || character === '*') continue;
    const isSpace = /\s/.test(character);
    if (isSpace && result.endsWith(' ')) continue;
    result += isSpace ? ' ' : character;
    places.push(at);
  }
  return [result, places];
}
