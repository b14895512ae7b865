import { randomUUID } from 'node:crypto';
import { type Params, queryText } from './codec.ts';
import type { ChangeLog, GroupGraph } from './group-graph.ts';
import { readMark } from './queries/fence.ts';

/**
 * Makes changes and notes them, those behind a fence before: whatever of them the graph has, the journal has too. Such a change gets a
 * mark of its own, which it leaves in the graph, and names that of the one that it follows on. One number for each lease would not tell which
 * of two changes the graph took: a holder that was frozen after it had noted its second one looks like one that has made it.
 * @param write sends a whole query
 */
export function openChange(
  graph: Pick<GroupGraph, 'group' | 'read'>,
  write: <Row>(text: string) => Promise<Row[]>,
  log: ChangeLog | undefined,
): GroupGraph['change'] {
  async function behindFence<Row>(query: string, params: Params): Promise<Row[]> {
    const { token, mark: after } = await readMark(graph);
    if (token !== params.seen) return [];
    const mark = randomUUID();
    const marked = { ...params, after, mark };
    // What cannot be written must not be noted.
    const text = queryText(query, marked);
    const id = await log?.note(graph.group, { query, params: marked });
    const rows = await write<Row>(text);
    // No row may also come of a change that found nothing to do behind the fence. It is part of the chain, and another may have
    // followed; strike looks for that.
    const isTaken = rows.length > 0 || (id !== undefined && (await readMark(graph)).mark === mark);
    if (id && !isTaken) await log?.strike(graph.group, id, mark);
    // Not waited for: should it be lost, a later loss of this one change is not noticed, and nothing else.
    if (id && isTaken) log?.confirm(graph.group, id, { query, params: marked }).catch(() => {});
    return rows;
  }

  return async (query, params) => {
    if (isFenced(params)) return behindFence(query, params);
    // Neither waits for the other: a job that comes again, since one of them did not come about, does both again.
    const made = write(queryText(query, params));
    const noted = log?.note(graph.group, { query, params });
    const [rows] = await Promise.all([made, noted]);
    return rows as never;
  };
}

const isFenced = ({ fence, seen }: Params): boolean => typeof fence === 'number' && typeof seen === 'number';
