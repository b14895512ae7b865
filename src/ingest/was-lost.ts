import { StaleFence } from '../errors.ts';

/** Of an episode that was recorded in a graph which is another one now, as after a server that lost its data. */
export function wasLost({ group }: { readonly group: string }): StaleFence {
  return new StaleFence(`The memory "${group}" was lost meanwhile; this episode is tried again.`);
}
