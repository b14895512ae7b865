const CANDIDATE = /(?<![\w+/=.-])(?!sha\d{1,3}-)[\w+/-]{32,4000}={0,2}(?![\w+/=-])/g;
const LEAST_BITS = 4.2;

/** Takes out what looks drawn by chance: keys whose vendor nobody knows, and what of pictures and programs was printed. */
export function withoutRandomText(text: string, hide: (kind: string, secret: string) => string): string {
  return text.replace(CANDIDATE, (found) => (isRandom(found) ? hide('random', found) : found));
}

/** Hashes and uuids have no capitals, names and paths have words. */
function isRandom(text: string): boolean {
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || (text.match(/\d/g)?.length ?? 0) < 3) return false;
  if (/[a-z]{8}|[A-Z]{12}/.test(text.slice(0, 400))) return false;
  return entropy(text.slice(0, 400)) >= LEAST_BITS;
}

/** Shannon's, in bits for a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
