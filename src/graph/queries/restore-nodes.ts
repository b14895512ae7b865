import { LABEL, type Param, quotedLabel } from '../codec.ts';
import type { GroupGraph } from '../group-graph.ts';

/** What is created, besides its ends or labels. */
export interface RestoredRow {
  readonly properties: { readonly [name: string]: Param };
  /** Apart, since in a map they would be lists. */
  readonly vectors: { readonly [name: string]: readonly number[] };
  /** Whole numbers that are stored as numbers with a fraction; set over an integer of the same value they would change nothing. */
  readonly floats: { readonly [name: string]: number };
}

/** Which properties need a type that a parameter cannot have. */
export interface RestoredTypes {
  readonly vectors: readonly string[];
  readonly floats: readonly string[];
}

/** Creates nodes that have the same labels and types. */
export async function restoreNodes(
  graph: GroupGraph,
  labels: readonly string[],
  types: RestoredTypes,
  rows: readonly RestoredRow[],
): Promise<void> {
  const named = labels.map((label) => `:${quotedLabel(label)}`).join('');
  await graph.write(`UNWIND $rows AS row CREATE (x${named}) ${setAll(types)}`, { rows: rows as unknown as Param });
}

/** Gives `x` all properties of `row`. */
export function setAll({ vectors, floats }: RestoredTypes): string {
  const sets = [
    ...vectors.map((name) => `x.${checked(name)} = vecf32(row.vectors.${checked(name)})`),
    ...floats.map((name) => `x.${checked(name)} = toFloat(row.floats.${checked(name)})`),
  ];
  return ['SET x = row.properties', ...sets.map((set) => `SET ${set}`)].join(' ');
}

function checked(name: string): string {
  if (!LABEL.test(name)) throw new TypeError(`"${name}" cannot be the name of a property`);
  return name;
}
