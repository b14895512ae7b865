import { RECALL_BEGIN, RECALL_END, recalledSentences } from '../../redaction/recall-marks.ts';

const NAME = RECALL_BEGIN.slice(1, -1);

/** Whether a record may contain text that came from the memory; cheap, for every line. */
export const mayContainRecalledText = (text: string): boolean => text.includes(NAME);

/** The sentences that the memory added to a session, from wherever the agent's record has them. */
export function recalledSentencesIn(record: unknown): string[] {
  if (typeof record === 'string') return betweenMarks(record).flatMap(recalledSentences);
  if (Array.isArray(record)) return record.flatMap(recalledSentencesIn);
  return record !== null && typeof record === 'object' ? Object.values(record).flatMap(recalledSentencesIn) : [];
}

function betweenMarks(text: string): string[] {
  const parts: string[] = [];
  for (let from = text.indexOf(RECALL_BEGIN); from >= 0; from = text.indexOf(RECALL_BEGIN, from)) {
    const begin = from + RECALL_BEGIN.length;
    const end = text.indexOf(RECALL_END, begin);
    parts.push(text.slice(begin, end < 0 ? undefined : end));
    from = begin;
  }
  return parts;
}
