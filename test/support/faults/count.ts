/** `npm run test:faults` sets it; without it the same tests run with small counts, as CI does. */
export const isFull = process.env.FAULTS === 'full';

/** The number of repetitions in a full or a small run. */
export function repetitions({ full, small }: { readonly full: number; readonly small: number }): number {
  return isFull ? full : small;
}
