import {
  estimateTokens,
  lineBullet,
  type RuleLine,
  sectionsWithinBudget,
  type TitledSection,
} from '../briefing/render.ts';
import { queryTerms } from '../passages/terms.ts';
import { type FactText, factBullet, NOTHING_KNOWN, type PassageText, passageBullet } from '../reader/format.ts';
import { neutralizeTags } from '../redaction/neutralize-tags.ts';
import { cutList } from '../search/answer/excerpt/cut-list.ts';
import { oneLine, truncated } from '../text.ts';
import { day } from '../time.ts';

// The format of answers for agents: over MCP, in hooks, in the plugin, and with `--budget`.

/** A fact of an answer, with its times as the graph or as the library has them. */
interface BlockFact extends FactText {
  readonly episodes: readonly string[];
  readonly sources?: readonly { readonly uuid: string; readonly referenceTime: string | Date }[];
}

interface BlockPassage extends PassageText {
  readonly episode: { readonly uuid: string; readonly name: string };
}

/** The results of a search in a memory. */
export interface AnswerParts {
  /** The user's standing rules that share a word with the question. */
  readonly rules: readonly RuleLine[];
  readonly facts: readonly BlockFact[];
  readonly passages?: readonly BlockPassage[];
}

/** The rules that have a word of the question. */
export function rulesAbout<Rule extends RuleLine>(
  query: string,
  briefing: { readonly rules: readonly Rule[] } | undefined,
): Rule[] {
  const terms = new Set(queryTerms(query));
  return (briefing?.rules ?? []).filter(({ text }) => queryTerms(text).some((term) => terms.has(term)));
}

/**
 * An answer in groups: the user's rules, the facts that hold, and passages; each line with its date and its episode, and no sentence
 * twice. Only lines that would take more than half of the budget are cut here.
 * @param isOfNow false for an answer about another time
 */
export function answerSections(
  { rules, facts, passages = [] }: AnswerParts,
  budget: number,
  isOfNow = true,
): TitledSection[] {
  const ruleTexts = new Set(rules.map(({ text }) => text));
  const otherFacts = facts.filter(({ fact }) => !ruleTexts.has(withoutSpeaker(fact)));
  const shownTexts = new Set([...ruleTexts, ...otherFacts.map(({ fact }) => withoutSpeaker(fact))]);
  const otherPassages = passages.filter(({ excerpt }) => !shownTexts.has(withoutSpeaker(excerpt)));
  return [
    {
      title: 'Rules and preferences of the user:',
      share: 0.2,
      lines: rules.map((rule) => lineBullet(rule, rule.episode)),
    },
    {
      title: isOfNow ? 'Current facts:' : 'Facts of that time:',
      share: 0.2,
      lines: otherFacts.map((fact) => factLine(fact, budget)),
    },
    { title: 'What was said:', share: 0.6, lines: otherPassages.map((passage) => passageLine(passage, budget)) },
  ];
}

/** The answers of several memories as one block of at most `budget` tokens; empty where none of them knows anything. */
export function renderAnswers(answers: readonly (readonly TitledSection[])[], budget: number): string {
  const sections = Map.groupBy(answers.flat(), ({ title }) => title);
  return sectionsWithinBudget(
    [...sections].map(([title, same]) => ({
      ...{ title, share: same[0]?.share ?? 1 },
      lines: [...new Set(interleave(same.map(({ lines }) => lines)))],
    })),
    budget,
  );
}

/** As `renderAnswers`, with a sentence where nothing is known. */
export const renderAnswersOrNone = (answers: readonly (readonly TitledSection[])[], budget: number): string =>
  renderAnswers(answers, budget) || NOTHING_KNOWN;

/** Scores of different searches cannot be compared: the best of each list comes first, then the second of each. */
export function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, place) => lists.flatMap((list) => list.slice(place, place + 1))).flat();
}

/** Without the speaker, since rules do not name a speaker. */
const withoutSpeaker = (text: string): string => oneLine(text).replace(/^user: /, '');

function factLine(fact: BlockFact, budget: number): string {
  const [source] = fact.sources ?? [];
  const origin =
    fact.validAt === null && source
      ? `said ${day(source.referenceTime)}, ${originOf(source.uuid)}`
      : originOf(source?.uuid ?? fact.episodes[0]);
  const text = estimateTokens(fact.fact) <= budget / 2 ? fact.fact : shortenedTo(fact.fact, budget / 2);
  return neutralizeTags(oneLine(factBullet({ ...fact, fact: text }, origin)));
}

const originOf = (episode: string | undefined): string => (episode === undefined ? '' : `episode ${episode}`);

const passageLine = (passage: BlockPassage, budget: number): string =>
  neutralizeTags(passageBullet(fitting(passage, budget), originOf(passage.episode.uuid)));

const LISTS = new Set<string>(['list', 'procedure', 'table']);

/** No line takes more than half of the budget, so that one long passage cannot fill the block. Lists are cut between items. */
function fitting(passage: BlockPassage, budget: number): BlockPassage {
  const { excerpt, kind, omitted = 0 } = passage;
  const most = budget / 2;
  if (estimateTokens(excerpt) <= most) return passage;
  const list = LISTS.has(kind)
    ? cutList(excerpt, (beginning) => estimateTokens(beginning) <= most - NOTICE)
    : undefined;
  if (list && estimateTokens(list.text) <= most)
    return { ...passage, excerpt: list.text, omitted: omitted + list.omitted };
  return { ...passage, excerpt: shortenedTo(excerpt, most) };
}

/** Tokens of the sentence that says how much is left out. */
const NOTICE = 25;

const shortenedTo = (text: string, tokens: number): string =>
  truncated(text, Math.floor((text.length * tokens) / Math.max(1, estimateTokens(text))));
