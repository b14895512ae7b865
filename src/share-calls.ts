/** Runs one call at a time. Items that arrive while one runs wait for it, and then share the next one with its result. */
export function shareCalls<T, Result>(
  run: (items: readonly T[]) => Promise<Result>,
): (items: readonly T[]) => Promise<Result> {
  let running: Promise<unknown> = Promise.resolve();
  let next: { readonly items: T[]; readonly result: Promise<Result> } | undefined;

  function nextCall() {
    const items: T[] = [];
    const result = running.then(() => {
      next = undefined;
      return run(items);
    });
    running = result.catch(() => {});
    return { items, result };
  }

  return (items) => {
    next ??= nextCall();
    next.items.push(...items);
    return next.result;
  };
}
