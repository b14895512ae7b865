import type { GroupGraph } from '../../../graph/group-graph.ts';
import { endedFacts } from '../../../graph/queries/episodes.ts';
import { type PassageRow, replacementsOf, turnsContaining } from '../../../graph/queries/passages.ts';
import type { FactRow } from '../../../graph/queries/search-facts.ts';
import { hasEnded, isAfter, type Moment } from '../../../graph/queries/time-conditions.ts';
import { isTableRow } from '../../../passages/lines.ts';
import { headingsOf } from '../../../passages/passages.ts';
import { SPEAKER_PREFIX } from '../../../passages/speakers.ts';
import type { EndedSentence } from '../../../statements/ended-ranges.ts';
import type { Statement } from '../../../statements/statement.ts';
import { stemsOf, wordsOf } from '../../../statements/words.ts';
import { day, toGraphTime } from '../../../time.ts';
import type { FoundItems } from '../../results.ts';
import { speakerLabel } from '../excerpt/speaker-label.ts';
import { findEndedSentences, type ShownPart } from './ended-sentences.ts';
import { markedText, textWithMarks } from './ended-text.ts';

/** A part of a passage's text that no longer holds. */
export interface EndedRange {
  /** Positions in the text that the passage's own range refers to. */
  readonly start: number;
  readonly end: number;
  /** When it ended, in the graph's format. */
  readonly until: string;
  /**
   * `ended`: nothing took its place. `replaced`: by another statement. `part`: the rest of the sentence still holds. `corrected`: the sentence
   * holds with another number.
   */
  readonly kind: 'ended' | 'replaced' | 'part' | 'corrected';
  /** The later statement. */
  readonly endedBy?: Statement;
  /** The sentence with the right number. */
  readonly corrected?: string;
  /** The answer shows the later statement itself. */
  readonly isShownElsewhere?: boolean;
}

/** Current facts of an answer, and the ended parts of its passages. */
export interface CurrentContent {
  /** The facts that hold. */
  readonly facts: readonly FactRow[];
  /** By the passages' uuids; no entry for a passage without ended parts. */
  readonly ended: ReadonlyMap<string, readonly EndedRange[]>;
}

/**
 * Finds which facts and parts of passages had ended at a moment: sentences that a later statement ended, and the exact sentences of facts that
 * have ended. Stored passages never change, so this runs for each answer, after the ranking. Facts and passages share the queries.
 * @param reading the texts that the passages' ranges refer to; queries that need no text run meanwhile
 */
export async function findCurrentContent(
  graph: GroupGraph,
  shownFacts: readonly FactRow[],
  passages: readonly PassageRow[],
  moment: Moment,
  reading: Promise<{ readonly textAt: (passage: PassageRow) => string | undefined }>,
): Promise<CurrentContent> {
  const episodes = [...new Set(passages.map(({ episode }) => episode))];
  if (moment.alsoEnded || episodes.length + shownFacts.length === 0) return { facts: shownFacts, ended: new Map() };
  const [replacements, facts, stated] = await Promise.all([
    replacedAt(graph, [...new Set([...episodes, ...factAndEpisodeUuids(shownFacts)])], moment),
    episodes.length > 0 ? endedFacts(graph, episodes, moment) : [],
    reading.then(({ textAt }) =>
      findEndedSentences(
        graph,
        [...partsOfFacts(shownFacts), ...passages.flatMap((passage) => partOf(passage, textAt(passage)))],
        moment,
      ),
    ),
  ]);
  const { textAt } = await reading;
  const ended = facts.filter((fact) => hasEnded(fact, moment));
  const byEpisode = Map.groupBy(ended, ({ episode }) => episode);
  const ranges = new Map(
    passages.flatMap((passage): (readonly [string, readonly EndedRange[]])[] => {
      const text = textAt(passage);
      if (text === undefined) return [];
      const { uuid, start, end } = passage;
      const until = replacements.get(passage.episode);
      if (until !== undefined) return [[uuid, [{ start, end, until, kind: 'ended' }]]];
      const replaced = (stated.get(passage.uuid) ?? []).map(endedRangeOf);
      const ofFacts = (byEpisode.get(passage.episode) ?? []).flatMap(({ fact, evidence, invalidAt }) =>
        placesOf(evidence ?? fact, text, passage).map((range) => ({
          ...range,
          until: invalidAt ?? '',
          kind: 'ended' as const,
        })),
      );
      const own = [
        ...replaced,
        ...ofFacts.filter((it) => !replaced.some((other) => it.start < other.end && other.start < it.end)),
      ];
      return own.length > 0 ? [[uuid, own]] : [];
    }),
  );
  return { facts: shownFacts.filter((fact) => isFactCurrent(fact, replacements, stated)), ended: ranges };
}

