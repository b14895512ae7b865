/** `npm run test:faults` sets it; without it the same tests run with small counts, as CI does. */
export const isFull = process.env.FAULTS === 'full';

/** How often something is done: in a full run, or in a small one. */
export function repetitions({ full, small }: { readonly full: number; readonly small: number }): number {
  return isFull ? full : small;
}
