import type { Embedder } from '../models/embedder.ts';
import type { Params } from './query-text.ts';

/** A write that can be repeated: all written values are in `params`, with fence and predecessor if the write is fenced. */
export interface Change {
  readonly query: string;
  readonly params: Params;
}

/** The journal as a graph uses it: changes are stored there before they are made, so that they survive the loss of the graph. */
export interface GraphJournal {
  /**
   * @returns the entry's id; those of later entries are higher. Empty, with nothing appended, for a fenced change with an older predecessor than
   *          the graph is known to have taken: the graph changed since, or lost changes
   */
  append(group: string, change: Change): Promise<string>;
  /** Removes the entry of a change that the graph refused, unless another change names it as its predecessor. */
  removeRefused(group: string, id: string, changeId: string): Promise<void>;
  /** Records that the graph took a fenced change; called in the order of the changes. */
  confirm(group: string, id: string, change: Change): Promise<void>;
  /** @throws GraphLostError when the group's graph lacks changes that it had applied; StaleFenceError when a worker will replay them */
  checkLoss(group: string, graph: Pick<GroupGraph, 'read'>): Promise<void>;
  /** Whether the group's graph lacks changes that it had applied, and that may be replayed from the journal. Records the loss. */
  lacksTail(group: string, graph: Pick<GroupGraph, 'read'>): Promise<boolean>;
  /** The id of the last entry; `0-0` for none. */
  position(group: string): Promise<string>;
}

/** The graph of one group. It gives no access to another group's graph. */
export interface GroupGraph {
  readonly group: string;
  /** Rows of a reading query; none while the graph does not exist. */
  read<Row>(query: string, params?: Params): Promise<Row[]>;
  /** Rows of a writing query. All of its changes happen or none. */
  write<Row>(query: string, params?: Params): Promise<Row[]>;
  /**
   * The same for changes that must survive the loss of the graph: they are appended to the journal, if there is one. Repeating one
   * must change nothing. With `fence` and `seen` in `params` the query begins with `CHECK_FENCE`; no row means that it was refused.
   */
  change<Row>(query: string, params: Params): Promise<Row[]>;
  /** The id of the journal's last entry; `0-0` for none. */
  position(): Promise<string>;
  /**
   * @throws GraphLostError when the graph lacks changes that it had applied, as far as the journal shows; StaleFenceError when a worker will
   *         replay them
   */
  checkLoss(): Promise<void>;
  /**
   * Creates the indexes and stores the embedder, once for each graph.
   * @throws EmbedderMismatchError
   */
  prepare(embedder: Embedder): Promise<void>;
  /** Repeats it, for a graph that was lost meanwhile. */
  prepareAgain(embedder: Embedder): Promise<void>;
  /**
   * False while the graph has nothing to search.
   * @throws EmbedderMismatchError when the graph's vectors are of another kind than `embedder`'s
   */
  check(embedder: Embedder): Promise<boolean>;
  /** The same without a cached result. For writers of vectors, under the lease that replacing the graph needs too. */
  checkNow(embedder: Embedder): Promise<boolean>;
}
