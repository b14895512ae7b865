import { BARE_NUMBER, type CorrectionContext, isCorrectionOf, withReplacedNumber } from './correction.ts';
import { endsStatement } from './does-end.ts';
import { isOtherValue } from './other-value.ts';
import type { PropertyValue } from './property-value.ts';
import { isSameScope } from './scope.ts';
import { type ParsedSentence, parseSentences } from './sentence.ts';
import type { StatedChange } from './stated-change.ts';
import type { Statement } from './statement.ts';
import { isDate, isNumber, termKey, wordsOf } from './words.ts';

/** A time at which facts held, and a time by which they were known. */
export interface PointInTime {
  readonly asOf: Date;
  readonly knownAt?: Date | undefined;
}

/** A text that is about to be shown, and when it was said. */
export interface ShownText {
  readonly sentences: readonly ParsedSentence[];
  readonly episode: string;
  readonly saidAt: Date;
  /** uuids of the episodes that are the next turn of its session and correct something. */
  readonly nextCorrections?: ReadonlySet<string>;
  /** All statements of its episode. */
  readonly episodeStatements?: readonly Statement[];
}

/** A sentence that no longer holds. */
export interface EndedSentence {
  readonly start: number;
  readonly end: number;
  readonly until: Date;
  /** The latest statement about the same: the new value, or that it is over. */
  readonly endedBy: Statement;
  /** Whether the rest of the sentence still holds. */
  readonly isPart: boolean;
  /** Of a part: words of what ended that the rest of the sentence does not have, as stems. */
  readonly endedTerms: readonly string[];
  /** The sentence with the number that a later text corrects. */
  readonly corrected?: string;
}

/** Keys of all statements that may end something in these sentences. */
export function statementKeys(sentences: readonly ParsedSentence[]): string[] {
  const keys = new Set<string>();
  for (const { propertyValues } of sentences)
    for (const { key, terms, kind } of propertyValues) {
      if (kind === 'number') keys.add(`-${BARE_NUMBER}`);
      if (key !== '') keys.add(key);
      for (const term of terms) keys.add(`-${term}`);
    }
  return [...keys];
}

/** Sentences of a text that do not hold at a moment. The result does not depend on the order of the statements. */
export function endedSentences(
  shown: ShownText,
  statements: readonly Statement[],
  moment: PointInTime,
): EndedSentence[] {
  return shown.sentences.flatMap((sentence) => {
    const by = latestSuccessor({ ...shown, sentence }, statements, moment, new Set());
    if (!by) return [];
    const { start, end } = sentence;
    const { until, statement, corrected } = by;
    if (corrected !== undefined)
      return [{ start, end, until, endedBy: statement, isPart: false, endedTerms: [], corrected }];
    const parts = sentence.propertyValues.filter(({ isAlternative }) => !isAlternative);
    const isPart = sentence.isCompound && parts.length > 1;
    const endedTerms = isPart ? termsThatEnded({ ...shown, sentence }, statements, moment) : [];
    return [{ start, end, until, endedBy: statement, isPart, endedTerms }];
  });
}

/** All readings of one value share its set of terms. */
function termsThatEnded(context: SentenceInContext, statements: readonly Statement[], moment: PointInTime): string[] {
  const { sentence } = context;
  const readings = [...Map.groupBy(sentence.propertyValues, ({ terms }) => terms)];
  const [ended, kept] = [true, false].map(
    (isEnded) =>
      new Set(
        readings.flatMap(([terms, propertyValues]) => {
          const by = latestSuccessor(
            { ...context, sentence: { ...sentence, propertyValues } },
            statements,
            moment,
            new Set(),
          );
          return (by !== null) === isEnded ? [...terms] : [];
        }),
      ),
  );
  return [...(ended ?? [])].filter((term) => !kept?.has(term));
}

interface SentenceInContext extends Omit<ShownText, 'sentences'> {
  readonly sentence: Pick<ParsedSentence, 'propertyValues' | 'scope' | 'start' | 'text' | 'plain'>;
  readonly sentences?: readonly ParsedSentence[];
}

