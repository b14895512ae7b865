import type { GroupGraph } from '../graph/group-graph.ts';
import { countGraph } from '../graph/queries/count-graph.ts';
import { timestamp } from '../time.ts';
import { snapshot } from './snapshot.ts';
import type { ArchiveStore } from './stores/store.ts';

export interface Exported {
  readonly file: string;
  readonly place: string;
  readonly bytes: number;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
}

/**
 * Writes the group's graph as `graphiti_export_<timestamp>.json`. The caller sees to it that nobody commits meanwhile.
 * @param onProgress told the share that is done, from 0 to 1, in steps of at least a hundredth
 */
export async function exportGraph(
  graph: GroupGraph,
  store: ArchiveStore,
  onProgress: (share: number) => void,
): Promise<Exported> {
  const { nodes, ...counts } = await countGraph(graph);
  const file = `graphiti_export_${timestamp(new Date())}.json`;
  let told = 0;
  const bytes = await store.put(
    file,
    snapshot(graph, (done) => {
      const share = Math.min(done / Math.max(nodes, 1), 1);
      if (share < told + 0.01) return;
      told = share;
      onProgress(share);
    }),
  );
  return { file, place: store.place, bytes, ...counts };
}

/** What was exported, in one sentence. */
export function exportMessage({ file, place, episodes, entities, facts, bytes }: Exported): string {
  const size = bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
  const held = `${count(episodes, 'episode')}, ${count(entities, 'entity', 'entities')} and ${count(facts, 'fact')}`;
  return `Exported ${held} (${size}) to ${place}/${file}`;
}
