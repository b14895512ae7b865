/**
 * Does `work` for every item, at most `most` at a time, and gives the results in the items' order. When one fails, those
 * under way are waited for, so that nothing goes on behind the caller's back, and no more are begun.
 */
export async function fewAtOnce<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const left = items.entries();
  async function take(): Promise<void> {
    for (const [place, item] of left) {
      try {
        results[place] = await work(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  }
  await Promise.all(Array.from({ length: most }, take));
  if (failures.length > 0) throw failures[0];
  return results;
}
