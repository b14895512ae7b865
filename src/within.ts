/**
 * What `work` gives or throws if it ends within `limit` milliseconds, else what `late` gives or throws; what comes after that is
 * dropped.
 */
export async function within<T, Late>(limit: number, work: Promise<T>, late: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Late>((resolve, reject) => {
    const end = () => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    };
    // Of a negative time Node and Bun warn on the terminal.
    timer = setTimeout(end, Math.max(limit, 1));
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
