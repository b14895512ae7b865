import { canonicalKey } from '../text.ts';

export { canonicalKey, unicodeForms } from '../text.ts';

/** Share of common shingles from which on two names mean the same entity (graphiti_core 0.29, dedup_helpers.py). */
export const SAME_NAME_SIMILARITY = 0.9;
const MIN_ENTROPY = 1.5;
const SHORT = 6;

/** Letters a–z, digits, spaces and apostrophes only: how names that differ in punctuation become equal. */
export function fuzzyKey(name: string): string {
  return canonicalKey(canonicalKey(name).replace(/[^a-z0-9' ]/g, ' '));
}

/** Shannon entropy in bits over the characters, spaces left out; 0 for nothing. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  const letters = [...text.replaceAll(' ', '')];
  for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / letters.length) * Math.log2(count / letters.length),
    0,
  );
}

/** False for names that are too short or uniform to be compared by their letters, as `java` or `bob`. */
export function isDistinctive(key: string): boolean {
  const isShort = key.length < SHORT && key.split(' ').length < 2;
  return !isShort && entropy(key) >= MIN_ENTROPY;
}

/** Runs of three characters, spaces left out; of a single character that one, of two none. */
export function shingles(key: string): Set<string> {
  const letters = key.replaceAll(' ', '');
  if (letters.length === 1) return new Set([letters]);
  return new Set(Array.from({ length: Math.max(letters.length - 2, 0) }, (_, at) => letters.slice(at, at + 3)));
}

/** Size of the intersection by size of the union; two empty sets are equal. */
export function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size === 0 && other.size === 0) return 1;
  const common = [...one].filter((shingle) => other.has(shingle)).length;
  return common / (one.size + other.size - common);
}

/** Similarity of two names by their letters, from 0 to 1. */
export function similarity(one: string, other: string): number {
  return jaccard(shingles(fuzzyKey(one)), shingles(fuzzyKey(other)));
}

/**
 * The candidate whose name differs only in punctuation and a letter or two; null when there is none, or when the name is not
 * distinctive. Exact keys are compared before this.
 */
export function findNearDuplicate<T extends { readonly name: string }>(
  name: string,
  candidates: readonly T[],
): T | null {
  const key = fuzzyKey(name);
  if (!isDistinctive(key)) return null;
  let best: { candidate: T; share: number } | null = null;
  for (const candidate of candidates) {
    const share = jaccard(shingles(key), shingles(fuzzyKey(candidate.name)));
    if (share >= SAME_NAME_SIMILARITY && share > (best?.share ?? 0)) best = { candidate, share };
  }
  return best?.candidate ?? null;
}
