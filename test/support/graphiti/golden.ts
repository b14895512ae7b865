import { readFileSync } from 'node:fs';
import { sharedFile } from '../shared.ts';

/** A graph written by graphiti_core, as stored in FalkorDB (`../shared/data/graphiti-golden/README.md`). */
export interface GoldenGraph {
  readonly nodes: readonly GoldenNode[];
  readonly edges: readonly GoldenEdge[];
}

export type Properties = Readonly<Record<string, unknown>>;

export interface GoldenNode {
  readonly labels: readonly string[];
  readonly properties: Properties;
}

export interface GoldenEdge {
  readonly type: string;
  /** uuids of the ends. */
  readonly source: string;
  readonly target: string;
  readonly properties: Properties;
}

/** Graphiti's results for a query, best first. */
export interface GoldenSearch {
  readonly query: string;
  readonly facts: readonly { readonly uuid: string; readonly fact: string; readonly score: number }[];
  readonly entities: readonly { readonly uuid: string; readonly name: string; readonly score: number }[];
}

const FOLDER = 'data/graphiti-golden';

/** Whether the golden graph exists beside the project, and the note in a test's name if not. */
export const hasGoldenGraph = sharedFile(`${FOLDER}/graph.json`) !== undefined;
export const goldenNote = hasGoldenGraph ? '' : ' (skipped: ../shared/data/graphiti-golden is not beside the project)';

export const goldenGraph = (): GoldenGraph => read('graph.json') as GoldenGraph;
export const goldenSearches = (): GoldenSearch[] => read('searches.json') as GoldenSearch[];
/** The facts that held at some times. */
export const goldenAsOf = (): Record<string, string[]> => read('as-of.json') as Record<string, string[]>;

function read(name: string): unknown {
  return JSON.parse(readFileSync(sharedFile(`${FOLDER}/${name}`) ?? '', 'utf8'));
}
