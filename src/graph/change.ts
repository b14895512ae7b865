import { randomUUID } from 'node:crypto';
import { type Params, queryText } from './codec.ts';
import type { ChangeLog, GroupGraph } from './group-graph.ts';
import { readChangeHead } from './queries/fence.ts';

/**
 * Makes changes and appends them to the journal. Fenced changes are appended first, so that the journal has every change that the
 * graph has. Each gets a change id, which it leaves in the graph, and names its predecessor's. A number for each lease would not be
 * enough: a holder that froze after it appended its second change looks like one that made it.
 * @param write sends a whole query
 */
export function openChange(
  graph: Pick<GroupGraph, 'group' | 'read'>,
  write: <Row>(text: string) => Promise<Row[]>,
  log: ChangeLog | undefined,
): GroupGraph['change'] {
  async function behindFence<Row>(query: string, params: Params): Promise<Row[]> {
    const { token, changeId: after } = await readChangeHead(graph);
    if (token !== params.seen) return [];
    const changeId = randomUUID();
    const fencedParams = { ...params, after, mark: changeId };
    // Before the journal: a query that cannot be written must not be appended.
    const text = queryText(query, fencedParams);
    const id = await log?.append(graph.group, { query, params: fencedParams });
    const rows = await write<Row>(text);
    // A change that found nothing to do returns no row either. It is part of the chain and may have a successor, which
    // removeRefused checks.
    const isTaken = rows.length > 0 || (id !== undefined && (await readChangeHead(graph)).changeId === changeId);
    if (id && !isTaken) await log?.removeRefused(graph.group, id, changeId);
    // Not awaited: if it gets lost, only a later loss of this one change goes unnoticed.
    if (id && isTaken) log?.confirm(graph.group, id, { query, params: fencedParams }).catch(() => {});
    return rows;
  }

  return async (query, params) => {
    if (isFenced(params)) return behindFence(query, params);
    // In parallel: if one of them fails, the job is retried and does both again.
    const made = write(queryText(query, params));
    const noted = log?.append(graph.group, { query, params });
    const [rows] = await Promise.all([made, noted]);
    return rows as never;
  };
}

const isFenced = ({ fence, seen }: Params): boolean => typeof fence === 'number' && typeof seen === 'number';
