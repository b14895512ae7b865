const VERSION =
  /\b(?:which|what)(?: \S+){0,3} (?:version|release)s?\b|\b(?:version|release) of\b|\b(?:which|what) (?:version|release)\b/i;
const NUMBER =
  /\bhow (?:many|much|long|often|big|large|fast|old|far|high)\b|\b(?:which|what)(?:'s|\s+\S+){0,4}? (?:port|number|size|limit|timeout|ttl|percentage|share|budget|price|cost|amount|interval)\b/i;

/**
 * Whether a text has a value of the kind that a question asks for, and that the question does not have itself: the expected answer type of
 * question answering (Li and Roth, "Learning Question Classifiers", 2002), for versions and numbers. Always false for other questions.
 */
export function answerTypeMatcher(question: string): (text: string) => boolean {
  const value = VERSION.test(question)
    ? /(?<![\d.])\d+(?:\.\d+)+/g
    : NUMBER.test(question)
      ? /(?<![\d.,:])\d+(?:[.,:]\d+)*/g
      : undefined;
  if (!value) return () => false;
  const asked = new Set(question.match(value));
  // The number of an item is no value.
  return (text) => (text.replace(/^\s*\d{1,3}[.)]\s/, '').match(value) ?? []).some((found) => !asked.has(found));
}
