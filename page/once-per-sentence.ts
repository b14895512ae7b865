interface Dated {
  readonly fact: string;
  readonly validAt: string | null;
  readonly invalidAt: string | null;
}

/** The first fact of each sentence and period: a sentence that states two relations is two facts, which read the same in a list. */
export function oncePerSentence<Item>(items: readonly Item[], factOf: (item: Item) => Dated): Item[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const { fact, validAt, invalidAt } = factOf(item);
    const key = `${fact}\n${validAt}\n${invalidAt}`;
    return !seen.has(key) && seen.add(key);
  });
}
