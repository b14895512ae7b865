import { SPEAKER_PREFIX } from '../passages/speakers.ts';
import { fromGraphTime } from '../time.ts';

/** A line of a briefing, with its source. */
export interface SourcedLine {
  readonly text: string;
  /** The episode that states it. */
  readonly episode: string;
  /** When it was stated, in the graph's format. */
  readonly time: string;
  /** `user` for a sentence that the user typed or confirmed, otherwise the source of the episode. */
  readonly source: string;
  /** From when on and until when it holds, in the graph's format; missing if unknown. */
  readonly from?: string | null;
  readonly until?: string | null;
}

/** Whether it holds at a moment. A missing beginning or end does not exclude it. */
export function holdsAt({ from, until }: SourcedLine, now: Date): boolean {
  const [begin, end] = [fromGraphTime(from), fromGraphTime(until)];
  return (!begin || begin <= now) && (!end || end > now);
}

/** Without the facts that have ended since the briefing was made, for a copy that is used later. */
export const withoutEndedFacts = <T extends { readonly facts: readonly SourcedLine[] }>(briefing: T, now: Date): T => ({
  ...briefing,
  facts: briefing.facts.filter((line) => holdsAt(line, now)),
});

/** Removes repeated sentences, also of other speakers, and sentences of an earlier part of the briefing. */
export function withoutDuplicates(lines: readonly SourcedLine[], before: readonly SourcedLine[]): SourcedLine[] {
  const bare = ({ text }: SourcedLine) => text.replace(SPEAKER_PREFIX, '').toLowerCase();
  const seen = new Set(before.map(bare));
  return lines.filter((line) => !seen.has(bare(line)) && seen.add(bare(line)));
}
