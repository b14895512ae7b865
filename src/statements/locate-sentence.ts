import type { Range } from '../english/sentences.ts';

/** The place of a sentence in a text; white space, marks of emphasis and the last full stop may differ. Undefined if it is not in the text. */
export function locateSentence(sentence: string, text: string): Range | undefined {
  const words = sentence
    .replace(/[*`]/g, '')
    .trim()
    .replace(/[.!]+$/, '')
    .split(/\s+/)
    .filter(Boolean);
  if (words.length === 0) return undefined;
  const start = text.indexOf(sentence.trim());
  if (start >= 0) return { start, end: start + sentence.trim().length };
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('[\\s*`]+');
  const found = new RegExp(`${pattern}(?:\\s*[.!]+)?`).exec(text.replace(/[*`]/g, ' '));
  return found ? { start: found.index, end: found.index + found[0].length } : undefined;
}
