import { createHash } from 'node:crypto';

/** Distinguishes a text on which a server always fails from a server that is failing. */
export interface FailingTexts {
  /** The server answered this text. */
  answered(text: string): void;
  /**
   * The server failed on this text. True if it failed on it several times in a row and answered others meanwhile, or answers a probe now.
   * @param probe a call that succeeds whenever the server works
   */
  isAtFault(text: string, probe: () => Promise<unknown>): Promise<boolean>;
}

/** A server that fails on three calls of ten fails three times in a row on one text in 37; the queue retries that text too. */
const FAILURES = 3;
/** Older failures are forgotten. */
const MOST_TEXTS = 1000;

const keyOf = (text: string) => createHash('sha256').update(text).digest('base64url');

export function openFailingTexts(): FailingTexts {
  const failures = new Map<string, { count: number; answersBefore: number }>();
  let answers = 0;
  return {
    answered(text) {
      answers += 1;
      if (failures.size > 0) failures.delete(keyOf(text));
    },
    async isAtFault(text, probe) {
      const key = keyOf(text);
      const record = failures.get(key) ?? { count: 0, answersBefore: answers };
      record.count += 1;
      failures.delete(key);
      failures.set(key, record);
      for (const oldest of failures.keys()) if (failures.size > MOST_TEXTS) failures.delete(oldest);
      if (record.count < FAILURES) return false;
      if (answers > record.answersBefore) return true;
      return probe().then(
        () => true,
        () => false,
      );
    },
  };
}
