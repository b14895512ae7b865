import { queryTerms } from '../passages/terms.ts';
import type { BriefingSections, SourcedLine } from './briefing.ts';

/** The share of the session's first words, weighted by rarity, that a line must contain. */
const LEAST = 0.25;
/** No line contains more than a few terms of a long message. Of terms in no line, only the first few count. */
const [MOST_KNOWN, MOST_UNKNOWN] = [5, 2];
/** In a short briefing many lines contain any word, which would make every word look common. */
const LEAST_COUNT = 30;

/**
 * The briefing for a session with these first words: all rules, and those lines of the other parts that are about the words.
 */
export function briefingAbout(briefing: BriefingSections, words: string): BriefingSections {
  const parts = ['tasks', 'decisions', 'facts', 'sessions'] as const;
  const asked = new Set(queryTerms(words));
  const shared = new Map<SourcedLine, string[]>(
    parts.flatMap((part) =>
      briefing[part].map((line) => [line, queryTerms(line.text).filter((term) => asked.has(term))] as const),
    ),
  );
  const frequencies = new Map<string, number>();
  for (const term of [...shared.values()].flat()) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  const count = Math.max(shared.size, LEAST_COUNT);
  const rarity = (term: string) =>
    Math.log(1 + (count - (frequencies.get(term) ?? 0) + 0.5) / ((frequencies.get(term) ?? 0) + 0.5));
  const sum = (terms: readonly string[]) => terms.reduce((total, term) => total + rarity(term), 0);
  const rarest = [...frequencies.keys()].sort((a, b) => rarity(b) - rarity(a)).slice(0, MOST_KNOWN);
  const unknown = [...asked].filter((term) => !frequencies.has(term)).slice(0, MOST_UNKNOWN);
  const least = LEAST * sum([...rarest, ...unknown]);
  const about = (lines: readonly SourcedLine[]) =>
    lines.filter((line) => {
      const terms = shared.get(line) ?? [];
      return terms.length > 0 && sum(terms) >= least;
    });
  const { tasks, decisions, facts, sessions } = briefing;
  return {
    ...briefing,
    ...{ tasks: about(tasks), decisions: about(decisions), facts: about(facts), sessions: about(sessions) },
  };
}

/** A message with fewer words is a greeting, or something like "go on". */
const FEW_WORDS = 3;

/**
 * Briefings, such as the user's and the project's, for a session with these first words. If no line is about them, the latest lines are shown.
 * A greeting gets the whole briefing.
 * @param isRecalled  whether recall found something about the words
 */
export function openingBriefings(
  briefings: readonly (BriefingSections | undefined)[],
  words: string,
  isRecalled: boolean,
): (BriefingSections | undefined)[] {
  if (queryTerms(words).length <= FEW_WORDS && !isRecalled) return [...briefings];
  const about = briefings.map((briefing) => briefing && briefingAbout(briefing, words));
  if (isRecalled || about.some((briefing) => briefing && saysMore(briefing))) return about;
  return briefings.map((briefing) => briefing && { ...briefing, decisions: [], facts: [] });
}

const saysMore = ({ tasks, decisions, facts, sessions }: BriefingSections): boolean =>
  tasks.length + decisions.length + facts.length + sessions.length > 0;
