import type { PassageRow } from '../../graph/queries/passages.ts';
import { countOccurrences, termsOf } from '../../passages/terms.ts';
import { DAY, fromGraphTime } from '../../time.ts';
import type { Candidates } from './candidates.ts';
import { type DateWindow, isInWindow } from './date-window.ts';
import type { MentionScorer } from './question-entities.ts';

/**
 * What speaks for a passage, each from 0 to 1; docs/ranking.md explains every one. A passage's score is the sum of its signals,
 * each times its weight.
 */
export interface Signals {
  /** BM25 of the question's terms in the passage, as a share of the highest possible value. */
  readonly words: number;
  /** Share of the question's terms, weighted by rarity, that the passage contains. */
  readonly coverage: number;
  /** Cosine between the vectors of question and passage. */
  readonly meaning: number;
  /** `words` of the passage before it, and of the one after it. */
  readonly before: number;
  readonly after: number;
  /** The best `words` of another passage of the same episode, and of another episode of the same session. */
  readonly episode: number;
  readonly session: number;
  /** A fact that answers is stated in it. */
  readonly fact: number;
  /** It mentions an entity that the question names, or, at most half, those that facts connect with one. */
  readonly entity: number;
  /** How recent it is among the candidates. */
  readonly recency: number;
  /** Said by a person whom the question names. */
  readonly speaker: number;
  /** From the time that the question names. */
  readonly date: number;
  /** A procedure for a question how to do something, a list for one that asks for several things. */
  readonly shape: number;
  /** Asks itself instead of telling, or is what the user asked an agent. */
  readonly asks: number;
  readonly user: number;
  /** Came out of a tool. */
  readonly tool: number;
}

export interface RankingQuestion {
  readonly text: string;
  readonly terms: readonly string[];
  readonly window: DateWindow | undefined;
}

const [K1, B] = [1.2, 0.6];
/** The cosine of texts that have nothing in common, for passages without a vector. */
const UNRELATED = 0.2;
/** Terms of a passage of usual length. */
const USUAL_LENGTH = 40;

export interface TermMatch {
  readonly words: number;
  readonly coverage: number;
}

export function termMatch(terms: readonly string[], rarity: ReadonlyMap<string, number>, total: number): TermMatch {
  const counts = new Map<string, number>();
  for (const term of terms) if (rarity.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return scoreOf(counts, terms.length, rarity, total);
}

/** The same for a passage, whose terms are one string: searching it is ten times cheaper than splitting it. */
export function passageTermMatch(
  { terms, length }: Pick<PassageRow, 'terms' | 'length'>,
  rarity: ReadonlyMap<string, number>,
  total: number,
): TermMatch {
  const counts = new Map<string, number>();
  for (const term of rarity.keys()) {
    const times = countOccurrences(terms, term);
    if (times > 0) counts.set(term, times);
  }
  return scoreOf(counts, length, rarity, total);
}

function scoreOf(
  counts: ReadonlyMap<string, number>,
  length: number,
  rarity: ReadonlyMap<string, number>,
  total: number,
): TermMatch {
  const norm = K1 * (1 - B + (B * length) / USUAL_LENGTH);
  let [words, coverage] = [0, 0];
  for (const [term, times] of counts) {
    const weight = rarity.get(term) ?? 0;
    words += (weight * times * (K1 + 1)) / (times + norm);
    coverage += weight;
  }
  return { words: words / (total * (K1 + 1)), coverage: coverage / total };
}

const HOW_TO =
  /^\s*(?:how (?:do|does|can|should|would|to|is|are)\b|what (?:are the steps|do i (?:have to )?do|to do)|steps\b|walk me through)|\bwhat (?:do|must|should) (?:i|we)(?: have to)? do\b|\bwie (?:kann|mache|geht)\b/i;
const SEVERAL =
  /^\s*(?:please )?list\b|\b(?:(?:a|the) list of|which (?!\w*(?:ss|us|is)\b|(?:does|was|has)\b)\w+s\b|what (?:are|is (?:new|open|left|missing|still))|all (?:the )?|what did .* (?:ask|say|want)|todo|open (?:tasks|points|items))/i;

const PROCEDURES = new Set<string>(['procedure', 'steps']);
const LISTS = new Set<string>(['list', 'table', 'sections', 'steps']);

export function signalsOf(
  question: RankingQuestion,
  candidates: Candidates,
  matches: ReadonlyMap<string, TermMatch>,
  mentions: MentionScorer,
): (passage: PassageRow) => Signals {
  const { passages, before, after, cosines, stated } = candidates;
  const words = (passage: PassageRow | undefined) => (passage && matches.get(passage.uuid)?.words) ?? 0;
  const ofEpisode = bestTwo(passages, ({ episode }) => episode, words);
  const ofSession = bestTwo(
    passages.filter(({ session }) => session !== null),
    ({ session }) => session ?? '',
    words,
    ({ episode }) => episode,
  );
  const times = passages.map(({ time }) => fromGraphTime(time)?.getTime() ?? 0);
  const newest = Math.max(...times);
  const isHowTo = HOW_TO.test(question.text);
  const isSeveral = SEVERAL.test(question.text);
  const named = new Set(question.terms);
  return (passage) => {
    const { uuid, episode, session, kind, role, time } = passage;
    const match = matches.get(uuid) ?? { words: 0, coverage: 0 };
    const age = (newest - (fromGraphTime(time)?.getTime() ?? 0)) / DAY;
    const place = stated.get(uuid);
    return {
      words: match.words,
      coverage: match.coverage,
      meaning: Math.max(0, cosines.get(uuid) ?? UNRELATED),
      before: words(before.get(uuid)),
      after: words(after.get(uuid)),
      episode: ofEpisode(episode, uuid),
      session: session === null ? 0 : ofSession(session, episode),
      fact: place === undefined ? 0 : 1 / (1 + place / 3),
      entity: mentions(passage.terms),
      recency: 1 / (1 + Math.log1p(age / 7)),
      speaker: role !== null && termsOf(role).some((term) => named.has(term)) ? 1 : 0,
      date: question.window && isInWindow(time, question.window) ? 1 : 0,
      shape: (isHowTo && PROCEDURES.has(kind)) || (isSeveral && LISTS.has(kind)) ? 1 : 0,
      asks: passage.asks ? 1 : 0,
      user: role === 'user' ? 1 : 0,
      tool: kind === 'tool' ? 1 : 0,
    };
  };
}

/** For each key the best value of another member than the one that asks. */
function bestTwo(
  passages: readonly PassageRow[],
  key: (passage: PassageRow) => string,
  value: (passage: PassageRow) => number,
  member: (passage: PassageRow) => string = ({ uuid }) => uuid,
): (key: string, but: string) => number {
  const best = new Map<string, { first: number; by: string; second: number }>();
  for (const passage of passages) {
    const [name, own, by] = [key(passage), value(passage), member(passage)];
    const known = best.get(name);
    if (!known) best.set(name, { first: own, by, second: 0 });
    else if (by === known.by) known.first = Math.max(known.first, own);
    else if (own > known.first) best.set(name, { first: own, by, second: known.first });
    else known.second = Math.max(known.second, own);
  }
  return (name, but) => {
    const known = best.get(name);
    if (!known) return 0;
    return known.by === but ? known.second : known.first;
  };
}
