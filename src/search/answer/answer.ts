import type { GroupGraph } from '../../graph/group-graph.ts';
import { episodesOfPassages, type PassageEpisode, type PassageRow } from '../../graph/queries/passages.ts';
import type { FactRow } from '../../graph/queries/search-facts.ts';
import { headingsOf, textOf } from '../../passages/passages.ts';
import { queryTerms, termsOf } from '../../passages/terms.ts';
import type { Statement } from '../../statements/statement.ts';
import { fromGraphTime, toGraphTime } from '../../time.ts';
import type { SearchMethod } from '../recipes/recipes.ts';
import type { FoundFact, FoundItems, FoundPassage } from '../results.ts';
import type { SearchContext } from '../search-context.ts';
import { findCandidates } from './candidates/candidates.ts';
import { factsAboutSubject, type SubjectFact, sumOf } from './candidates/facts-about-subject.ts';
import { excerptBudget, excerptOf } from './excerpt/excerpt.ts';
import { type EndedRange, findCurrentContent, speakersOf } from './outdated/current-content.ts';
import type { Speakers } from './outdated/ended-text.ts';
import { outdatedFactor } from './outdated/outdated-factor.ts';
import { answerTypeMatcher } from './question/answer-type.ts';
import { dateWindowOf } from './question/date-window.ts';
import { subjectOf } from './question/question-subject.ts';
import { joinPassages } from './ranking/join-passages.ts';
import {
  factScoreParts,
  passageScoreParts,
  type RankedFact,
  type RankedPassage,
  type Ranking,
  rank,
  type ScoreParts,
} from './ranking/rank.ts';
import { keepRelevant } from './ranking/relevance.ts';

/** Factor that ranks a passage behind all current ones. */
const BEHIND = 0.99;
/** Passages read beyond the limit, since an outdated passage may fall behind them. */
const RESERVE = 2;
/** Of longer questions only the first terms count. */
const MOST_TERMS = 40;

/**
 * Facts and passages that answer, at most `limit` of each; empty if nothing is relevant. Candidates are ranked, the best are
 * read with their episodes, and outdated text is replaced, marked or left out. A question about one named thing is answered with the current
 * facts about it first.
 * @param asked the question as it was asked, if `context.query` is a part of it
 */
export async function findAnswer(
  context: SearchContext,
  methods: readonly SearchMethod[],
  limit: number,
  asked = context.query,
): Promise<FoundItems> {
  const terms = queryTerms(context.query).slice(0, MOST_TERMS);
  const [candidates, about] = await Promise.all([
    findCandidates(context, terms, methods),
    factsAboutSubject(context, subjectOf(asked)),
  ]);
  const now = fromGraphTime(context.moment.asOf.at) ?? new Date();
  const question = { text: context.query, terms, window: dateWindowOf(context.query, now) };
  const ranking = rank(question, candidates);
  const { count: relevantCount, ...relevant } = keepRelevant(ranking, limit);
  const count = about.length > 0 ? limit : relevantCount;
  if (count === 0) return { facts: [], episodes: [], passages: [] };
  const others = relevant.facts.slice(0, limit).map(plainFact);
  const rankedFacts = about.length > 0 ? subjectFirst(about, others, ranking) : others;
  const rankedPassages = joinPassages(ranking.passages, new Set(relevant.passages), limit + RESERVE);
  const current = await readCurrent(context, rankedFacts, rankedPassages, ranking, limit);
  const passages = withoutOutdated(current.passages);
  const currentFacts = new Set(current.facts.map(({ uuid }) => uuid));
  // A fact that has ended still takes part in the choice of the best, unless the question is about one thing.
  const isShown = ({ uuid }: FoundFact) => currentFacts.has(uuid);
  const facts = (about.length > 0 ? rankedFacts.filter(isShown).slice(0, limit) : rankedFacts).map((fact) =>
    withPassage(fact, passages),
  );
  const answers: FoundItems = count < limit ? bestOf(facts, passages, count) : { facts, episodes: [], passages };
  return { ...answers, facts: answers.facts.filter(isShown) };
}

/** The facts about the thing that the question names, above all others, since they are what the question asks for. */
function subjectFirst(about: readonly SubjectFact[], others: readonly FoundFact[], ranking: Ranking): FoundFact[] {
  const best = Math.max(ranking.passages[0]?.score ?? 0, ranking.facts[0]?.score ?? 0);
  const named = new Set(about.map(({ fact }) => fact.uuid));
  return [
    ...about.map(({ fact, importance }) => ({
      ...fact,
      score: best + sumOf(importance),
      scoreParts: { named: best, ...importance },
    })),
    ...others.filter(({ uuid }) => !named.has(uuid)),
  ];
}

