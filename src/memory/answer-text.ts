import type { Briefing } from '../briefing/briefing.ts';
import { lineBullet, type Section, tokensOf, withinBudget } from '../briefing/render.ts';
import { InvalidInputError } from '../errors.ts';
import { queryTerms } from '../passages/terms.ts';
import { bulletList, factBullet, NOTHING_KNOWN, passageBullet } from '../reader/format.ts';
import { inert } from '../redaction/inert.ts';
import type { Fact, Found, FoundPassage } from '../search/found.ts';
import { oneLine, shortened } from '../text.ts';
import { day } from '../time.ts';
import { briefingOf } from './briefing.ts';
import { askFor, type QueryOptions } from './query.ts';
import type { Services } from './services.ts';

const USUAL = 5;

/** The answer as text: bullets, best first, or one block within a budget. @throws InvalidInputError */
export async function askForText(
  services: Services,
  query: string,
  limit: number | undefined,
  options: QueryOptions,
): Promise<string> {
  if (options.budgetTokens !== undefined) return askForBlock(services, query, limit, options);
  return bulletList(await askFor(services, query, limit ?? USUAL, options), limit ?? USUAL);
}

/** The budget decides how much is shown; more would not be looked at. */
const MOST = 30;

/**
 * The answer as one block of at most `budgetTokens`: the user's rules that have a word of the question, facts, and passages, each line with
 * its date and its episode. Of another time no rules are told, since those are of now.
 * @throws InvalidInputError
 */
export async function askForBlock(
  services: Services,
  query: string,
  limit: number | undefined,
  { budgetTokens = 0, ...options }: QueryOptions,
): Promise<string> {
  if (!Number.isInteger(budgetTokens) || budgetTokens < 50 || budgetTokens > 100_000)
    throw new InvalidInputError('budgetTokens must be a whole number from 50 to 100,000.');
  if (options.find !== undefined && options.find !== 'facts')
    throw new InvalidInputError(
      'A budget of tokens is for facts and passages; leave out the budget or what else to find.',
    );
  const isOfNow = options.asOf === undefined && options.knownAt === undefined;
  const [found, briefing] = await Promise.all([
    askFor(services, query, limit ?? MOST, options, true),
    isOfNow ? briefingOf(services, services.group(options.group), options.cache) : undefined,
  ]);
  const block = withinBudget(sectionsOf(found, rulesAbout(query, briefing), isOfNow, budgetTokens), budgetTokens);
  return block === '' ? NOTHING_KNOWN : block;
}

function rulesAbout(query: string, briefing: Briefing | undefined): Briefing['rules'] {
  const terms = new Set(queryTerms(query));
  return (briefing?.rules ?? []).filter(({ text }) => queryTerms(text).some((term) => terms.has(term)));
}

function sectionsOf(
  { facts, passages = [] }: Found,
  rules: Briefing['rules'],
  isOfNow: boolean,
  budget: number,
): Section[] {
  const ruleTexts = new Set(rules.map(({ text }) => text));
  const otherFacts = facts.filter(({ fact }) => !ruleTexts.has(withoutSpeaker(fact)));
  const shownTexts = new Set([...ruleTexts, ...otherFacts.map(({ fact }) => withoutSpeaker(fact))]);
  const otherPassages = passages.filter(({ excerpt }) => !shownTexts.has(withoutSpeaker(excerpt)));
  return [
    {
      title: 'Rules and preferences of the user:',
      share: 0.3,
      lines: rules.map((rule) => lineBullet(rule, rule.episode)),
    },
    {
      title: isOfNow ? 'What holds now:' : 'What held then:',
      share: 0.3,
      lines: otherFacts.map((fact) => factLine(fact, budget)),
    },
    { title: 'What was said:', share: 0.6, lines: otherPassages.map((passage) => passageLine(passage, budget)) },
  ];
}

/** Without the speaker, whom rules do not name. */
const withoutSpeaker = (text: string): string => oneLine(text).replace(/^user: /, '');

function factLine(fact: Fact, budget: number): string {
  const [source] = fact.sources ?? [];
  const origin = fact.validAt === null && source ? dated(source.uuid, source.referenceTime) : originOf(source?.uuid);
  return inert(oneLine(factBullet({ ...fact, fact: fitting(fact.fact, budget) }, origin)));
}

const originOf = (episode: string | undefined): string => (episode === undefined ? '' : `episode ${episode}`);
const dated = (episode: string, time: string): string => `said ${day(time)}, ${originOf(episode)}`;

function passageLine(passage: FoundPassage, budget: number): string {
  return inert(
    passageBullet({ ...passage, excerpt: fitting(passage.excerpt, budget) }, originOf(passage.episode.uuid)),
  );
}

/** No line takes more than half of the budget, so that a long passage leaves the block not empty. */
function fitting(text: string, budget: number): string {
  const share = budget / 2 / Math.max(1, tokensOf(text));
  return share >= 1 ? text : shortened(text, Math.floor(text.length * share));
}
