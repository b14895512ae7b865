import { RowLimitError } from './connection.ts';
import { type Params, queryText } from './query-text.ts';
import { isMissingGraph } from './scratch.ts';

/**
 * All rows of a reading query, also where the server limits them.
 * @param ask sends a complete query text
 */
export async function readRows<Row>(
  ask: (text: string) => Promise<unknown[]>,
  query: string,
  params?: Params,
): Promise<Row[]> {
  try {
    return await rowsOf<Row>(ask(queryText(query, params)));
  } catch (error) {
    if (!(error instanceof RowLimitError)) throw error;
    const [all] = await rowsOf<{ rows: readonly unknown[][] }>(ask(queryText(inOneRow(query, error.columns), params)));
    return uncut(error.columns, all?.rows ?? []);
  }
}

export async function rowsOf<Row>(answer: Promise<unknown[]>): Promise<Row[]> {
  try {
    return (await answer) as Row[];
  } catch (error) {
    // The first write creates a graph; until then it reads as empty.
    if (isMissingGraph(error)) return [];
    throw error;
  }
}

/** Cypher that returns all rows of a query as one row, so that no row limit applies. The column names are ours. */
function inOneRow(query: string, columns: readonly string[]): string {
  return `CALL { ${query} } RETURN collect([${columns.join(', ')}]) AS rows`;
}

function uncut<Row>(columns: readonly string[], rows: readonly (readonly unknown[])[]): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]])) as Row);
}
