/** Times of one kind of call, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** Calls `work` `count` times one after another, after some calls that do not count. */
export async function measure(count: number, work: (round: number) => Promise<unknown>): Promise<Times> {
  for (let round = 0; round < Math.min(count, 50); round += 1) await work(-1 - round);
  const times: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const start = performance.now();
    await work(round);
    times.push(performance.now() - start);
  }
  return quantiles(times);
}

/** Calls two kinds of work in turns, so that what else the machine does falls on both alike. */
export async function compare(
  count: number,
  one: (round: number) => Promise<unknown>,
  other: (round: number) => Promise<unknown>,
): Promise<[Times, Times]> {
  const times: [number[], number[]] = [[], []];
  for (let round = -50; round < count; round += 1)
    for (const [index, work] of [one, other].entries()) {
      const start = performance.now();
      await work(round);
      if (round >= 0) times[index]?.push(performance.now() - start);
    }
  return [quantiles(times[0]), quantiles(times[1])];
}

function quantiles(times: number[]): Times {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
