import type { PassageRow } from '../graph/queries/passages.ts';
import type { RankedPassage } from './rank.ts';

/** So many of the best passages may be joined to another of the answer. */
const MOST_JOINED = 12;
/** A shorter passage says little without what follows: "The job failed:". */
const SHORT = 120;
/** Longer runs are not joined further. */
const LONGEST = 900;

/**
 * The best passages, at most `limit`, each with those that stand next to it in the same part of its episode, where these are among the best
 * too or the passage is short. Of passages that overlap only the better one is taken.
 * @param ranked all that was ranked, the best first
 * @param worth those of them that are worth showing
 */
export function inContext(
  ranked: readonly RankedPassage[],
  worth: ReadonlySet<RankedPassage>,
  limit: number,
): RankedPassage[] {
  const next = new Map(ranked.map((found) => [placeOf(found.passage, 0), found]));
  const runs: RankedPassage[][] = [];
  for (const [place, found] of ranked.entries()) {
    if (place >= MOST_JOINED && !worth.has(found)) continue;
    const run = runs.find((members) => isBeside(members, found));
    if (run) run.push(found);
    else if (worth.has(found) && runs.length < limit && !runs.flat().some((other) => overlaps(other, found)))
      runs.push([found]);
  }
  return runs.map((members) => {
    const [best] = members as [RankedPassage];
    const following = next.get(placeOf(lastOf(members), 1));
    const isShort = members.length === 1 && best.passage.end - best.passage.start < SHORT;
    return joined(isShort && following && isBeside(members, following) ? [...members, following] : members);
  });
}

const placeOf = ({ episode, source, ordinal }: PassageRow, after: number): string =>
  `${episode} ${source} ${ordinal + after}`;

const lastOf = (members: readonly RankedPassage[]): PassageRow =>
  members.map(({ passage }) => passage).reduce((last, passage) => (passage.ordinal > last.ordinal ? passage : last));

/** Text of its own kind, below the same headings, directly before or after. */
function isBeside(members: readonly RankedPassage[], { passage }: RankedPassage): boolean {
  if (passage.source !== '' || passage.kind === 'json') return false;
  const size = members.reduce((sum, { passage: { start, end } }) => sum + end - start, passage.end - passage.start);
  return (
    size <= LONGEST &&
    members.some(
      ({ passage: other }) =>
        other.episode === passage.episode &&
        other.source === '' &&
        Math.abs(other.ordinal - passage.ordinal) === 1 &&
        other.headings.join() === passage.headings.join(),
    )
  );
}

/** One passage that reaches from the first to the last, with the rank of the best. */
function joined(members: readonly RankedPassage[]): RankedPassage {
  const [best] = members as [RankedPassage];
  if (members.length === 1) return best;
  const passages = members.map(({ passage }) => passage);
  const kind = passages.find((passage) => passage.kind !== 'paragraph' && passage.kind !== 'turn')?.kind;
  return {
    ...best,
    isJoined: true,
    passage: {
      ...best.passage,
      kind: kind ?? best.passage.kind,
      start: Math.min(...passages.map(({ start }) => start)),
      end: Math.max(...passages.map(({ end }) => end)),
    },
  };
}

function overlaps({ passage: a }: RankedPassage, { passage: b }: RankedPassage): boolean {
  if (a.episode !== b.episode || a.source !== b.source) return false;
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return common > 0.5 * Math.min(a.end - a.start, b.end - b.start);
}
