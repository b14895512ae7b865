/** Whether a text may hold a literal. False is certain. True means only that each two neighbours of the literal stand together somewhere. */
export type MightContain = (literal: string) => boolean;

/** Characters beyond ASCII share a place with one of it, which only makes the answer true more often. */
const MASK = 127;

/** Reads a text once, so that any number of literals can be ruled out for nothing. */
export function literalFilter(text: string): MightContain {
  const pairs = new Uint8Array(1 << 14);
  const singles = new Uint8Array(1 << 7);
  let before = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at) & MASK;
    singles[character] = 1;
    pairs[(before << 7) | character] = 1;
    before = character;
  }
  return (literal) => {
    let last = literal.charCodeAt(0) & MASK;
    if (singles[last] !== 1) return false;
    for (let at = 1; at < literal.length; at += 1) {
      const character = literal.charCodeAt(at) & MASK;
      if (pairs[(last << 7) | character] !== 1) return false;
      last = character;
    }
    return true;
  };
}

/** An alternative of a pattern and literals of which each of its matches holds one. */
export interface Alternative {
  readonly form: string;
  readonly literals: readonly string[];
}

/** Most patterns that are kept. Few suffice, since texts of one kind hold the same literals. */
const MOST_KEPT = 100;

/**
 * A pattern of only those alternatives that may be in a text: each costs time at every character, found or not.
 * @param build makes the pattern of some of the alternatives, in their order
 */
export function narrowPattern<A extends Alternative>(
  alternatives: readonly A[],
  build: (some: readonly A[]) => RegExp,
) {
  const kept = new Map<string, { readonly some: readonly A[]; readonly pattern: RegExp }>();
  /** @returns undefined if the text holds none of them */
  return (mightContain: MightContain) => {
    const some = alternatives.filter(({ literals }) => literals.some(mightContain));
    if (some.length === 0) return undefined;
    const key = some.map(({ form }) => form).join('\n');
    let found = kept.get(key);
    if (!found) {
      if (kept.size >= MOST_KEPT) kept.clear();
      found = { some, pattern: build(some) };
      kept.set(key, found);
    }
    return found;
  };
}
