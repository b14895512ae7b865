import type { AttributeValue } from '../ontology.ts';

/** One episode's word that something holds. */
export interface Support {
  /** Its uuid; empty for a fact that was given without one. */
  readonly episode: string;
  /** The episode's reference time. */
  readonly said: Date;
  /** Since when it says so; null when it does not know. */
  readonly begin: Date | null;
  /** Until when; null when it still held. */
  readonly end: Date | null;
  /** What it tells besides, of a fact of a type with attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** In which words it says so, where these are others than the fact's. */
  readonly words?: Words;
}

/** How something is said. */
export interface Words {
  readonly relation: string;
  readonly fact: string;
}

/** A time without a break in which something held, and who says so. */
export interface Span {
  /** In the order of time; never empty. */
  readonly supports: readonly Support[];
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

/** Where a support stands in time. What had ended when it was told began at any time before. */
export function order({ begin, end, said }: Support): number {
  if (begin) return begin.getTime();
  return end && end <= said ? Number.NEGATIVE_INFINITY : said.getTime();
}

/**
 * When something held, from all that was ever said about it and nothing else, so that it does not matter what was learnt first.
 * It begins with a support and ends with the first closing after that, be it the end that a support tells itself or something
 * else that rules it out (`closings`); a support after the closing begins a new span. A closing at the very moment of a support
 * is none: two statements of the same moment stand side by side.
 */
export function spansOf(supports: readonly Support[], closings: readonly Date[]): Span[] {
  const sorted = [...supports].sort((a, b) => order(a) - order(b) || (a.episode < b.episode ? -1 : 1));
  const moments = new Set(sorted.map(order));
  const ends = [...closings, ...sorted.flatMap(({ end }) => end ?? [])]
    .map((end) => end.getTime())
    .filter((end) => !moments.has(end))
    .sort((a, b) => a - b);
  const spans: Span[] = [];
  for (let first = 0; first < sorted.length; ) {
    const start = sorted[first] as Support;
    const end = ends.find((it) => it > order(start));
    const after = end === undefined ? -1 : sorted.findIndex((support) => order(support) > end);
    const next = after < 0 ? sorted.length : after;
    const held = sorted.slice(first, next);
    spans.push({ supports: held, validAt: start.begin, invalidAt: end === undefined ? null : new Date(end) });
    first = next;
  }
  return spans;
}
