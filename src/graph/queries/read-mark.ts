import type { GroupGraph } from '../group-graph.ts';

/** Behind which change the next one comes: the lease that wrote last, and the mark of what it wrote. */
export interface Mark {
  /** 0 for a new graph. */
  readonly token: number;
  /** '' for a new graph, and for one that was never changed by a program that leaves marks. */
  readonly mark: string;
}

export async function readMark(graph: Pick<GroupGraph, 'read'>): Promise<Mark> {
  const [row] = await graph.read<Mark>(
    `MATCH (f:_Meta {key: 'fence'}) RETURN f.token AS token, coalesce(f.mark, '') AS mark`,
  );
  return row ?? { token: 0, mark: '' };
}
