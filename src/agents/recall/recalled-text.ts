import type { BriefingSections } from '../../briefing/briefing.ts';
import { openingBriefings } from '../../briefing/relevance.ts';
import { DEFAULT_BUDGET, renderBriefing, type TitledSection } from '../../briefing/render.ts';
import { renderAnswers } from '../../memory/answer-block.ts';
import { withoutKnown } from '../../memory/recall.ts';
import { RECALL_BEGIN, RECALL_END, recalledSentences } from '../../redaction/recall-marks.ts';
import { redact } from '../../redaction/redact.ts';
import { oneLine, truncated } from '../../text.ts';

/** Of the first message of a session: how many answers come from the project's memory and from the user's. */
export const [OPENING_OF_PROJECT, OPENING_OF_USER] = [8, 4];
/** Tokens. The project's briefing has the budget of every briefing. */
const USER_BUDGET = 300;
const LONGEST_QUESTION = 400;

/** The user's and the project's; undefined for one that failed or came too late. */
export type Briefings = readonly [user: BriefingSections | undefined, project: BriefingSections | undefined];

/** A message as a question for the memory, or empty. Redacted, because it is sent over the network. */
export function questionOf(message: string): string {
  const question = truncated(oneLine(redact(message)), LONGEST_QUESTION);
  return /[\p{L}\p{N}]/u.test(question) ? question : '';
}

export interface OpeningTexts {
  readonly user: string;
  readonly project: string;
  /** Answers to the question that the briefings do not contain. */
  readonly answers: string;
}

/** The texts that open a session, each within its budget; empty if there is nothing to say. */
export function openingTexts(
  briefings: Briefings,
  question: string,
  answers: readonly (readonly TitledSection[])[],
): OpeningTexts {
  const hasAnswers = answers.flat().some(({ lines }) => lines.length > 0);
  const [userBriefing, projectBriefing] = openingBriefings(briefings, question, hasAnswers);
  const { user, project } = briefingTexts([userBriefing, projectBriefing]);
  const briefed = new Set(recalledSentences(`${user}\n${project}`));
  const news = answers.map((sections) => withoutKnown(sections, briefed));
  return { user, project, answers: renderAnswers(news, DEFAULT_BUDGET) };
}

export function briefingTexts([user, project]: Briefings): Pick<OpeningTexts, 'user' | 'project'> {
  return {
    user: user ? renderBriefing(user, USER_BUDGET) : '',
    project: project ? renderBriefing(project, DEFAULT_BUDGET) : '',
  };
}

/** The parts between the marks that identify recalled text; undefined if all parts are empty. */
export function recalledBlock(introduction: string, parts: readonly string[]): string | undefined {
  const present = parts.filter((part) => part !== '');
  return present.length === 0 ? undefined : [RECALL_BEGIN, introduction, ...present, RECALL_END].join('\n');
}

/** A title and its text, or nothing. */
export const withTitle = (title: string, text: string): string => (text === '' ? '' : `${title}\n${text}`);
