import { randomUUID } from 'node:crypto';
import { StaleFenceError } from '../errors.ts';
import { graphName } from '../group.ts';
import { DAY, SECOND } from '../time.ts';
import { type Connection, graphNames } from './connection.ts';
import type { GroupGraph } from './group-graph.ts';
import type { Pool } from './pool.ts';
import { IS_EMPTY } from './queries/meta.ts';

/** A scratch graph, which readers of the group do not see. */
export interface Scratch {
  /** Named as the group beside which it stands. */
  readonly graph: GroupGraph;
  /**
   * Atomically replaces the group's graph. Returns false if the group's graph is written to after the call of `mayHappen`, or if
   * `mayHappen` returns false.
   * @param mayHappen called before the swap; `isEmpty` if the group's graph is empty or does not exist
   */
  takePlace(mayHappen: (isEmpty: boolean) => boolean | Promise<boolean>): Promise<boolean>;
  drop(): Promise<void>;
}

/** No group's graph can be named so. */
const PREFIX = '~scratch:';
const LIMIT = 30 * SECOND;

/** The name contains the time, so that a killed process' graph can be distinguished from one in use. */
export const scratchName = (group: string): string => `${PREFIX}${Date.now()}:${group}:${randomUUID().slice(0, 8)}`;

export function openScratch(pool: Pool, graph: GroupGraph, name: string): Scratch {
  const target = graphName(graph.group);
  return {
    graph,
    takePlace: (mayHappen) =>
      pool.use(async (connection) => {
        try {
          return await swap(connection, name, target, mayHappen);
        } catch (error) {
          // It may still watch a key or queue commands, which the next query on it would meet.
          connection.close();
          throw error;
        }
      }, LIMIT),
    drop: () => drop(pool, name),
  };
}

async function swap(
  connection: Connection,
  name: string,
  target: string,
  mayHappen: (isEmpty: boolean) => boolean | Promise<boolean>,
): Promise<boolean> {
  // FalkorDB's writes count as changes of the key, so the swap is refused after any write that we have not seen.
  await connection.call('WATCH', target);
  if (!(await mayHappen(await isEmpty(connection, target)))) {
    await connection.call('UNWATCH');
    return false;
  }
  await connection.call('MULTI');
  // Not GRAPH.DELETE before it: a failure of the second command would not undo the first.
  await connection.call('RENAME', name, target);
  const replies = (await connection.call('EXEC')) as unknown[] | null;
  if (replies === null) return false;
  // A command that fails inside EXEC does not make EXEC fail; its error stands in the reply.
  const [reply] = replies;
  if (reply === 'OK') return true;
  if (reply instanceof Error && !reply.message.includes('no such key')) throw reply;
  throw new StaleFenceError(
    `The graph that was prepared to replace "${target}" no longer exists in FalkorDB, so nothing was replaced; run the command again.`,
  );
}

/** What FalkorDB answers for a graph that does not exist. */
export const isNoGraph = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Invalid graph operation on empty key');

async function isEmpty(connection: Connection, target: string): Promise<boolean> {
  if ((await connection.call('EXISTS', target)) === 0) return true;
  const [row] = (await connection.run('GRAPH.RO_QUERY', target, IS_EMPTY, LIMIT)) as { isEmpty: boolean }[];
  return row?.isEmpty ?? true;
}

/** Stores what a task has paid for so far, so that a retry can continue from it. */
const KEPT = `${PREFIX}kept:`;
/** As long as memos. */
const KEPT_FOR = 30 * DAY;

/** The name of the graph that is kept for a group under a key of letters and digits; a new one where there is none. */
export async function keptName(pool: Pool, group: string, key: string): Promise<string> {
  const known = (await keptNames(pool, group)).find((name) => name.endsWith(`:${key}`));
  return known ?? `${KEPT}${Date.now()}:${group}:${key}`;
}

/** Drops all that is kept for a group. */
export async function dropKept(pool: Pool, group: string): Promise<void> {
  for (const name of await keptNames(pool, group)) await drop(pool, name);
}

async function keptNames(pool: Pool, group: string): Promise<string[]> {
  const names = await pool.use(graphNames, LIMIT);
  return names.filter((name) => name.startsWith(KEPT) && name.slice(KEPT.length).split(':')[1] === group).sort();
}

export async function sweepScratches(pool: Pool, age: number): Promise<number> {
  const names = await pool.use(graphNames, LIMIT);
  const isOlder = (name: string, prefix: string, than: number) =>
    name.startsWith(prefix) && Number(name.slice(prefix.length).split(':')[0]) <= Date.now() - than;
  const left = names.filter((name) => isOlder(name, PREFIX, age) || isOlder(name, KEPT, KEPT_FOR));
  for (const name of left) await drop(pool, name);
  return left.length;
}

/** The graph need not exist. Not UNLINK or DEL: after those FalkorDB's own list lacks graphs that are still there. */
async function drop(pool: Pool, name: string): Promise<void> {
  await pool.use(async (connection) => {
    await connection.call('GRAPH.DELETE', name).catch((error: unknown) => {
      if (!isNoGraph(error)) throw error;
    });
  }, LIMIT);
}