/** Fully outdated passages are shown only if there are no others. */
function withoutOutdated(passages: readonly FoundPassage[]): FoundPassage[] {
  const areAllOutdated = passages.every(({ until }) => until !== undefined);
  return passages.filter(({ until }) => until === undefined || areAllOutdated);
}

/** The best answers, at most `count`; a fact that a passage states is one answer with the passage. */
function bestOf(facts: readonly FoundFact[], passages: readonly FoundPassage[], count: number): FoundItems {
  const statedIn = Map.groupBy(facts, (fact) => fact.statedIn);
  const answers = [
    ...(statedIn.get(undefined) ?? []).map((fact) => ({ score: fact.score, facts: [fact], passages: [] })),
    ...passages.map((passage) => {
      const stated = statedIn.get(passage.uuid) ?? [];
      return {
        score: Math.max(passage.score, ...stated.map(({ score }) => score)),
        facts: stated,
        passages: [passage],
      };
    }),
  ];
  const best = answers.sort((a, b) => b.score - a.score).slice(0, count);
  return { facts: best.flatMap((one) => one.facts), episodes: [], passages: best.flatMap((one) => one.passages) };
}

function plainFact({ fact: { cosine: _, ...row }, score, signals }: RankedFact): FoundFact {
  return { ...row, score, scoreParts: factScoreParts({ signals }) };
}

function withPassage(fact: FoundFact, passages: readonly FoundPassage[]): FoundFact {
  const passage = passages.find(
    ({ episode, excerpt }) => (fact.episodes ?? []).includes(episode.uuid) && holds(termsOf(excerpt), fact.fact),
  );
  return { ...fact, ...(passage && { statedIn: passage.uuid }) };
}

/** Speakers and marks that extraction leaves out do not count. */
function holds(terms: readonly string[], sentence: string): boolean {
  const held = new Set(terms);
  return termsOf(sentence).every((term) => held.has(term));
}

/**
 * The current facts, and the passages with their episodes and an excerpt. A passage whose episode was deleted is left out. A fully outdated
 * passage is replaced by the statement that superseded it, or shown with its end if nothing did. Of two equally good results the current one
 * comes first.
 */
