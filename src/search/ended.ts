import type { GroupGraph } from '../graph/group-graph.ts';
import { endedFacts } from '../graph/queries/episodes.ts';
import { comparable, isAfter, type Moment } from '../graph/queries/moment.ts';
import type { PassageRow } from '../graph/queries/passages.ts';
import { headingsOf } from '../passages/passages.ts';
import type { EndedRange as StatedRange } from '../statements/endings.ts';
import type { Statement } from '../statements/statement.ts';
import { day, toGraphTime } from '../time.ts';
import { endedIn, replacedAt, type ShownPart } from './what-holds.ts';

/** A part of a passage's text that no longer holds. */
export interface EndedRange {
  /** Within the text that the passage's own range counts in. */
  readonly start: number;
  readonly end: number;
  /** When it ended, in the graph's format. */
  readonly until: string;
  /** What holds instead, as a sentence; shown in its place. */
  readonly replacedBy?: string;
  /** The statement that says so. */
  readonly by?: Statement;
}

/**
 * What of some passages had ended at a moment, by the passages' uuids. It is worked out at reading, since passages are never
 * changed, and comes after the ranking and before anything is shown: sentences that a later statement ends, and those of facts
 * that have ended, where they stand in the text word for word.
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
  const [replacements, facts, stated] = await Promise.all([
    replacedAt(graph, episodes, moment),
    endedFacts(graph, episodes, moment),
    endedIn(
      graph,
      passages.flatMap((passage) => partOf(passage, textOf(passage))),
      moment,
    ),
  ]);
  const ended = facts.filter(
    ({ invalidAt, expiredAt }) =>
      comparable(invalidAt) !== null &&
      !isAfter(invalidAt, moment.asOf) &&
      !(moment.knownAt && isAfter(expiredAt, moment.knownAt)),
  );
  const byEpisode = Map.groupBy(ended, ({ episode }) => episode);
  return new Map(
    passages.flatMap((passage): (readonly [string, readonly EndedRange[]])[] => {
      const text = textOf(passage);
      if (text === undefined) return [];
      const { uuid, start, end } = passage;
      const until = replacements.get(passage.episode);
      if (until !== undefined) return [[uuid, [{ start, end, until }]]];
      const replaced = (stated.get(passage.uuid) ?? []).map((range) => inPlace(range, text));
      const ofFacts = (byEpisode.get(passage.episode) ?? []).flatMap(({ fact, evidence, invalidAt }) =>
        placesOf(evidence ?? fact, text, passage).map((range) => ({ ...range, until: invalidAt ?? '' })),
      );
      const ranges = [
        ...replaced,
        ...ofFacts.filter((it) => !replaced.some((other) => it.start < other.end && other.start < it.end)),
      ];
      return ranges.length > 0 ? [[uuid, ranges]] : [];
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

/** What tools print ends nothing and is no statement. */
function partOf(
  { uuid, episode, start, end, time, headings, source }: PassageRow,
  text: string | undefined,
): ShownPart[] {
  if (text === undefined || source !== '') return [];
  return [
    {
      id: uuid,
      episode,
      text: text.slice(start, end),
      start,
      told: time,
      headings: headingsOf(text, headings).join(' '),
    },
  ];
}

/** Of a sentence that says more than what ended both are shown. */
function inPlace({ start, end, until, by, isPart, corrected }: StatedRange, text: string): EndedRange {
  const range = { start, end, until: toGraphTime(until) };
  if (corrected !== undefined)
    return { ...range, replacedBy: `${corrected} (corrected ${day(toGraphTime(by.told))}: ${by.text})` };
  if (isPart) return { ...range, replacedBy: `${text.slice(start, end)} (${day(toGraphTime(by.told))}: ${by.text})` };
  return { ...range, replacedBy: `since ${day(toGraphTime(by.told))}: ${by.text}`, by };
}
