import { briefingsFor } from '../../briefing/about.ts';
import type { Briefing } from '../../briefing/briefing.ts';
import { DEFAULT_BUDGET, renderBriefing } from '../../briefing/render.ts';
import { briefingOf } from '../../memory/briefing.ts';
import { recallLines } from '../../memory/recall.ts';
import type { Services } from '../../memory/services.ts';
import { RECALL_BEGIN, RECALL_END, recalledSentences } from '../../redaction/recalled.ts';
import { redact } from '../../redaction/redact.ts';
import { oneLine, shortened } from '../../text.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { Scope } from '../scope.ts';
import type { HookEvent, HookInput } from './event.ts';
import { lengthOf, readTranscript } from './transcript.ts';

/** The recalled text for the agent, and its sentences. */
export interface Recalled {
  readonly context: string | undefined;
  readonly sentences: readonly string[];
  /** Whether the briefing is among it, or there is none yet. */
  readonly isBriefed: boolean;
}

const [MOST_OF_PROJECT, MOST_OF_USER] = [8, 4];
const USER_BUDGET = 300;
const LONGEST_QUESTION = 400;
/** In so many bytes before the end of a transcript the user's last words are looked for. */
const TAIL = 512 * 1024;

/** What to ask: the user's last words, empty for none. Redacted, since it goes over the wire. */
export function questionOf(event: HookEvent, input: HookInput): string {
  const words = event === 'UserPromptSubmit' ? input.prompt : lastPrompt(input.transcript);
  const question = shortened(oneLine(redact(words ?? '')), LONGEST_QUESTION);
  return /\p{L}/u.test(question) ? question : '';
}

export interface RecallParts {
  readonly question: string;
  /** True when the session begins, so that the briefings come first. */
  readonly begins: boolean;
  /** Sentences that the agent already has. */
  readonly known: ReadonlySet<string>;
  /** Episodes of the session itself. */
  readonly own: ReadonlySet<string>;
  /** Milliseconds. */
  readonly limit: number;
  /** Receives a sentence about what was late or failed. */
  readonly notice: (sentence: string) => void;
}

/**
 * What the memories of the project and of the user know: where the session begins their briefings, and what they know of the user's words.
 * Never throws and never waits longer than `limit` milliseconds: an agent without recall is better than one that waits.
 */
export async function recall(
  services: Services,
  { group, userGroup }: Scope,
  { question, begins, known, own, limit, notice }: RecallParts,
): Promise<Recalled> {
  const brief = (from: string) => (begins ? briefingOrNothing(services, from, limit, notice) : NOTHING);
  const ask = (from: string, most: number) =>
    question === ''
      ? { lines: [], outcome: 'words' as const }
      : recallLines(services, from, question, {
          limit: begins ? most : Math.ceil(most / 2),
          timeoutMs: limit,
          own,
          known,
        });
  const [ofProject, ofUser, project, user] = await Promise.all([
    brief(group),
    brief(userGroup),
    ask(group, MOST_OF_PROJECT),
    ask(userGroup, MOST_OF_USER),
  ]);
  for (const { outcome } of [project, user].filter(
    (answer) => answer.outcome === 'late' || answer.outcome === 'failed',
  ))
    notice(`what the memory knows of the prompt ${outcome === 'late' ? 'came too late' : 'could not be had'}`);
  const isRecalled = project.lines.length + user.lines.length > 0;
  const [userPart, projectPart] = briefingsFor([ofUser, ofProject], question, isRecalled);
  const briefing = [rendered(userPart, USER_BUDGET), rendered(projectPart, DEFAULT_BUDGET)].filter(
    (text) => text !== '',
  );
  const briefed = new Set(recalledSentences(briefing.join('\n')));
  const news = [...new Set([...project.lines, ...user.lines])].filter(
    (line) => !recalledSentences(line).every((sentence) => briefed.has(sentence)),
  );
  const isBriefed = begins && ofProject !== undefined && ofUser !== undefined;
  if (briefing.length + news.length === 0) return { context: undefined, sentences: [], isBriefed };
  const intro = 'What earlier sessions left in the memory. It may be out of date: check what matters.';
  const parts = [...briefing, ...(news.length > 0 && briefing.length > 0 ? ['About what is asked:'] : []), ...news];
  const context = [RECALL_BEGIN, intro, ...parts, RECALL_END].join('\n');
  return { context, sentences: recalledSentences(parts.join('\n')), isBriefed };
}

const NOTHING: Briefing = { rules: [], tasks: [], decisions: [], facts: [], sessions: [], pending: 0 };
const rendered = (briefing: Briefing | undefined, budget: number): string =>
  briefing === undefined ? '' : renderBriefing(briefing, budget);

/** Undefined when it could not be had in time. */
async function briefingOrNothing(
  services: Services,
  group: string,
  limit: number,
  notice: (sentence: string) => void,
): Promise<Briefing | undefined> {
  const late = () => {
    notice('the briefing came too late');
    return undefined;
  };
  return withTimeout(limit, briefingOf(services, group), late).catch(() => {
    notice('the briefing could not be had');
    return undefined;
  });
}

/** What a host reads from standard output. */
export function hostOutput(event: HookEvent, context: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: context } });
}

function lastPrompt(transcript: string | undefined): string | undefined {
  const length = transcript === undefined ? 0 : lengthOf(transcript);
  // A new session has no transcript yet.
  if (transcript === undefined || length === 0) return undefined;
  const { entries } = readTranscript(transcript, Math.max(0, length - TAIL));
  const last = entries.findLast(({ entry }) => entry.kind === 'prompt' && !entry.isCommand)?.entry;
  return last?.kind === 'prompt' ? last.text : undefined;
}
