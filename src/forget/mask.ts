import type { Commit } from '../graph/changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { episodeKey } from '../graph/queries/record.ts';
import { statementRow } from '../graph/queries/statements.ts';
import { episodesToCut, type UncutEpisode } from '../graph/queries/uncut-episodes.ts';
import { embeddedText, PASSAGE_VERSION, passagesOf, textOf } from '../passages/passages.ts';
import { type Range, sentencesOf } from '../passages/sentences.ts';
import { termsOf } from '../passages/terms.ts';
import { statementsOf } from '../statements/statement.ts';
import { oneLine } from '../text.ts';
import { fromGraphTime } from '../time.ts';

type Masked = Pick<Commit, 'maskedEpisodes' | 'maskedVectors'>;

/**
 * Removes the sentences that state what is forgotten from episodes, and rebuilds everything derived from their texts.
 * @param stated by episode, the wordings to look for
 */
export async function maskSentences(
  graph: GroupGraph,
  stated: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<Masked> {
  if (stated.size === 0) return { maskedEpisodes: [], maskedVectors: [] };
  const episodes = await episodesToCut(graph, [...stated.keys()]);
  const masked = episodes.flatMap((episode) => maskOne(episode, [...(stated.get(episode.uuid) ?? [])]));
  return {
    maskedEpisodes: masked.map(({ vectors: _, ...episode }) => episode),
    maskedVectors: masked.flatMap(({ vectors }) => vectors),
  };
}

function maskOne(episode: UncutEpisode, facts: readonly string[]) {
  const { uuid, time, known, source, saga } = episode;
  const content = withoutSentences(episode.content, facts);
  const before = episode.metadata === null ? null : JSON.parse(episode.metadata);
  const metadata = withoutInTools(before, facts);
  if (content === episode.content && metadata === before) return [];
  const isCut = source !== 'fact_triple' && content.trim() !== '';
  const passages = isCut ? passagesOf({ uuid, content, source, metadata, saga }) : [];
  const referenceTime = fromGraphTime(time);
  const statements = isCut && referenceTime ? statementsOf({ uuid, content, source, referenceTime }) : [];
  return [
    {
      ...{ uuid, key: episodeKey(uuid), content },
      metadata: metadata === before ? episode.metadata : JSON.stringify(metadata),
      passages: passages.map((passage) => ({ ...passage, time, known, version: PASSAGE_VERSION })),
      statements: statements.filter(({ text }) => !isOfAny(text, facts)).map(statementRow),
      vectors: passages.map((passage) => ({
        ...{ uuid: passage.uuid, episode: uuid, embedding: [] },
        text: oneLine(embeddedText(textOf(passage.source, content, metadata), passage)),
      })),
    },
  ];
}

interface Tools {
  readonly tools?: unknown;
}

/** Inputs and outputs of tools are in passages too. */
function withoutInTools<T extends Tools | null>(metadata: T, facts: readonly string[]): T {
  if (!metadata || !Array.isArray(metadata.tools)) return metadata;
  const tools = metadata.tools.map((tool) => {
    if (tool === null || typeof tool !== 'object') return tool;
    return Object.fromEntries(
      Object.entries(tool).map(([name, text]) => [
        name,
        typeof text === 'string' ? withoutSentences(text, facts) : text,
      ]),
    );
  });
  return JSON.stringify(tools) === JSON.stringify(metadata.tools) ? metadata : { ...metadata, tools };
}

const SPEAKER = /^[\p{L}][\p{L}\p{N}_.-]*: /u;
/** Most lines that are joined to one sentence. */
const MAX_LINES = 6;

/** Removes sentences that contain all words of one of the facts; the line breaks after them stay. */
export function withoutSentences(text: string, facts: readonly string[]): string {
  const termSets = facts.map((fact) => new Set(termsOf(fact.replace(SPEAKER, '')))).filter(({ size }) => size > 0);
  const units = sentencesOf(text).map((range) => ({ ...range, terms: termsOf(text.slice(range.start, range.end)) }));
  const masked = new Set<Range>();
  for (const terms of termSets) {
    for (let first = 0; first < units.length; first += 1) {
      const held = new Set<string>();
      for (let last = first; last < Math.min(units.length, first + MAX_LINES); last += 1) {
        const unit = units[last] as (typeof units)[number];
        for (const term of unit.terms) held.add(term);
        // A fact of one word matches only an identical sentence.
        if ([...terms].every((term) => held.has(term)) && (terms.size > 1 || held.size === 1)) {
          for (const it of units.slice(first, last + 1)) masked.add(it);
          break;
        }
        // A sentence continues in the next line only if it has not ended in this one.
        if (!/[^.!?…:。！？\s]["'”’)\]]*[ \t]*\r?\n$/.test(text.slice(unit.start, unit.end))) break;
      }
    }
  }
  let [left, at] = ['', 0];
  for (const unit of units.filter((it) => masked.has(it))) {
    const breaks = /\r?\n\s*$/.exec(text.slice(unit.start, unit.end))?.[0] ?? '';
    left += text.slice(at, unit.start) + breaks;
    at = unit.end;
  }
  return at === 0 ? text : left + text.slice(at);
}

/** Whether a statement's text equals, contains or is part of the text of one of the facts. */
export function isOfAny(text: string, facts: readonly string[]): boolean {
  const bareText = alphanumeric(text);
  if (bareText === '') return false;
  return facts.map(alphanumeric).some((fact) => fact !== '' && (fact.includes(bareText) || bareText.includes(fact)));
}

/** Only letters and digits: a fact's text is its sentence without punctuation, perhaps with the speaker. */
const alphanumeric = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
