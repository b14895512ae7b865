/** A fact as the searches return it; dates as the graph has them. */
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
export const RETURN_FACTS = returnFacts();

/** The same, with further columns made of what is bound to further names. */
export function returnFacts(names: readonly string[] = [], columns = ''): string {
  return `
WITH ${['e', ...names].join(', ')}, startNode(e) AS a, endNode(e) AS b
RETURN e.uuid AS uuid, e.fact AS fact, e.name AS relation, a.name AS source, a.uuid AS sourceUuid,
       b.name AS target, b.uuid AS targetUuid, coalesce(e.episodes, []) AS episodes, e.valid_at AS validAt,
       e.invalid_at AS invalidAt, e.created_at AS createdAt, e.expired_at AS expiredAt${columns && `, ${columns}`}`;
}
