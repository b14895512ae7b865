import { quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';
import { type Ghosts, MARK } from './read-ghosts.ts';

/**
 * Has FalkorDB build the indexes of a label anew, in the background; the old ones answer until the new ones are ready. There is no
 * command for it, but adding any index does it, and dropping that one does it the next time.
 */
export async function toggleIndex(
  graph: GroupGraph,
  { label, isOfEdges, isMarked }: Pick<Ghosts, 'label' | 'isOfEdges' | 'isMarked'>,
): Promise<void> {
  const pattern = isOfEdges ? `()-[x:${quotedLabel(label)}]-()` : `(x:${quotedLabel(label)})`;
  await graph.write(`${isMarked ? 'DROP' : 'CREATE'} INDEX FOR ${pattern} ON (x.${MARK})`);
}
