/** Receives a sentence for the user or the log. */
export type OnNotice = (sentence: string) => void;

/**
 * The caller's handler, or one that drops the sentence. A handler that throws or rejects cannot fail the job or the query
 * that reports something: Node emits its error as a process warning.
 */
export function noticeHandler(onNotice: OnNotice | undefined): OnNotice {
  if (onNotice === undefined) return () => {};
  return (sentence) => {
    try {
      // An async handler is a handler too; its rejection would end the process.
      const returned: unknown = onNotice(sentence);
      if (returned instanceof Promise) returned.catch(warn);
    } catch (error) {
      warn(error);
    }
  };
}

function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`The handler onNotice failed: ${reason}`, { code: 'MEMORY_NOTICE_HANDLER' });
}
