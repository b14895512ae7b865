import { inert } from '../redaction/inert.ts';
import { oneLine } from '../text.ts';
import { day, fromGraphTime } from '../time.ts';
import type { Briefing, BriefingLine } from './briefing.ts';

export const DEFAULT_BUDGET = 1_000;

type Part = Exclude<keyof Briefing, 'pending'>;

/** In this order; no part takes more than its share while a later one has lines, so that many facts leave room for the sessions. */
const PARTS: readonly { readonly part: Part; readonly title: string; readonly share: number }[] = [
  { part: 'rules', title: 'Rules and preferences of the user:', share: 0.4 },
  { part: 'tasks', title: 'Open tasks:', share: 0.15 },
  { part: 'decisions', title: 'Decisions:', share: 0.15 },
  { part: 'facts', title: 'What holds now:', share: 0.3 },
  { part: 'sessions', title: 'What the last sessions did:', share: 0.3 },
];

/** About as many tokens as models make of it: four characters each, one for each character of scripts without spaces. */
export function tokensOf(text: string): number {
  const dense = text.match(/[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]/g)?.length ?? 0;
  return Math.ceil(dense + (text.length - dense) / 4);
}

/**
 * The briefing as a text of at most `budget` tokens, empty when nothing is known. What is stored is data: none of it may pass for marks
 * of the host, and each line says where it comes from.
 */
export function renderBriefing(briefing: Briefing, budget: number, now = new Date()): string {
  return withinBudget(
    PARTS.map(({ part, title, share }) => ({
      ...{ title, share },
      lines: briefing[part].filter((line) => holds(line, now)).map((line) => bullet(line, part)),
    })),
    budget,
  );
}

/** Lines below a title, the most important first; they take no more than their share while a later section has lines. */
export interface Section {
  readonly title: string;
  readonly share: number;
  readonly lines: readonly string[];
}

/** As many lines of each section as fit into the budget, below their titles. */
export function withinBudget(given: readonly Section[], budget: number): string {
  let left = budget;
  const sections = given
    .filter(({ lines }) => lines.length > 0)
    .map((section) => ({ ...section, limit: budget * section.share, taken: [] as string[] }));
  // Twice: what one part does not need, the others have, the first of them first.
  for (const isShared of [true, false])
    for (const section of sections) {
      let used = section.taken.reduce((sum, line) => sum + tokensOf(`${line}\n`), 0);
      for (const line of section.lines.slice(section.taken.length)) {
        const cost = tokensOf(`${line}\n`);
        const heading = section.taken.length === 0 ? tokensOf(`${section.title}\n`) : 0;
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

function holds({ from, until }: BriefingLine, now: Date): boolean {
  const [begin, end] = [fromGraphTime(from), fromGraphTime(until)];
  return (!begin || begin <= now) && (!end || end > now);
}

/** Of what can be replaced the whole uuid stands there, else its first digits. */
function bullet({ text, episode, time, by }: BriefingLine, part: Part): string {
  return lineBullet({ text, episode, time, by }, part === 'tasks' ? episode : episode.slice(0, 8));
}

export function lineBullet({ text, time, by }: BriefingLine, uuid: string): string {
  return inert(`- ${oneLine(text)} (${oneLine(by)}, ${day(time)}, episode ${uuid})`);
}
