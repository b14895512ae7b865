import { episodesOfPassages, type PassageEpisode, type PassageRow } from '../graph/queries/passages.ts';
import { headingsOf, textOf } from '../passages/passages.ts';
import { queryTerms, termsOf } from '../passages/terms.ts';
import type { Statement } from '../statements/statement.ts';
import { fromGraphTime, toGraphTime } from '../time.ts';
import { findCandidates } from './candidates.ts';
import { inContext } from './context.ts';
import { windowOf } from './date-window.ts';
import { type EndedRange, endedRanges } from './ended.ts';
import { allowanceOf, excerptOf } from './excerpt.ts';
import type { Fact, Found, FoundPassage } from './found.ts';
import { type RankedFact, type RankedPassage, type Ranking, rank } from './rank.ts';
import type { Method } from './recipes.ts';
import { relevantOf } from './relevance.ts';
import type { Sought } from './sought.ts';
import { asItIs } from './what-holds.ts';

/** Puts a passage behind all others of an answer. */
const BEHIND = 0.99;
/** Of longer questions only the first terms count. */
const MOST_TERMS = 40;

/** Facts and passages that answer, at most `limit` of each; none where nothing known bears on the question. */
export async function findAnswer(sought: Sought, methods: readonly Method[], limit: number): Promise<Found> {
  const terms = queryTerms(sought.query).slice(0, MOST_TERMS);
  const candidates = await findCandidates(sought, terms, methods);
  const now = fromGraphTime(sought.moment.asOf.at) ?? new Date();
  const question = { text: sought.query, terms, window: windowOf(sought.query, now) };
  const ranking = rank(question, candidates);
  const { worth, ...relevant } = relevantOf(ranking, limit);
  if (worth === 0) return { facts: [], episodes: [], passages: [] };
  const chosen = inContext(ranking.passages, new Set(relevant.passages), limit);
  const ranked = relevant.facts.slice(0, limit).map(plainFact);
  const [shownPassages, { facts: current }] = await Promise.all([
    shown(sought, chosen, ranking),
    asItIs(sought.graph, { facts: ranked, episodes: [] }, sought.moment),
  ]);
  const passages = shownPassages.filter(
    ({ until }, _, all) => until === undefined || all.every((other) => other.until !== undefined),
  );
  const facts = ranked.map((fact) => withPassage(fact, passages));
  const found: Found = worth < limit ? bestOf(facts, passages, worth) : { facts, episodes: [], passages };
  const hold = new Set(current.map(({ uuid }) => uuid));
  return { ...found, facts: found.facts.filter(({ uuid }) => hold.has(uuid)) };
}

/** The best answers, at most `count`; a fact that a passage states is one answer with the passage. */
function bestOf(facts: readonly Fact[], passages: readonly FoundPassage[], count: number): Found {
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

function plainFact({ fact: { cosine: _, ...row }, score }: RankedFact): Fact {
  return { ...row, score };
}

function withPassage(fact: Fact, passages: readonly FoundPassage[]): Fact {
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

/** With the texts of their episodes; a passage whose episode is gone is not shown. */
async function shown(
  { graph, moment }: Sought,
  ranked: readonly RankedPassage[],
  { rarity }: Ranking,
): Promise<FoundPassage[]> {
  if (ranked.length === 0) return [];
  const passages = ranked.map(({ passage }) => passage);
  const ofTools = passages.filter(({ source }) => source !== '').map(({ episode }) => episode);
  const rows = await episodesOfPassages(graph, [...new Set(passages.map(({ episode }) => episode))], ofTools);
  const episodes = new Map<string, PassageEpisode>(rows.map((row) => [row.uuid, row]));
  const textAt = ({ episode, source }: PassageRow) => {
    const { content, metadata } = episodes.get(episode) ?? {};
    return content === undefined ? undefined : textOf(source, content, metadata ? JSON.parse(metadata) : null);
  };
  const ended = await endedRanges(graph, passages, moment, textAt);
  /** What another passage of this answer says need not stand here as well. */
  const saidElsewhere = (range: EndedRange) => range.by !== undefined && isShown(range.by, passages);
  return ranked.flatMap((found, place) => {
    const { passage, score } = found;
    const [episode, text] = [episodes.get(passage.episode), textAt(passage)];
    if (!episode || text === undefined) return [];
    const { uuid, kind, role, start, end, source } = passage;
    const over = ended.get(uuid) ?? [];
    const isOver = over.length > 0 && isAllOf(passage, text, over);
    const by = isOver ? over.find((range) => range.by)?.by : undefined;
    if (by) return isShown(by, passages) ? [] : [instead(by, score)];
    const until = isOver && over.every(({ replacedBy }) => replacedBy === undefined) ? lastOf(over) : undefined;
    return {
      uuid,
      episode: { uuid: episode.uuid, name: episode.name, referenceTime: episode.referenceTime },
      excerpt: excerptOf(
        passage,
        text,
        rarity,
        until === undefined ? over.map((range) => (saidElsewhere(range) ? { ...range, replacedBy: '' } : range)) : [],
        allowanceOf(place, found),
      ),
      ...{ kind, role, headings: headingsOf(text, passage.headings), start, end },
      ...(source !== '' && { source }),
      ...(until !== undefined && { until }),
      sourceDescription: episode.sourceDescription,
      referenceTime: episode.referenceTime,
      // Behind the passage that says what holds now.
      score: over.some(saidElsewhere) ? BEHIND * Math.min(...ranked.map((other) => other.score)) : score,
    };
  });
}

/** Whether none of a passage holds any more. */
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

const isShown = (by: Statement, passages: readonly PassageRow[]): boolean =>
  passages.some(
    ({ episode, source, start, end }) => episode === by.episode && source === '' && start <= by.start && by.end <= end,
  );

/** What holds now, where all of a passage has ended. */
function instead(by: Statement, score: number): FoundPassage {
  const referenceTime = toGraphTime(by.told);
  return {
    uuid: by.uuid,
    episode: { uuid: by.episode, name: by.episodeName ?? '', referenceTime },
    ...{ excerpt: by.text, kind: 'paragraph', role: null, headings: [], start: by.start, end: by.end },
    ...{ sourceDescription: '', referenceTime, score },
  };
}
