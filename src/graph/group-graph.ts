import type { Embedder } from '../models/embedder.ts';
import type { Params } from './codec.ts';

/** A write that can be done again: all that it writes stands in `params`, with the fence and what it followed on where it has one. */
export interface Change {
  readonly query: string;
  readonly params: Params;
}

/** Where changes are noted before they are made, so that they outlive the graph. */
export interface ChangeLog {
  /** @returns the entry's id; those of later entries are higher */
  note(group: string, change: Change): Promise<string>;
  /** Takes the entry of a change back that the graph has refused, which shows in that none follows on its mark. */
  strike(group: string, id: string, mark: string): Promise<void>;
  /** Notes that the graph took a change behind a fence; in the order of the changes. */
  confirm(group: string, id: string, change: Change): Promise<void>;
  /** @throws GraphLostError when the group's graph lacks changes that it had taken */
  checkLoss(group: string, graph: Pick<GroupGraph, 'read'>): Promise<void>;
  /** The id of the last entry; `0-0` for none. */
  position(group: string): Promise<string>;
}

/** The graph of one group. Whoever holds it can neither read nor change another group's. */
export interface GroupGraph {
  readonly group: string;
  /** Rows of a reading query; none while the graph does not exist. */
  read<Row>(query: string, params?: Params): Promise<Row[]>;
  /** Rows of a writing query. All of its changes happen or none. */
  write<Row>(query: string, params?: Params): Promise<Row[]>;
  /**
   * The same for what must survive the loss of the graph: it is noted in the journal, where there is one. Doing it again
   * must change nothing. With `fence` and `seen` in `params` the query begins with `BEHIND_FENCE`; no row means that it was refused.
   */
  change<Row>(query: string, params: Params): Promise<Row[]>;
  /** The id of the journal's last entry; `0-0` where nothing is noted. */
  position(): Promise<string>;
  /** @throws GraphLostError when the graph lacks changes that it had taken, as far as the journal tells */
  checkLoss(): Promise<void>;
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
  /** The same as the graph is now: for who writes vectors, under the lease that putting another graph in its place needs too. */
  checkNow(embedder: Embedder): Promise<boolean>;
}
