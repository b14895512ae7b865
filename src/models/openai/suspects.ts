import { createHash } from 'node:crypto';

/** Distinguishes a text on which a server always fails from a server that is failing. */
export interface Suspects {
  /** The server answered to this text. */
  answered(text: string): void;
  /**
   * The server failed on a text. True when it did so several times in a row and answered others meanwhile, or answers a probe now.
   * @param probe a call that goes well wherever the server does
   */
  isAtFault(text: string, probe: () => Promise<unknown>): Promise<boolean>;
}

/** A server that fails on three calls of ten fails three times in a row on every 37th text; it is asked again then, too. */
const FAILURES = 3;
/** Texts that are remembered; the oldest goes first. */
const MOST = 1000;

const keyOf = (text: string) => createHash('sha256').update(text).digest('base64url');

export function openSuspects(): Suspects {
  const failures = new Map<string, { count: number; answersBefore: number }>();
  let answers = 0;
  return {
    answered(text) {
      answers += 1;
      if (failures.size > 0) failures.delete(keyOf(text));
    },
    async isAtFault(text, probe) {
      const key = keyOf(text);
      const known = failures.get(key) ?? { count: 0, answersBefore: answers };
      known.count += 1;
      failures.delete(key);
      failures.set(key, known);
      for (const oldest of failures.keys()) if (failures.size > MOST) failures.delete(oldest);
      if (known.count < FAILURES) return false;
      if (answers > known.answersBefore) return true;
      return probe().then(
        () => true,
        () => false,
      );
    },
  };
}
