import type { DeliverableRecall, RecallRequest } from './ask-recall.ts';

export const LATE_BRIEFING = 'the briefing was too late';
export const LATE_ANSWER = 'the recall for the prompt was too late';

/** A recall for which no time was left. */
export function lateRecall({ event, begins }: RecallRequest, tookMs: number): DeliverableRecall {
  const problems = [...(begins ? [LATE_BRIEFING] : []), ...(event === 'UserPromptSubmit' ? [LATE_ANSWER] : [])];
  return {
    ...{ sentences: [], isBriefed: false, problems, isIncomplete: true, outcome: 'late', reason: problems[0] },
    ...{ notices: [], tookMs, recordDelivery: () => {} },
  };
}
