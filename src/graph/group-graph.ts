import type { Embedder } from '../models/embedder.ts';
import type { Params } from './codec.ts';

/** The graph of one group. Whoever holds it can neither read nor change another group's. */
export interface GroupGraph {
  readonly group: string;
  /** Rows of a reading query; none while the graph does not exist. */
  read<Row>(query: string, params?: Params): Promise<Row[]>;
  /** Rows of a writing query. All of its changes happen or none. */
  write<Row>(query: string, params?: Params): Promise<Row[]>;
  /**
   * Makes the indexes and notes the embedder, once for each graph.
   * @throws EmbedderMismatch
   */
  prepare(embedder: Embedder): Promise<void>;
  /** Does the same again, for a graph that was lost meanwhile. */
  prepareAgain(embedder: Embedder): Promise<void>;
  /**
   * False while there is nothing that could be searched.
   * @throws EmbedderMismatch when the graph's vectors are of another kind than `embedder`'s
   */
  check(embedder: Embedder): Promise<boolean>;
}
