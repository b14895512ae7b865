import { queryTerms } from '../passages/terms.ts';
import type { Briefing, BriefingLine } from './briefing.ts';

/** How much of what is known of a session's first words a line has to say. */
const LEAST = 0.25;
/** Of a long message no line says more than a few terms; of those that no line says the first few count. */
const [MOST_KNOWN, MOST_UNKNOWN] = [5, 2];
/** In a short briefing every word is in many lines, which says nothing of the word. */
const LEAST_COUNT = 30;

/**
 * The briefing for a session whose first words are known: all rules, which hold whatever is done, and of the other parts the lines that have
 * to do with the words.
 */
export function briefingAbout(briefing: Briefing, words: string): Briefing {
  const parts = ['tasks', 'decisions', 'facts', 'sessions'] as const;
  const asked = new Set(queryTerms(words));
  const shared = new Map<BriefingLine, string[]>(
    parts.flatMap((part) =>
      briefing[part].map((line) => [line, queryTerms(line.text).filter((term) => asked.has(term))] as const),
    ),
  );
  const holders = new Map<string, number>();
  for (const term of [...shared.values()].flat()) holders.set(term, (holders.get(term) ?? 0) + 1);
  const count = Math.max(shared.size, LEAST_COUNT);
  const rarity = (term: string) =>
    Math.log(1 + (count - (holders.get(term) ?? 0) + 0.5) / ((holders.get(term) ?? 0) + 0.5));
  const sum = (terms: readonly string[]) => terms.reduce((total, term) => total + rarity(term), 0);
  const rarest = [...holders.keys()].sort((a, b) => rarity(b) - rarity(a)).slice(0, MOST_KNOWN);
  const unknown = [...asked].filter((term) => !holders.has(term)).slice(0, MOST_UNKNOWN);
  const least = LEAST * sum([...rarest, ...unknown]);
  const about = (lines: readonly BriefingLine[]) =>
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

/** Fewer words are a greeting, or "go on". */
const FEW_WORDS = 3;

/**
 * Briefings, such as the user's and the project's, for a session whose first words are known. Where nothing known has to do with them, what came
 * last is shown; a greeting gets the whole briefing.
 * @param isRecalled  whether something else is known of the words
 */
export function briefingsFor(
  briefings: readonly (Briefing | undefined)[],
  words: string,
  isRecalled: boolean,
): (Briefing | undefined)[] {
  if (queryTerms(words).length <= FEW_WORDS && !isRecalled) return [...briefings];
  const about = briefings.map((briefing) => briefing && briefingAbout(briefing, words));
  if (isRecalled || about.some((briefing) => briefing && saysMore(briefing))) return about;
  return briefings.map((briefing) => briefing && { ...briefing, decisions: [], facts: [] });
}

const saysMore = ({ tasks, decisions, facts, sessions }: Briefing): boolean =>
  tasks.length + decisions.length + facts.length + sessions.length > 0;
