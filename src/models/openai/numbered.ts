/** Things that a model is shown, each different one once, under numbers from 1. */
export interface Numbered<T> {
  readonly items: readonly T[];
  /** The number of a thing; one that is alike has the same. */
  numberOf(item: T): number;
}

export function numbered<T>(all: readonly T[]): Numbered<T> {
  const numbers = new Map<string, number>();
  const items: T[] = [];
  for (const item of all) {
    const key = JSON.stringify(item);
    if (!numbers.has(key)) numbers.set(key, items.push(item));
  }
  return { items, numberOf: (item) => numbers.get(JSON.stringify(item)) ?? 0 };
}

/** Answers by the number of what they are about; of two about the same the first counts. */
export function byNumber<T>(answers: readonly T[], number: (answer: T) => number): Map<number, T> {
  const found = new Map<number, T>();
  for (const answer of answers) if (!found.has(number(answer))) found.set(number(answer), answer);
  return found;
}
