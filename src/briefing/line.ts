/** A line of a briefing, with its source. */
export interface BriefingLine {
  readonly text: string;
  /** The episode that says so. */
  readonly episode: string;
  /** When it was stated, in the graph's format. */
  readonly time: string;
  /** `user` for what the user said or confirmed, else who handed it in. */
  readonly by: string;
  /** From when on and until when it holds, where that is known, in the graph's format. */
  readonly from?: string | null;
  readonly until?: string | null;
}

const SPEAKER = /^[\p{L}][\p{L}\p{N}_.-]*: /u;

/** Each sentence once, whatever its speaker, and not if another part of the briefing contains it. */
export function withoutDuplicates(lines: readonly BriefingLine[], before: readonly BriefingLine[]): BriefingLine[] {
  const bare = ({ text }: BriefingLine) => text.replace(SPEAKER, '').toLowerCase();
  const seen = new Set(before.map(bare));
  return lines.filter((line) => !seen.has(bare(line)) && seen.add(bare(line)));
}
