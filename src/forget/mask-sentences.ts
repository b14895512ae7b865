import type { CommitChanges } from '../graph/commit-changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { episodesToCut, type UncutEpisode } from '../graph/queries/passage-upkeep.ts';
import { episodeKey } from '../graph/queries/record.ts';
import { statementRow } from '../graph/queries/statements.ts';
import { embeddablePassages, PASSAGE_VERSION, passagesOf } from '../passages/passages.ts';
import { type Range, sentencesOf } from '../passages/sentences.ts';
import { SPEAKER_PREFIX } from '../passages/speakers.ts';
import { termsOf } from '../passages/terms.ts';
import { statementsOf } from '../statements/statement.ts';
import { oneLine } from '../text.ts';
import { fromGraphTime } from '../time.ts';

type Masked = Pick<CommitChanges, 'maskedEpisodes' | 'maskedVectors'>;

/** Sentences that have all words of a wording, and perhaps others; or only those that have these words, in this order. */
export type SentenceMatch = 'containing' | 'equal';

/**
 * Removes the sentences that state what is forgotten from episodes, and rebuilds everything derived from their texts.
 * @param stated by episode, the wordings to look for
 */
export async function maskSentences(
  graph: GroupGraph,
  stated: ReadonlyMap<string, ReadonlySet<string>>,
  match: SentenceMatch,
): Promise<Masked> {
  if (stated.size === 0) return { maskedEpisodes: [], maskedVectors: [] };
  const episodes = await episodesToCut(graph, [...stated.keys()]);
  const masked = episodes.flatMap((episode) => maskOne(episode, [...(stated.get(episode.uuid) ?? [])], match));
  return {
    maskedEpisodes: masked.map(({ vectors: _, ...episode }) => episode),
    maskedVectors: masked.flatMap(({ vectors }) => vectors),
  };
}

function maskOne(episode: UncutEpisode, facts: readonly string[], match: SentenceMatch) {
  const changed = changedTexts(episode, facts, match);
  if (!changed) return [];
  const { content, metadata, isMetadataChanged } = changed;
  const metadataText = isMetadataChanged ? JSON.stringify(metadata) : episode.metadata;
  return [rebuiltEpisode({ ...episode, content, metadata: metadataText }, ({ text }) => !matchesAnyFact(text, facts))];
}

/** Everything that is derived from an episode's texts, with the texts to embed. */
export function rebuiltEpisode(
  { uuid, time, known, source, saga, content, metadata: metadataText }: UncutEpisode,
  isKept: (statement: { readonly text: string }) => boolean = () => true,
) {
  const metadata = metadataText === null ? null : JSON.parse(metadataText);
  const isCut = source !== 'fact_triple' && content.trim() !== '';
  const passages = isCut ? passagesOf({ uuid, content, source, metadata, saga }) : [];
  const referenceTime = fromGraphTime(time);
  const statements = isCut && referenceTime ? statementsOf({ uuid, content, source, referenceTime }) : [];
  return {
    ...{ uuid, key: episodeKey(uuid), content, metadata: metadataText },
    passages: passages.map((passage) => ({ ...passage, time, known, version: PASSAGE_VERSION })),
    statements: statements.filter(isKept).map(statementRow),
    vectors: embeddablePassages(passages, content).map(({ passage, text }) => ({
      ...{ uuid: passage.uuid, episode: uuid, embedding: [] },
      text: oneLine(text),
    })),
  };
}

/** The texts of an episode without such sentences; undefined if none has one. */
export function changedTexts(
  episode: Pick<UncutEpisode, 'content' | 'metadata'>,
  facts: readonly string[],
  match: SentenceMatch,
) {
  const content = withoutSentences(episode.content, facts, match);
  const before = episode.metadata === null ? null : JSON.parse(episode.metadata);
  const metadata = withoutInTools(before, facts, match);
  const isMetadataChanged = metadata !== before;
  return content === episode.content && !isMetadataChanged ? undefined : { content, metadata, isMetadataChanged };
}

interface Tools {
  readonly tools?: unknown;
}

/** Inputs and outputs of tools are in passages too. */
function withoutInTools<T extends Tools | null>(metadata: T, facts: readonly string[], match: SentenceMatch): T {
  if (!metadata || !Array.isArray(metadata.tools)) return metadata;
  const tools = metadata.tools.map((tool) => {
    if (tool === null || typeof tool !== 'object') return tool;
    return Object.fromEntries(
      Object.entries(tool).map(([name, text]) => [
        name,
        typeof text === 'string' ? withoutSentences(text, facts, match) : text,
      ]),
    );
  });
  return JSON.stringify(tools) === JSON.stringify(metadata.tools) ? metadata : { ...metadata, tools };
}

/** Most lines that are joined to one sentence. */
const MAX_LINES = 6;

/** The prefix of a sentence: the mark of a list, and the speaker's name. */
const LEAD = /^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+)?(?:[\p{L}][\p{L}\p{N}_.-]*: )?/u;

/** Removes sentences that contain all words of one of the facts, or are one of them; the line breaks after them stay. */
export function withoutSentences(text: string, facts: readonly string[], match: SentenceMatch = 'containing'): string {
  const wanted = facts.map((fact) => termsOf(fact.replace(SPEAKER_PREFIX, ''))).filter(({ length }) => length > 0);
  const units = sentencesOf(text).map((range) => {
    const words = text.slice(range.start, range.end);
    return { ...range, terms: termsOf(match === 'equal' ? words.replace(LEAD, '') : words) };
  });
  const masked = new Set<Range>();
  for (const terms of wanted) {
    for (let first = 0; first < units.length; first += 1) {
      const windowTerms: string[] = [];
      for (let last = first; last < Math.min(units.length, first + MAX_LINES); last += 1) {
        const unit = units[last] as (typeof units)[number];
        windowTerms.push(...unit.terms);
        if (isMatch(windowTerms, terms, match)) {
          for (const sentence of units.slice(first, last + 1)) masked.add(sentence);
          break;
        }
        // A sentence continues in the next line only if it has not ended in this one.
        if (!/[^.!?…:。！？\s]["'”’)\]]*[ \t]*\r?\n$/.test(text.slice(unit.start, unit.end))) break;
      }
    }
  }
  let [left, at] = ['', 0];
  for (const unit of units.filter((sentence) => masked.has(sentence))) {
    const breaks = /\r?\n\s*$/.exec(text.slice(unit.start, unit.end))?.[0] ?? '';
    left += text.slice(at, unit.start) + breaks;
    at = unit.end;
  }
  return at === 0 ? text : left + text.slice(at);
}

function isMatch(words: readonly string[], fact: readonly string[], match: SentenceMatch): boolean {
  if (match === 'equal') return words.join(' ') === fact.join(' ');
  const [held, wanted] = [new Set(words), new Set(fact)];
  // A fact of one word matches only an identical sentence.
  return [...wanted].every((term) => held.has(term)) && (wanted.size > 1 || held.size === 1);
}

/** Whether a statement's text equals, contains or is part of the text of one of the facts. */
export function matchesAnyFact(text: string, facts: readonly string[]): boolean {
  const bareText = alphanumeric(text);
  if (bareText === '') return false;
  return facts.map(alphanumeric).some((fact) => fact !== '' && (fact.includes(bareText) || bareText.includes(fact)));
}

/** Only letters and digits: a fact's text is its sentence without punctuation, perhaps with the speaker. */
const alphanumeric = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