/** The answer without facts that have ended, and with the current statement in place of each sentence that has ended. */
export async function withCurrentText(graph: GroupGraph, found: FoundItems, moment: Moment): Promise<FoundItems> {
  const { facts, episodes } = found;
  if (moment.alsoEnded || facts.length + episodes.length === 0) return found;
  const [replaced, ended] = await Promise.all([
    replacedAt(graph, [...new Set([...factAndEpisodeUuids(facts), ...episodes.map(({ uuid }) => uuid)])], moment),
    findEndedSentences(
      graph,
      [
        ...partsOfFacts(facts),
        ...episodes.map((it) => ({
          ...{ id: it.uuid, episode: it.uuid, text: it.excerpt, start: 0 },
          saidAt: it.referenceTime,
        })),
      ],
      moment,
    ),
  ]);
  const isOver = (id: string) => replaced.has(id) || (ended.get(id) ?? []).some(({ isPart }) => !isPart);
  const shown = new Set(episodes.filter(({ uuid }) => !isOver(uuid)).map(({ excerpt }) => excerpt));
  const ranges = new Map(
    episodes.flatMap(({ uuid }) => (ended.get(uuid) ?? []).slice(0, 1).map((it) => [uuid, endedRangeOf(it)])),
  );
  const speakers = await speakersOf(graph, [...ranges.values()]);
  return {
    ...found,
    facts: facts.filter((it) => isFactCurrent(it, replaced, ended)),
    episodes: episodes.flatMap((it) => {
      const until = replaced.get(it.uuid);
      if (until !== undefined) return [{ ...it, excerpt: `[until ${day(until)}:] ${it.excerpt}` }];
      const range = ranges.get(it.uuid);
      if (!range) return [it];
      const said = range.endedBy?.text ?? '';
      if (range.kind === 'replaced' && shown.has(said)) return [];
      shown.add(said);
      const marked = markedText(it.excerpt, { start: 0, end: it.excerpt.length }, [range], speakers);
      return [{ ...it, excerpt: [textWithMarks(marked), ...marked.notes].join(' ') }];
    }),
  };
}

/** The labels of those who said what holds instead of some ended sentences (`assistant:`), by the uuids of the statements. */
export async function speakersOf(graph: GroupGraph, ended: readonly EndedRange[]): Promise<Map<string, string>> {
  const statements = new Map(ended.flatMap(({ endedBy }) => (endedBy ? [[endedBy.uuid, endedBy] as const] : [])));
  const turns = await turnsContaining(graph, [...statements.values()]);
  return new Map(
    turns.map(({ uuid, role, content }) => [uuid, speakerLabel(content, role, statements.get(uuid)?.start ?? 0).label]),
  );
}

/** What a note may replace of some facts: themselves and the episodes that state them. */
export const factAndEpisodeUuids = (facts: readonly FactRow[]): string[] =>
  facts.flatMap(({ uuid, episodes }) => [uuid, ...(episodes ?? [])]);

/** Facts as `findEndedSentences` takes them. */
export const partsOfFacts = (facts: readonly FactRow[]): ShownPart[] =>
  facts.map((it) => ({
    ...{ id: it.uuid, episode: it.episodes[0] ?? '', text: it.fact, start: 0 },
    saidAt: it.validAt ?? it.createdAt,
  }));

/** Whether a fact holds, from what was replaced and what has ended. */
export function isFactCurrent(
  fact: FactRow,
  replaced: ReadonlyMap<string, string>,
  ended: ReadonlyMap<string, readonly EndedSentence[]>,
): boolean {
  const { uuid, episodes } = fact;
  const isReplaced = replaced.has(uuid) || (episodes.length > 0 && episodes.every((episode) => replaced.has(episode)));
  return !isReplaced && !(ended.get(uuid) ?? []).some((sentence) => endsFact(sentence, fact));
}

/**
 * Whether a fact ends with a sentence. Of "Heron is written in Rust and draws with wgpu" the fact about Rust holds when Heron draws with
 * something else.
 */
export function endsFact(
  { isPart, endedTerms }: Pick<EndedSentence, 'isPart' | 'endedTerms'>,
  { source, target }: Pick<FactRow, 'source' | 'target'>,
): boolean {
  if (!isPart) return true;
  return [source, target].some((name) => {
    const terms = stemsOf(wordsOf(name, []));
    return terms.length > 0 && terms.every((term) => endedTerms.includes(term));
  });
}

/** When episodes and facts were replaced by a note, as of a moment; by uuid. */
export async function replacedAt(
  graph: GroupGraph,
  uuids: readonly string[],
  { asOf, knownAt }: Moment,
): Promise<Map<string, string>> {
  const replacements = await replacementsOf(graph, uuids).catch((error: unknown) => {
    // A graph of an earlier release has no index of passages until a worker has prepared it.
    if (error instanceof Error && /index|attribute/i.test(error.message)) return [];
    throw error;
  });
  return new Map(
    replacements
      .filter(({ time, known }) => !isAfter(time, asOf) && !(knownAt && isAfter(known, knownAt)))
      .map(({ uuid, time }) => [uuid, time]),
  );
}

/** The place of a sentence in a part of a text; white space and marks of emphasis may differ. */
function placesOf(sentence: string, text: string, { start, end }: { start: number; end: number }) {
  const [wanted] = bare(sentence.replace(SPEAKER_PREFIX, ''));
  const needle = wanted.trim().replace(/[.!?]+$/, '');
  const [haystack, places] = bare(text.slice(start, end));
  const at = needle === '' ? -1 : haystack.indexOf(needle);
  if (at < 0) return [];
  return [{ start: start + (places[at] ?? 0), end: start + (places[at + needle.length - 1] ?? 0) + 1 }];
}

/** A text without marks of emphasis and with single spaces, and the original position of each character. */
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

/** The output of tools is no statement, so it neither ends nor is ended. */
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
      saidAt: time,
      // The header of a table names the scopes of its columns, not that of a row.
      headings: headingsOf(text, headings).filter((heading) => !isTableRow(heading)),
    },
  ];
}

export function endedRangeOf({ start, end, until, endedBy, isPart, corrected }: EndedSentence): EndedRange {
  const range = { start, end, until: toGraphTime(until), endedBy };
  if (corrected !== undefined) return { ...range, kind: 'corrected', corrected };
  return { ...range, kind: isPart ? 'part' : 'replaced' };
}
