const MILLISECOND = 1000;

/** Processor time that this thread spends on `work`, in milliseconds: other processes do not count, however busy they are. */
export function processorTime(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / MILLISECOND;
}

/** What is quicker says nothing of how it grows. */
const LEAST = 2;

/**
 * How many times as much processor time `work` takes for ten times the size: about 10 where each part is looked at once, 100 where
 * it is looked at again for each other part. The least of three, since other work of this thread (compiling, tidying up) counts too.
 */
export function timeGrowth(work: (size: number) => void, size: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && least > MAX_LINEAR_GROWTH; round += 1) {
    const small = processorTime(() => work(size));
    const large = processorTime(() => work(10 * size));
    least = Math.min(least, large / Math.max(small, LEAST));
  }
  return least;
}

/** What `growth` stays below where the size counts once. */
export const MAX_LINEAR_GROWTH = 40;

/** Which share of this process' processor time its main thread spends during `work`, which others are to do. */
export async function shareOfThisThread(work: () => Promise<unknown>): Promise<number> {
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  await work();
  const [mine, whole] = [process.threadCpuUsage(thread), process.cpuUsage(all)];
  return (mine.user + mine.system) / (whole.user + whole.system);
}
