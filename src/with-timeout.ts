/** Settles like `work` if that settles within `limit` milliseconds, otherwise like `late`; a later outcome of `work` is ignored. */
export async function withTimeout<T, Late>(limit: number, work: Promise<T>, late: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Late>((resolve, reject) => {
    const end = () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    };
    // Node and Bun print a warning for negative times.
    timer = setTimeout(end, Math.max(limit, 1));
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
