/** A fact as the searches return it; dates in the graph's format. */
export interface FactRow {
  readonly uuid: string;
  readonly fact: string;
  readonly relation: string;
  readonly source: string;
  readonly sourceUuid: string;
  readonly target: string;
  readonly targetUuid: string;
  readonly episodes: readonly string[];
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly createdAt: string;
  readonly expiredAt: string | null;
}

/** Returns the edges bound to `e` as `FactRow`s. */
export const RETURN_FACTS = `
WITH e, startNode(e) AS a, endNode(e) AS b
RETURN e.uuid AS uuid, e.fact AS fact, e.name AS relation, a.name AS source, a.uuid AS sourceUuid,
       b.name AS target, b.uuid AS targetUuid, e.episodes AS episodes, e.valid_at AS validAt,
       e.invalid_at AS invalidAt, e.created_at AS createdAt, e.expired_at AS expiredAt`;

/**
 * True for an edge `e` that held at `$asOf`; a missing end is open. The `coalesce` is needed: FalkorDB 4.16 answers a
 * one-sided `<` on an indexed string with every row.
 */
export const HELD = `coalesce(e.valid_at, '') <= $asOf AND coalesce(e.invalid_at, '9') > $asOf`;
