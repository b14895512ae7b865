/**
 * Does `work` for every item, at most `most` at a time, and returns the results in the order of the items. After a failure no more
 * work is started, and the running work is awaited, so that nothing continues after the return.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
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
