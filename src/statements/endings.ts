import type { Claim } from './claim.ts';
import { BARE, corrects, type Preceding, withNumber } from './correction.ts';
import { ends } from './ends.ts';
import { type ReadSentence, sentencesOf } from './sentence.ts';
import type { Statement } from './statement.ts';
import { isDate, isNumber, keyOf, wordsOf } from './word.ts';

/** A time of which somebody asks what held, and one by which it was known. */
export interface Moment {
  readonly asOf: Date;
  readonly knownAt?: Date | undefined;
}

/** A text that is to be shown, and the time at which it was told. */
export interface ShownText {
  readonly sentences: readonly ReadSentence[];
  readonly episode: string;
  readonly told: Date;
  /** The corrections that stand in the next turn of its session, by their episode. */
  readonly next?: ReadonlySet<string>;
  /** All that its episode states. */
  readonly states?: readonly Statement[];
}

/** A sentence that holds no more. */
export interface EndedRange {
  readonly start: number;
  readonly end: number;
  readonly until: Date;
  /** What is so now, or that it is over, in the words in which it was said last. */
  readonly by: Statement;
  /** Whether the rest of the sentence still holds. */
  readonly isPart: boolean;
  /** The sentence with the number that a later text corrects. */
  readonly corrected?: string;
}

/** Keys of all statements that may end something in these sentences. */
export function keysFor(sentences: readonly ReadSentence[]): string[] {
  const keys = new Set<string>();
  for (const { claims } of sentences)
    for (const { key, terms, kind } of claims) {
      if (kind === 'number') keys.add(`-${BARE}`);
      if (key !== '') keys.add(key);
      for (const term of terms) keys.add(`-${term}`);
    }
  return [...keys];
}

/** Which sentences of a text do not hold at a moment, from all statements known, in whatever order they came. */
export function endedRanges(shown: ShownText, statements: readonly Statement[], moment: Moment): EndedRange[] {
  return shown.sentences.flatMap((sentence) => {
    const by = lastWord({ ...shown, sentence }, statements, moment, new Set());
    if (!by) return [];
    const { start, end } = sentence;
    const { until, statement, corrected } = by;
    if (corrected !== undefined) return [{ start, end, until, by: statement, isPart: false, corrected }];
    return [{ start, end, until, by: statement, isPart: sentence.isCompound && sentence.claims.length > 1 }];
  });
}

interface Said extends Omit<ShownText, 'sentences'> {
  readonly sentence: Pick<ReadSentence, 'claims' | 'scope' | 'start' | 'text'>;
  readonly sentences?: readonly ReadSentence[];
}

/** When a sentence ceased to hold, and what was said last about the same. */
function lastWord(
  said: Said,
  statements: readonly Statement[],
  moment: Moment,
  seen: Set<string>,
): { until: Date; statement: Statement; corrected?: string } | null {
  const enders = statements
    .filter((statement) => !seen.has(statement.uuid) && isKnown(statement, moment) && isLater(statement, said))
    .filter(
      (statement) =>
        statement.scope === said.sentence.scope &&
        said.sentence.claims.some((claim) => isEndedBy(claim, statement, said)),
    )
    .sort((a, b) => order(a) - order(b) || (a.uuid < b.uuid ? -1 : 1));
  const [first] = enders;
  if (!first) return null;
  seen.add(first.uuid);
  const until = first.at > said.told ? first.at : first.told;
  const corrected = correctedBy(first, said);
  const [sentence] = sentencesOf({ content: corrected ?? first.text, source: 'text', referenceTime: first.told });
  const next =
    sentence &&
    lastWord(
      { sentence: { ...sentence, scope: first.scope, start: first.start }, episode: first.episode, told: first.told },
      statements,
      moment,
      seen,
    );
  if (next) return { ...next, until };
  return { until, statement: first, ...(corrected !== undefined && { corrected }) };
}

const order = ({ at, start }: Statement): number => at.getTime() + start / 1e6;

/** Something that is so for a while only ends nothing; of a time in the past it is shown what was said by then. */
function isKnown({ at, told, known = told, until }: Statement, { asOf, knownAt }: Moment): boolean {
  return until === null && at <= asOf && told <= asOf && (!knownAt || known <= knownAt);
}

function isLater(statement: Statement, { sentence, episode, told }: Said): boolean {
  if (statement.episode === episode) return statement.start > sentence.start;
  return statement.told > told;
}

function correctedBy(statement: Statement, { sentence }: Said): string | undefined {
  if (statement.kind !== 'ends' || statement.of !== 'correction') return undefined;
  const [claim] = sentence.claims.filter(({ kind }) => kind === 'number');
  return claim && withNumber(sentence.text, claim, statement);
}

/** Whether a correction comes in the next turn, and what else in the text it may mean. */
function before(claim: Claim, statement: Statement, { sentence, sentences = [], next, states = [] }: Said): Preceding {
  const numbers = wordsOf(sentence.text, []).filter(({ stem }) => isNumber(stem));
  const claims = sentences.filter(({ start }) => start !== sentence.start).flatMap((it) => it.claims);
  const stated = states.filter(({ start }) => start !== sentence.start);
  return {
    isDirectly: next?.has(statement.episode) === true && numbers.length === 1,
    others: [
      ...claims.filter((it) => it !== claim && it.value.some(isNumber)),
      ...stated.flatMap((it) => (it.kind === 'holds' && it.value.some(isNumber) ? [{ terms: it.key.split(' ') }] : [])),
    ],
  };
}

function isEndedBy(claim: Claim, statement: Statement, said: Said): boolean {
  if (statement.kind === 'ends' && statement.of === 'correction')
    return corrects(statement, claim, before(claim, statement, said));
  if (statement.kind === 'ends') return ends(statement, claim);
  if (statement.key !== claim.key || keyOf(statement.value) === keyOf(claim.value)) return false;
  const date = claim.value.find(isDate);
  // What was to be on a day that has come is another time, not another date.
  if (claim.kind === 'date' && date && statement.told > new Date(`${date.slice(1)}T23:59:59Z`)) return false;
  return (claim.isSingle && statement.isSingle) || statement.isNews;
}
