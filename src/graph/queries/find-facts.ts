import type { GroupGraph } from '../group-graph.ts';

export interface Pair {
  readonly source: string;
  readonly target: string;
}

export interface StoredFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly fact: string;
  readonly episodes: readonly string[];
  /** In the graph's format. */
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
}

/** All facts that run from an entity to another, for each pair of uuids. */
export function findFacts(graph: GroupGraph, pairs: readonly Pair[]): Promise<StoredFact[]> {
  return graph.read(
    `UNWIND $pairs AS pair
     MATCH (a:Entity {uuid: pair.source})
     MATCH (b:Entity {uuid: pair.target})
     MATCH (a)-[e:RELATES_TO]->(b)
     RETURN e.uuid AS uuid, a.uuid AS source, b.uuid AS target, e.fact AS fact, e.episodes AS episodes,
            e.valid_at AS validAt, e.invalid_at AS invalidAt, e.expired_at AS expiredAt`,
    { pairs: pairs.map(({ source, target }) => ({ source, target })) },
  );
}