/** When a sentence ceased to hold, and the latest statement about the same. */
function latestSuccessor(
  context: SentenceInContext,
  statements: readonly Statement[],
  moment: PointInTime,
  seen: Set<string>,
): { until: Date; statement: Statement; corrected?: string } | null {
  const enders = statements
    .filter((statement) => !seen.has(statement.uuid) && isKnown(statement, moment) && isLater(statement, context))
    .filter(
      (statement) =>
        context.sentence.propertyValues.some((propertyValue) => isEndedBy(propertyValue, statement, context)) &&
        isSameScope(context.sentence, statement),
    )
    .sort((a, b) => order(a) - order(b) || (a.uuid < b.uuid ? -1 : 1));
  const [first] = enders;
  if (!first) return null;
  seen.add(first.uuid);
  const until = first.validAt > context.saidAt ? first.validAt : first.saidAt;
  const corrected = correctedBy(first, context);
  const [sentence] = parseSentences({ content: corrected ?? first.text, source: 'text', referenceTime: first.saidAt });
  const next =
    sentence &&
    latestSuccessor(
      {
        sentence: { ...sentence, scope: first.scope, start: first.start },
        episode: first.episode,
        saidAt: first.saidAt,
      },
      statements,
      moment,
      seen,
    );
  if (next) return { ...next, until };
  return { until, statement: first, ...(corrected !== undefined && { corrected }) };
}

const order = ({ validAt, start }: Statement): number => validAt.getTime() + start / 1e6;

/** A statement for a limited time ends nothing. A question about the past ignores later statements. */
function isKnown(
  { validAt, saidAt, knownAt: learntAt = saidAt, invalidAt }: Statement,
  { asOf, knownAt }: PointInTime,
): boolean {
  return invalidAt === null && validAt <= asOf && saidAt <= asOf && (!knownAt || learntAt <= knownAt);
}

function isLater(statement: Statement, { sentence, episode, saidAt }: SentenceInContext): boolean {
  if (statement.episode === episode) return statement.start > sentence.start;
  return statement.saidAt > saidAt;
}

function correctedBy(statement: Statement, { sentence }: SentenceInContext): string | undefined {
  if (statement.kind !== 'ends' || statement.endsWhat !== 'correction') return undefined;
  const [propertyValue] = sentence.propertyValues.filter(({ kind }) => kind === 'number');
  return propertyValue && withReplacedNumber(sentence.text, propertyValue, statement);
}

/** Whether a correction is in the next turn, and which other numbers it could be about. */
function correctionContext(
  propertyValue: PropertyValue,
  statement: Statement,
  { sentence, sentences = [], nextCorrections, episodeStatements = [] }: SentenceInContext,
): CorrectionContext {
  const numbers = wordsOf(sentence.plain, []).filter(({ stem }) => isNumber(stem));
  const propertyValues = sentences
    .filter(({ start }) => start !== sentence.start)
    .flatMap((other) => other.propertyValues);
  const stated = episodeStatements.filter(({ start }) => start !== sentence.start);
  return {
    isDirectly: nextCorrections?.has(statement.episode) === true && numbers.length === 1,
    others: [
      ...propertyValues.filter((other) => other !== propertyValue && other.value.some(isNumber)),
      ...stated.flatMap((other) =>
        other.kind === 'holds' && other.value.some(isNumber) ? [{ terms: other.key.split(' ') }] : [],
      ),
    ],
  };
}

function isEndedBy(propertyValue: PropertyValue, statement: Statement, context: SentenceInContext): boolean {
  if (statement.kind === 'ends' && statement.endsWhat === 'correction')
    return isCorrectionOf(statement, propertyValue, correctionContext(propertyValue, statement, context));
  if (isNumberForNone(statement, propertyValue)) return false;
  if (statement.kind === 'ends') return endsStatement(statement, propertyValue);
  if (statement.key !== propertyValue.key || termKey(statement.value) === termKey(propertyValue.value)) return false;
  const date = propertyValue.value.find(isDate);
  // After the day has come, a new date is the next event, not a new date of the same one.
  if (propertyValue.kind === 'date' && date && statement.saidAt > new Date(`${date.slice(1)}T23:59:59Z`)) return false;
  if (!statement.isNews && !(propertyValue.isSingle && statement.isSingle)) return false;
  return isOtherValue(statement, propertyValue);
}

/**
 * What takes the place of a number ends no value without one: "the mailer now listens on port 2626 instead of 2525" after "the mailer is
 * running". Any other value may become a number: "the standup is now at 10:30" after "the standup is at noon".
 */
function isNumberForNone(statement: Statement, { value }: PropertyValue): boolean {
  if (value.length === 0 || value.some((term) => /\d/.test(term))) return false;
  if (statement.kind === 'ends') return isNumberForNumber(statement);
  if (statement.value.length === 0 || !statement.value.every(isNumber)) return false;
  const { text: content, saidAt: referenceTime } = statement;
  return parseSentences({ content, source: 'text', referenceTime }).some((it) => it.changes.some(isNumberForNumber));
}

const isNumberForNumber = ({ oldValue, newValue }: StatedChange): boolean =>
  [oldValue, newValue].every((value) => value.length > 0 && value.every(isNumber));
