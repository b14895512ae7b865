/** Dimensions of OpenAI's models; other models get the dimension of the small one. */
const NATIVE: Readonly<Record<string, number>> = { 'text-embedding-3-large': 3072 };
const SMALL = 1536;
/** Number of positions that one word or trigram changes, so that a shortened vector still distinguishes texts. */
const SPREAD = 4;

/**
 * The unit vector of a text. Words and trigrams each change some positions, so texts that share them are near.
 * For fewer dimensions the vector is shortened and normalised again, as OpenAI does.
 */
export function fakeVector(text: string, model: string, dimensions?: number): number[] {
  const native = new Array<number>(NATIVE[model] ?? SMALL).fill(0);
  for (const [feature, weight] of features(text)) {
    let state = hash(feature);
    for (let turn = 0; turn < SPREAD; turn += 1) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
      const place = state % native.length;
      native[place] = (native[place] ?? 0) + (state & 0x10000 ? weight : -weight);
    }
  }
  const cut = dimensions === undefined ? native : native.slice(0, dimensions);
  const length = Math.hypot(...cut) || 1;
  return cut.map((value) => value / length);
}

function features(text: string): [string, number][] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  return words.flatMap((word) => {
    const trigrams = Array.from({ length: Math.max(word.length - 2, 0) }, (_, at) => word.slice(at, at + 3));
    return [[word, 2] as [string, number], ...trigrams.map((trigram): [string, number] => [`~${trigram}`, 0.5])];
  });
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return state >>> 0;
}

export function base64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}
