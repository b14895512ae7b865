import type { PassageRow } from '../../../graph/queries/passages.ts';
import { LONGEST_BLOCK } from '../../../passages/cut.ts';
import type { RankedPassage } from './rank.ts';

/** How many of the best passages may be joined to another passage of the answer. */
const MOST_JOINED = 12;
/** A shorter passage says little without what follows: "The job failed:". */
const SHORT = 120;
/** Longer runs are not joined further. */
const LONGEST = 900;

/**
 * The best passages, at most `limit`. A passage is joined with its neighbours in the same part of its episode if these are among the best too,
 * or if the passage is short. A requested list or procedure is joined from all of its pieces. Of overlapping passages only the best is taken.
 * @param ranked all ranked passages, the best first
 * @param worth those of them that are worth showing
 */
export function joinPassages(
  ranked: readonly RankedPassage[],
  worth: ReadonlySet<RankedPassage>,
  limit: number,
): RankedPassage[] {
  const next = new Map(ranked.map((found) => [placeOf(found.passage, 0), found]));
  const asked = askedFor(ranked);
  const runs: RankedPassage[][] = [];
  for (const [place, found] of ranked.entries()) {
    if (place >= MOST_JOINED && !worth.has(found)) continue;
    if (runs.some((members) => members.includes(found))) continue;
    const run = runs.find((members) => isBeside(members, found));
    if (run) run.push(found);
    else if (worth.has(found) && runs.length < limit && !runs.flat().some((other) => overlaps(other, found)))
      runs.push(asked.has(found) ? [found, ...otherPieces(found, next)] : [found]);
  }
  return runs.map((members) => {
    const [best] = members as [RankedPassage];
    const following = next.get(placeOf(lastOf(members), 1));
    const isShort = members.length === 1 && best.passage.end - best.passage.start < SHORT;
    return joined(isShort && following && isBeside(members, following) ? [...members, following] : members, asked);
  });
}

/** A list or procedure with at least this share of the best one's score is also treated as requested. */
const ABOUT_AS_WELL = 0.8;

function askedFor(ranked: readonly RankedPassage[]): Set<RankedPassage> {
  const lists = ranked.filter(({ signals }) => signals.shape > 0);
  return new Set(lists.filter(({ score }) => score >= ABOUT_AS_WELL * (lists[0]?.score ?? 0)));
}

/** The pieces into which a long list was cut, without the one that was found; of steps with headings of their own, the steps. */
function otherPieces(found: RankedPassage, byPlace: ReadonlyMap<string, RankedPassage>): RankedPassage[] {
  if (found.passage.kind === 'steps') return sectionsBelow(found.passage, byPlace);
  const pieces: RankedPassage[] = [];
  for (const step of [1, -1])
    for (let last = found; ; ) {
      const beside = byPlace.get(placeOf(last.passage, step));
      if (!beside || !isSameBlock(step > 0 ? last : beside, step > 0 ? beside : last)) break;
      pieces.push(beside);
      last = beside;
    }
  return pieces;
}

function sectionsBelow(
  { headings, ...lead }: PassageRow,
  byPlace: ReadonlyMap<string, RankedPassage>,
): RankedPassage[] {
  const sections: RankedPassage[] = [];
  for (let after = 1; ; after += 1) {
    const section = byPlace.get(placeOf({ headings, ...lead }, after));
    const path = section?.passage.headings ?? [];
    if (!section || path.length <= headings.length || headings.some((place, index) => path[index] !== place))
      return sections;
    sections.push(section);
  }
}

/** A list is cut into pieces that are nearly as long as a passage may be; shorter neighbours are two lists. */
const FULL_PIECE = 0.75 * LONGEST_BLOCK;

const isSameBlock = ({ passage: one }: RankedPassage, { passage: other }: RankedPassage): boolean =>
  one.kind === other.kind &&
  one.end - one.start >= FULL_PIECE &&
  other.end - one.start > LONGEST_BLOCK &&
  one.headings.every((place, index) => other.headings[index] === place);

const placeOf = ({ episode, source, ordinal }: PassageRow, after: number): string =>
  `${episode} ${source} ${ordinal + after}`;

const lastOf = (members: readonly RankedPassage[]): PassageRow =>
  members.map(({ passage }) => passage).reduce((last, passage) => (passage.ordinal > last.ordinal ? passage : last));

/** Text of the same kind, below the same headings, directly before or after. */
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
function joined(members: readonly RankedPassage[], asked: ReadonlySet<RankedPassage>): RankedPassage {
  const [best] = members as [RankedPassage];
  const isWhole = members.some((member) => asked.has(member));
  if (members.length === 1) return isWhole ? { ...best, isWhole } : best;
  const passages = members.map(({ passage }) => passage);
  const [first] = passages.toSorted((a, b) => a.start - b.start) as [PassageRow];
  const end = Math.max(...passages.map((passage) => passage.end));
  const block = passages.find(({ kind }) => kind !== 'paragraph' && kind !== 'turn');
  // With its sections a lead-in is a procedure: no outline is due after it.
  const hasSections = block?.kind === 'steps' && end > block.end;
  return {
    ...best,
    isJoined: true,
    turns: passages.map(({ start, role }) => ({ start, role })).sort((a, b) => a.start - b.start),
    ...(isWhole && { isWhole }),
    passage: {
      ...best.passage,
      kind: hasSections ? 'procedure' : (block?.kind ?? best.passage.kind),
      // The headings of later pieces include the list's introduction, which the first piece has in its text.
      headings: first.headings,
      start: first.start,
      end,
    },
  };
}

function overlaps({ passage: a }: RankedPassage, { passage: b }: RankedPassage): boolean {
  if (a.episode !== b.episode || a.source !== b.source) return false;
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return common > 0.5 * Math.min(a.end - a.start, b.end - b.start);
}
