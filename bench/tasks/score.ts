import type { Task } from './tasks.ts';

/** A bullet of the memory's context with all its lines, and the title above it. */
export interface GivenLine {
  readonly section: string;
  readonly text: string;
}

/** The user's standing rules are relevant to every task. */
const ALWAYS = 'Rules and preferences of the user:';

/** The bullets of a briefing and a recall, without tags, introduction and titles. */
export function contextLines(context: string): GivenLine[] {
  const lines: { section: string; text: string }[] = [];
  let section = '';
  for (const line of context.split('\n')) {
    const last = lines.at(-1);
    if (line.startsWith('- ')) lines.push({ section, text: line });
    else if (line.startsWith('  ') && last) last.text += `\n${line}`;
    else section = line;
  }
  return lines;
}

export function isEvidence(task: Pick<Task, 'bears'>, { section, text }: GivenLine): boolean {
  return section === ALWAYS || task.bears.some((pattern) => pattern.test(text));
}

export function isRightAnswer({ expects, rejects = [] }: Pick<Task, 'expects' | 'rejects'>, answer: string): boolean {
  return expects.every((pattern) => pattern.test(answer)) && !rejects.some((pattern) => pattern.test(answer));
}
