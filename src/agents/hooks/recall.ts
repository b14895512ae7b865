import { type BriefingRecipient, type CachedBriefing, readBriefing } from '../../memory/briefing.ts';
import { recallSections } from '../../memory/recall.ts';
import type { Services } from '../../memory/services.ts';
import { recalledSentences } from '../../redaction/recall-marks.ts';
import { redactError } from '../../telemetry/redact-error.ts';
import { withTimeout } from '../../with-timeout.ts';
import {
  OPENING_OF_PROJECT,
  OPENING_OF_USER,
  openingTexts,
  questionOf,
  recalledBlock,
} from '../recall/recalled-text.ts';
import type { DeliverableRecall, RecallInput, RecallRequest } from './ask-recall.ts';
import type { HookEvent } from './event.ts';
import { LATE_ANSWER, LATE_BRIEFING } from './late-recall.ts';
import { fileSize } from './transcript.ts';
import { transcriptFormat } from './transcript-formats.ts';

const INTRODUCTION = 'What earlier sessions left in the memory. It may be out of date: check what matters.';
/** Bytes at the end of a transcript that are searched for the user's last prompt. */
const TAIL = 512 * 1024;

/** The question for the memory: the user's last prompt, or empty for one without a letter, such as the number of a choice. */
function questionFrom(event: HookEvent, host: string, input: RecallInput): string {
  const question = questionOf((event === 'UserPromptSubmit' ? input.prompt : lastPrompt(host, input.transcript)) ?? '');
  return /\p{L}/u.test(question) ? question : '';
}

/**
 * Recalls from the memories of the project and of the user: at the start of a session their briefings, and facts about the prompt.
 * Never throws and never waits longer than `limit` milliseconds: an agent without recall is better than one that waits.
 */
export async function recallForHook(
  services: Services,
  { event, host, input, scope, begins, ...lists }: RecallRequest,
  limit: number,
): Promise<Omit<DeliverableRecall, 'notices' | 'tookMs'>> {
  const { group, userGroup } = scope;
  const question = questionFrom(event, host, input);
  const [known, own] = [new Set(lists.known), new Set(lists.own)];
  const problems = new Set<string>();
  const failures: string[] = [];
  const onProblem = (problem: string, failure?: string) => {
    problems.add(problem);
    if (failure !== undefined) failures.push(`${problem}: ${failure}`);
  };
  const brief = (from: string) => (begins ? briefingOrNothing(services, from, limit, onProblem) : NOTHING);
  const ask = (from: string, most: number) =>
    question === ''
      ? NOT_ASKED
      : recallSections(services, from, question, {
          limit: begins ? most : Math.ceil(most / 2),
          timeoutMs: limit,
          own,
          known,
        });
  const [ofProject, ofUser, project, user] = await Promise.all([
    brief(group),
    brief(userGroup),
    ask(group, OPENING_OF_PROJECT),
    ask(userGroup, OPENING_OF_USER),
  ]);
  for (const { outcome, reason } of [project, user]) {
    if (outcome === 'failed') onProblem('the recall for the prompt failed', reason ?? 'unknown reason');
    if (outcome === 'late') onProblem(LATE_ANSWER);
  }
  const isIncomplete = problems.size > 0;
  const outcome = failures.length > 0 ? ('failed' as const) : isIncomplete ? ('late' as const) : ('ok' as const);
  const reason = failures[0] ?? [...problems][0];
  const texts = openingTexts([ofUser?.sections, ofProject?.sections], question, [project.sections, user.sections]);
  const briefing = [texts.user, texts.project].filter((text) => text !== '');
  const isBriefed = begins && ofProject !== undefined && ofUser !== undefined;
  const rest = { isBriefed, problems: [...problems], isIncomplete, outcome, reason };
  const lead = briefing.length > 0 && texts.answers !== '' ? ['About what is asked:'] : [];
  const parts = [...briefing, ...lead, texts.answers];
  const deliveredTo: BriefingRecipient = { host, session: input.session };
  const recordDelivery = () => {
    ofUser?.recordDelivery(texts.user, deliveredTo);
    ofProject?.recordDelivery(texts.project, deliveredTo);
  };
  const context = recalledBlock(INTRODUCTION, parts);
  return { context, sentences: recalledSentences(parts.join('\n')), ...rest, recordDelivery };
}

const NOT_ASKED = { sections: [], outcome: 'words' as const, reason: undefined };
const NOTHING: CachedBriefing = {
  sections: { rules: [], tasks: [], decisions: [], facts: [], sessions: [], pending: 0 },
  recordDelivery: () => {},
};

/** Undefined if it fails or is late. */
async function briefingOrNothing(
  services: Services,
  group: string,
  limit: number,
  onProblem: (problem: string, failure?: string) => void,
): Promise<CachedBriefing | undefined> {
  const late = () => {
    onProblem(LATE_BRIEFING);
    return undefined;
  };
  return withTimeout(limit, readBriefing(services, group), late).catch((error: unknown) => {
    onProblem('the briefing failed', redactError(error).message);
    return undefined;
  });
}

function lastPrompt(host: string, transcript: string | undefined): string | undefined {
  const length = transcript === undefined ? 0 : fileSize(transcript);
  // A new session has no transcript yet.
  if (transcript === undefined || length === 0) return undefined;
  const { prompts } = transcriptFormat(host).read(transcript, Math.max(0, length - TAIL), '');
  return prompts.findLast(({ isCommand }) => !isCommand)?.text;
}
