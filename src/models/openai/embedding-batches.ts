const MOST_TEXTS = 256;
const MOST_CHARACTERS = 200_000;
/** About 8,000 tokens, which is what OpenAI's models take. */
const LONGEST_TEXT = 24_000;
/** A text is not cut shorter than this for a server that finds it too long. */
export const SHORTEST_TEXT = 200;

/** A text as it is embedded: on one line, as long as a model takes, and never empty, which servers refuse. */
export function embeddable(text: string): string {
  const line = text
    .slice(0, LONGEST_TEXT)
    .toWellFormed()
    .replace(/[\r\n]+/g, ' ');
  return line.trim() === '' ? '.' : line;
}

/**
 * The texts in requests that servers take, in the same order.
 * @param most texts in a request, where the server takes fewer than most do
 */
export function embeddingBatches(texts: readonly string[], most = MOST_TEXTS): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    if (last && last.length < Math.min(most, MOST_TEXTS) && text.length <= room) last.push(text);
    else {
      batches.push([text]);
      room = MOST_CHARACTERS;
    }
    room -= text.length;
  }
  return batches;
}
