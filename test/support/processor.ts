const MILLISECOND = 1000;

/** Processor time of this thread for `work` in milliseconds. Other processes do not count. */
export function processorTime(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / MILLISECOND;
}

/** Shorter times are too noisy to measure growth. */
const LEAST = 2;

/**
 * The factor in processor time of `work` for ten times the size: about 10 if each part is looked at once, 100 if
 * each part is looked at again for every other part. The minimum of three, because compilation and garbage collection also count.
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

/** Upper limit of the factor for linear work. */
export const MAX_LINEAR_GROWTH = 40;

/** The main thread's share of this process's processor time during `work` that other threads should do. */
export async function shareOfThisThread(work: () => Promise<unknown>): Promise<number> {
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
  await work();
  const [mine, whole] = [process.threadCpuUsage(thread), process.cpuUsage(all)];
  return (mine.user + mine.system) / (whole.user + whole.system);
}
