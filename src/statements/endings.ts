import type { Claim } from './claim.ts';
import { ends } from './ends.ts';
import { type ReadSentence, sentencesOf } from './sentence.ts';
import type { Statement } from './statement.ts';
import { isDate, keyOf } from './word.ts';

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
}

/** Keys of all statements that may end something in these sentences. */
export function keysFor(sentences: readonly ReadSentence[]): string[] {
  const keys = new Set<string>();
  for (const { claims } of sentences)
    for (const { key, terms } of claims) {
      if (key !== '') keys.add(key);
      for (const term of terms) keys.add(`-${term}`);
    }
  return [...keys];
}

/** Which sentences of a text do not hold at a moment, from all statements known, in whatever order they came. */
export function endedRanges(shown: ShownText, statements: readonly Statement[], moment: Moment): EndedRange[] {
  return shown.sentences.flatMap((sentence) => {
    const by = lastWord({ sentence, episode: shown.episode, told: shown.told }, statements, moment, new Set());
    if (!by) return [];
    const { start, end } = sentence;
    return [
      { start, end, until: by.until, by: by.statement, isPart: sentence.isCompound && sentence.claims.length > 1 },
    ];
  });
}

interface Said {
  readonly sentence: Pick<ReadSentence, 'claims' | 'scope' | 'start'>;
  readonly episode: string;
  readonly told: Date;
}

/** When a sentence ceased to hold, and what was said last about the same. */
function lastWord(
  said: Said,
  statements: readonly Statement[],
  moment: Moment,
  seen: Set<string>,
): { until: Date; statement: Statement } | null {
  const enders = statements
    .filter((statement) => !seen.has(statement.uuid) && isKnown(statement, moment) && isLater(statement, said))
    .filter(
      (statement) =>
        statement.scope === said.sentence.scope && said.sentence.claims.some((claim) => isEndedBy(claim, statement)),
    )
    .sort((a, b) => order(a) - order(b) || (a.uuid < b.uuid ? -1 : 1));
  const [first] = enders;
  if (!first) return null;
  seen.add(first.uuid);
  const until = first.at > said.told ? first.at : first.told;
  const [sentence] = sentencesOf({ content: first.text, source: 'text', referenceTime: first.told });
  const next =
    sentence &&
    lastWord(
      { sentence: { ...sentence, scope: first.scope, start: first.start }, episode: first.episode, told: first.told },
      statements,
      moment,
      seen,
    );
  return { until, statement: next?.statement ?? first };
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

function isEndedBy(claim: Claim, statement: Statement): boolean {
  if (statement.kind === 'ends') return ends(statement, claim);
  if (statement.key !== claim.key || keyOf(statement.value) === keyOf(claim.value)) return false;
  const date = claim.value.find(isDate);
  // What was to be on a day that has come is another time, not another date.
  if (claim.kind === 'date' && date && statement.told > new Date(`${date.slice(1)}T23:59:59Z`)) return false;
  return (claim.isSingle && statement.isSingle) || statement.isNews;
}
