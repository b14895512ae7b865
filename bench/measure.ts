/** Times of one kind of call, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** Calls two kinds of work alternately, so that other load on the machine affects both equally. */
export async function compare(
  count: number,
  one: (round: number) => Promise<unknown>,
  other: (round: number) => Promise<unknown>,
): Promise<[Times, Times]> {
  const [first, second] = await compareAll(count, [one, other]);
  return [first as Times, second as Times];
}

/** The same with any number of kinds. */
export async function compareAll(
  count: number,
  works: readonly ((round: number) => Promise<unknown>)[],
): Promise<Times[]> {
  const times: number[][] = works.map(() => []);
  for (let round = -50; round < count; round += 1)
    for (const [index, work] of works.entries()) {
      const start = performance.now();
      await work(round);
      if (round >= 0) times[index]?.push(performance.now() - start);
    }
  return times.map(quantiles);
}

function quantiles(times: number[]): Times {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
