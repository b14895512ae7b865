import { randomUUID } from 'node:crypto';
import { graphName } from '../group.ts';
import { SECOND } from '../time.ts';
import type { Connection } from './connection.ts';
import type { GroupGraph } from './group-graph.ts';
import type { Pool } from './pool.ts';
import { IS_EMPTY } from './queries/is-empty.ts';

/** A graph that belongs to no group: what is written there nobody sees. */
export interface Scratch {
  /** Named as the group beside which it stands. */
  readonly graph: GroupGraph;
  /**
   * Puts it in the place of the group's graph, which is gone then; readers see the one or the other. Refused, with false, when
   * anybody writes to the group's graph after `mayHappen` was asked, or `mayHappen` gives false.
   * @param mayHappen asked on the way; the group's graph is empty or not there when `isEmpty`
   */
  takePlace(mayHappen: (isEmpty: boolean) => boolean | Promise<boolean>): Promise<boolean>;
  drop(): Promise<void>;
}

/** No group's graph can be named so. */
const PREFIX = '~scratch:';
const LIMIT = 30 * SECOND;

/** The time stands in the name, so that what a killed process left can be told from what another is at work on. */
export const scratchName = (group: string): string => `${PREFIX}${Date.now()}:${group}:${randomUUID().slice(0, 8)}`;

export function openScratch(pool: Pool, graph: GroupGraph, name: string): Scratch {
  const target = graphName(graph.group);
  return {
    graph,
    takePlace: (mayHappen) =>
      pool.use(async (connection) => {
        // FalkorDB's writes count as changes of the key, so the swap is refused after any write that we have not seen.
        await connection.call('WATCH', target);
        if (!(await mayHappen(await isEmpty(connection, target)))) {
          await connection.call('UNWATCH');
          return false;
        }
        await connection.call('MULTI');
        await connection.call('RENAME', name, target);
        return (await connection.call('EXEC')) !== null;
      }, LIMIT),
    drop: () => drop(pool, name),
  };
}

async function isEmpty(connection: Connection, target: string): Promise<boolean> {
  if ((await connection.call('EXISTS', target)) === 0) return true;
  const [row] = (await connection.run('GRAPH.RO_QUERY', target, IS_EMPTY)) as { isEmpty: boolean }[];
  return row?.isEmpty ?? true;
}

export async function sweepScratches(pool: Pool, age: number): Promise<number> {
  const names = await pool.use((connection) => connection.call('GRAPH.LIST'), LIMIT);
  const until = Date.now() - age;
  const left = [...new Set(names as string[])].filter(
    (name) => name.startsWith(PREFIX) && Number(name.slice(PREFIX.length).split(':')[0]) <= until,
  );
  for (const name of left) await drop(pool, name);
  return left.length;
}

/** It need not be there. */
async function drop(pool: Pool, name: string): Promise<void> {
  await pool.use(async (connection) => {
    // Not GRAPH.DELETE, which fails for a graph that is not there.
    await connection.call('UNLINK', name);
  }, LIMIT);
}
