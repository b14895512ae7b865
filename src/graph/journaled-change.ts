import { randomUUID } from 'node:crypto';
import { StaleFenceError } from '../errors.ts';
import type { GraphJournal, GroupGraph } from './group-graph.ts';
import { readChangeHead } from './queries/fence.ts';
import { type Param, type Params, queryText } from './query-text.ts';

/**
 * Makes changes and appends them to the journal. Fenced changes are appended first, so that the journal has every change that the graph has.
 * Each change stores its change id in the graph and names its predecessor's. The lease's number would not be enough: a holder that froze
 * after appending its second change looks like a holder that made that change.
 * @param write sends a complete query text
 */
export function openJournaledChange(
  graph: Pick<GroupGraph, 'group' | 'read'>,
  write: <Row>(text: string) => Promise<Row[]>,
  journal: GraphJournal | undefined,
): GroupGraph['change'] {
  async function behindFence<Row>(query: string, params: Params): Promise<Row[]> {
    const after = params.after ?? (await readPredecessor(params.seen));
    if (after === undefined) return [];
    const changeId = randomUUID();
    const fencedParams = { ...params, after, mark: changeId };
    // Before the journal: a query that cannot be written must not be appended.
    const text = queryText(query, fencedParams);
    const id = await journal?.append(graph.group, { query, params: fencedParams });
    if (journal && id === '') {
      if (await journal.lacksTail(graph.group, graph)) throw lacksChangesError(graph.group);
      // As if the graph had refused it.
      return [];
    }
    const rows = await write<Row>(text);
    // A change that found nothing to do returns no row either. It is part of the chain and may have a successor, which
    // removeRefused checks.
    const isTaken = rows.length > 0 || (id !== undefined && (await readChangeHead(graph)).changeId === changeId);
    if (id && !isTaken) await journal?.removeRefused(graph.group, id, changeId);
    // Not awaited: if it gets lost, only a later loss of this one change goes unnoticed.
    if (id && isTaken) journal?.confirm(graph.group, id, { query, params: fencedParams }).catch(() => {});
    return rows;
  }

  /** Undefined if the graph was changed since `seen` was read. */
  async function readPredecessor(seen: Param | undefined): Promise<string | undefined> {
    const { token, changeId } = await readChangeHead(graph);
    return token === seen ? changeId : undefined;
  }

  return async (query, params) => {
    if (isFenced(params)) return behindFence(query, params);
    // In parallel: if one of them fails, the job is retried and does both again.
    const result = write(queryText(query, params));
    const noted = journal?.append(graph.group, { query, params });
    const [rows] = await Promise.all([result, noted]);
    return rows as never;
  };
}

/** For a job, which is tried again once the changes are there. */
export const lacksChangesError = (group: string): StaleFenceError =>
  new StaleFenceError(
    `The graph of the memory "${group}" lacks changes that it had applied, as after a failover of FalkorDB; a worker replays them from the journal, and this is tried again.`,
  );

const isFenced = ({ fence, seen }: Params): boolean => typeof fence === 'number' && typeof seen === 'number';
