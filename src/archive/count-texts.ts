import { hash } from 'node:crypto';
import type { GroupGraph } from '../graph/group-graph.ts';
import { exportExtent } from '../graph/queries/export.ts';
import { embeddedTexts } from './embedded-texts.ts';
import { TOGETHER } from './new-vectors.ts';
import { snapshot } from './snapshot.ts';

/** How many different texts a graph holds vectors of, how long they are together, and how many requests it takes to embed them. */
export async function countTexts(
  graph: GroupGraph,
  dimension: number,
): Promise<{ readonly texts: number; readonly characters: number; readonly requests: number }> {
  const seen = new Set<string>();
  let characters = 0;
  const { last } = await exportExtent(graph);
  for await (const page of snapshot(graph, { last, dimension, depth: 'without vectors' }))
    for (const named of (await embeddedTexts(graph, page)).values())
      for (const text of named.values()) {
        if (text === null) continue;
        const known = seen.size;
        seen.add(hash('sha256', text, 'base64'));
        if (seen.size > known) characters += text.length;
      }
  return { texts: seen.size, characters, requests: Math.ceil(seen.size / TOGETHER) };
}
