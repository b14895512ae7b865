/**
 * Whether a text may contain a literal. False is certain. True only means that each pair of adjacent characters of the literal occurs in
 * the text.
 */
export type MightContain = (literal: string) => boolean;

/** Characters outside of ASCII share an index with an ASCII character, which only causes more false positives. */
const MASK = 127;

/** Reads a text once, after which any number of literals can be ruled out quickly. */
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

/** An alternative of a pattern, and literals: each of its matches contains at least one of them. */
export interface PatternAlternative {
  readonly form: string;
  readonly literals: readonly string[];
}

/** Maximum number of cached patterns. Few are enough, because similar texts contain the same literals. */
const MOST_KEPT = 100;

/**
 * A pattern with only the alternatives that may occur in a text, because each alternative costs time at every character.
 * @param build makes a pattern of the given alternatives, in their order
 */
export function patternForText<A extends PatternAlternative>(
  alternatives: readonly A[],
  build: (some: readonly A[]) => RegExp,
) {
  const kept = new Map<string, { readonly some: readonly A[]; readonly pattern: RegExp }>();
  /** @returns undefined if the text contains none of them */
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
