/** What `work` gives, or undefined when it fails or takes more than `limit` milliseconds; what comes late is dropped. */
export async function within<T>(limit: number, work: () => Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    // Of a negative time Node and Bun warn on the terminal, which is the agent's.
    timer = setTimeout(() => resolve(undefined), Math.max(limit, 1));
    timer.unref?.();
  });
  try {
    return await Promise.race([work().catch(() => undefined), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
