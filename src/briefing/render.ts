import { neutralizeTags } from '../redaction/neutralize-tags.ts';
import { oneLine } from '../text.ts';
import { day } from '../time.ts';
import type { BriefingSections, SourcedLine } from './briefing.ts';
import { holdsAt } from './line.ts';

export const DEFAULT_BUDGET = 1_000;

type Part = Exclude<keyof BriefingSections, 'pending'>;

/** In this order. No part takes more than its share of the budget while a later part has lines; the shares add up to 1. */
const PARTS: readonly { readonly part: Part; readonly title: string; readonly share: number }[] = [
  { part: 'rules', title: 'Rules and preferences of the user:', share: 0.35 },
  { part: 'tasks', title: 'Open tasks:', share: 0.15 },
  { part: 'decisions', title: 'Decisions:', share: 0.1 },
  { part: 'facts', title: 'Current facts:', share: 0.25 },
  { part: 'sessions', title: 'What the last sessions did:', share: 0.15 },
];

/** An estimate of a text's tokens: four characters each, one for each character of scripts without spaces. */
export function estimateTokens(text: string): number {
  const dense = text.match(/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/g)?.length ?? 0;
  return Math.ceil(dense + (text.length - dense) / 4);
}

/**
 * The briefing as a text of at most `budget` tokens, empty when nothing is known. Stored text is data: no line may look like markup of the
 * host, and each line names its source.
 */
export function renderBriefing(briefing: BriefingSections, budget: number, now = new Date()): string {
  return sectionsWithinBudget(
    PARTS.map(({ part, title, share }) => ({
      ...{ title, share },
      lines: briefing[part].filter((line) => holdsAt(line, now)).map((line) => bullet(line, part)),
    })),
    budget,
  );
}

/** Lines below a title, the most important first; they take no more than their share while a later section has lines. */
export interface TitledSection {
  readonly title: string;
  readonly share: number;
  readonly lines: readonly string[];
}

/** As many lines of each section as fit into the budget, below their titles. */
export function sectionsWithinBudget(given: readonly TitledSection[], budget: number): string {
  let left = budget;
  const sections = given
    .filter(({ lines }) => lines.length > 0)
    .map((section) => ({ ...section, limit: budget * section.share, taken: [] as string[] }));
  // Twice: the tokens that one part does not need go to the others, to the first of them first.
  for (const isShared of [true, false])
    for (const section of sections) {
      let used = section.taken.reduce((sum, line) => sum + estimateTokens(`${line}\n`), 0);
      for (const line of section.lines.slice(section.taken.length)) {
        const cost = estimateTokens(`${line}\n`);
        const heading = section.taken.length === 0 ? estimateTokens(`${section.title}\n`) : 0;
        if (cost + heading > left || (isShared && used + cost > section.limit)) break;
        section.taken.push(line);
        used += cost;
        left -= cost + heading;
      }
    }
  return sections
    .filter(({ taken }) => taken.length > 0)
    .map(({ title, taken }) => [title, ...taken].join('\n'))
    .join('\n');
}

/** The whole uuid for lines that can be replaced, otherwise its first digits. */
function bullet(line: SourcedLine, part: Part): string {
  const { episode } = line;
  return lineBullet(line, part === 'tasks' ? episode : episode.slice(0, 8), part === 'sessions' ? 'last turn' : 'said');
}

/** A line with its time as the graph or as the library has it. */
export type RuleLine = Pick<SourcedLine, 'text' | 'episode' | 'source'> & {
  readonly time: string | Date;
  readonly from?: string | Date | null;
};

/**
 * The line with its source and its dates, each labelled. The day from which a fact holds is added if it differs.
 * @param label what happened at `time`
 */
export function lineBullet(
  { text, time, source, from }: RuleLine,
  uuid: string,
  label: 'said' | 'last turn' = 'said',
): string {
  const said = day(time);
  const begin = from ? day(from) : said;
  const dates = [...(begin === said ? [] : [`since ${begin}`]), `${label} ${said}`].join(', ');
  return neutralizeTags(`- ${oneLine(text)} (${oneLine(source)}, ${dates}, episode ${uuid})`);
}