async function readCurrent(
  { graph, moment, query }: SearchContext,
  facts: readonly FoundFact[],
  ranked: readonly RankedPassage[],
  { rarity }: Ranking,
  limit: number,
): Promise<{ readonly facts: readonly FactRow[]; readonly passages: readonly FoundPassage[] }> {
  const candidates = ranked.map(({ passage }) => passage);
  const hasValue = answerTypeMatcher(query);
  const reading = readEpisodes(graph, candidates);
  const [{ episodes, textAt }, current] = await Promise.all([
    reading,
    findCurrentContent(graph, facts, candidates, moment, reading),
  ]);
  const endedIn = (passage: PassageRow) => current.ended.get(passage.uuid) ?? [];
  const shown = ranked
    .map(({ passage, score, ...others }) => {
      const [text, ranges] = [textAt(passage) ?? '', endedIn(passage)];
      const { replacement } = endOf(passage, text, ranges);
      // The statement that is shown in place of a fully outdated passage is current.
      const isCurrent = replacement !== undefined && !isShown(replacement, candidates);
      return { ...others, passage, score: isCurrent ? score : score * outdatedFactor(passage, text, ranges, rarity) };
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
  const passages = shown.map(({ passage }) => passage);
  const speakers = await speakersOf(graph, passages.flatMap(endedIn));
  const lowestScore = Math.min(...shown.map(({ score }) => score));
  const found = shown.flatMap((rankedPassage, place): FoundPassage[] => {
    const { passage, score } = rankedPassage;
    const scoreParts = passageScoreParts(rankedPassage);
    const [episode, text] = [episodes.get(passage.episode), textAt(passage)];
    if (!episode || text === undefined) return [];
    const ended = endOf(passage, text, endedIn(passage));
    if (ended.replacement)
      return isShown(ended.replacement, passages) ? [] : [asPassage(ended.replacement, speakers, score, scoreParts)];
    const isReplacementShown = ({ kind, endedBy }: EndedRange) =>
      kind === 'replaced' && endedBy !== undefined && isShown(endedBy, passages);
    const ranges = ended.until === undefined ? ended.ranges : [];
    const marked = ranges.map((range) => ({ ...range, isShownElsewhere: isReplacementShown(range) }));
    const budget = excerptBudget(place, rankedPassage);
    const { turns } = rankedPassage;
    const excerpt = excerptOf(passage, text, { rarity, hasValue }, { ended: marked, speakers }, budget, turns);
    return [
      {
        ...withEpisode(passage, episode, text, ended.until),
        excerpt: excerpt.text,
        ...(excerpt.omitted > 0 && { omitted: excerpt.omitted }),
        // Behind the passage with the current statement.
        score: ended.ranges.some(isReplacementShown) ? BEHIND * lowestScore : score,
        scoreParts,
      },
    ];
  });
  return { facts: current.facts, passages: found.sort((a, b) => b.score - a.score) };
}

/** Which parts of a passage are outdated. */
interface PassageEnd {
  readonly ranges: readonly EndedRange[];
  /** Of a fully outdated passage: the statement that superseded it, or else the time of the last end. */
  readonly replacement?: Statement | undefined;
  readonly until?: string | undefined;
}

function endOf(passage: PassageRow, text: string, ranges: readonly EndedRange[]): PassageEnd {
  if (ranges.length === 0 || !isAllOf(passage, text, ranges)) return { ranges };
  const replacement = ranges.find(({ kind }) => kind === 'replaced')?.endedBy;
  const isReplaced = ranges.some(({ kind }) => kind !== 'ended');
  return { ranges, replacement, until: isReplaced ? undefined : lastOf(ranges) };
}

function withEpisode(
  passage: PassageRow,
  { uuid, name, referenceTime, sourceDescription }: PassageEpisode,
  text: string,
  until: string | undefined,
): Omit<FoundPassage, 'score' | 'scoreParts' | 'excerpt'> {
  const { kind, role, start, end, source } = passage;
  return {
    uuid: passage.uuid,
    episode: { uuid, name, referenceTime },
    ...{ kind, role, headings: headingsOf(text, passage.headings), start, end },
    ...(source !== '' && { source }),
    ...(until !== undefined && { until }),
    sourceDescription,
    referenceTime,
  };
}

/** The episodes of some passages, and the text that a passage's range refers to. */
async function readEpisodes(graph: GroupGraph, passages: readonly PassageRow[]) {
  const ofTools = passages.filter(({ source }) => source !== '').map(({ episode }) => episode);
  const uuids = [...new Set(passages.map(({ episode }) => episode))];
  const rows = uuids.length > 0 ? await episodesOfPassages(graph, uuids, ofTools) : [];
  const episodes = new Map<string, PassageEpisode>(rows.map((row) => [row.uuid, row]));
  const textAt = ({ episode, source }: PassageRow) => {
    const { content, metadata } = episodes.get(episode) ?? {};
    return content === undefined ? undefined : textOf(source, content, metadata ? JSON.parse(metadata) : null);
  };
  return { episodes, textAt };
}

/** Whether the whole passage is outdated. */
function isAllOf({ start, end }: PassageRow, text: string, ended: readonly EndedRange[]): boolean {
  const rest = text
    .slice(start, end)
    .split('')
    .filter((_, place) => !ended.some((range) => range.start <= start + place && start + place < range.end))
    .join('');
  return !/[\p{L}\p{N}]/u.test(rest.replace(/^\s*[\p{L}]+: /u, ''));
}

const lastOf = (ended: readonly EndedRange[]): string | undefined =>
  ended
    .map(({ until }) => until)
    .sort()
    .at(-1);

const isShown = (statement: Statement, passages: readonly PassageRow[]): boolean =>
  passages.some(
    ({ episode, source, start, end }) =>
      episode === statement.episode && source === '' && start <= statement.start && statement.end <= end,
  );

/** The current statement, shown instead of a fully outdated passage, with the score of the passage. */
function asPassage(statement: Statement, speakers: Speakers, score: number, scoreParts: ScoreParts): FoundPassage {
  const { uuid, episode, episodeName, text, start, end } = statement;
  const referenceTime = toGraphTime(statement.saidAt);
  const label = speakers.get(uuid) ?? '';
  const excerpt = label === '' || text.startsWith(label) ? text : `${label} ${text}`;
  return {
    uuid,
    episode: { uuid: episode, name: episodeName ?? '', referenceTime },
    ...{ excerpt, kind: 'paragraph', role: null, headings: [], start, end },
    ...{ sourceDescription: '', referenceTime, score, scoreParts },
  };
}
