import { randomUUID } from 'node:crypto';
import { StaleFenceError } from '../errors.ts';
import { graphName } from '../group.ts';
import { DAY, MINUTE, SECOND } from '../time.ts';
import { type GraphConnection, graphNames } from './connection.ts';
import type { GroupGraph } from './group-graph.ts';
import type { ConnectionPool } from './pool.ts';
import { IS_EMPTY_GRAPH } from './queries/meta-nodes.ts';

/** A scratch graph, which is invisible to readers of the group. */
export interface Scratch {
  /** Its `group` is the group that it belongs to. */
  readonly graph: GroupGraph;
  /**
   * Atomically replaces the group's graph. Returns false if the group's graph is written to after the call of `mayHappen`, or if
   * `mayHappen` returns false.
   * @param mayHappen called before the swap; `isEmpty` if the group's graph is empty or does not exist
   */
  takePlace(mayHappen: (isEmpty: boolean) => boolean | Promise<boolean>): Promise<boolean>;
  drop(): Promise<void>;
}

/** No group's graph can have such a name. */
const PREFIX = '~scratch:';
const LIMIT = 30 * SECOND;
/** Includes reading the uuids of all episodes. */
const DELETE_LIMIT = 2 * MINUTE;

/** The name contains the time, so that a killed process' graph can be distinguished from one in use. */
export const scratchName = (group: string): string => `${PREFIX}${Date.now()}:${group}:${randomUUID().slice(0, 8)}`;

export function openScratch(pool: ConnectionPool, graph: GroupGraph, name: string): Scratch {
  const target = graphName(graph.group);
  return {
    graph,
    takePlace: (mayHappen) =>
      pool.use(async (connection) => {
        try {
          return await swap(connection, name, target, mayHappen);
        } catch (error) {
          // The connection may still watch a key or queue commands, which would affect the next query.
          connection.close();
          throw error;
        }
      }, LIMIT),
    drop: () => drop(pool, name),
  };
}

async function swap(
  connection: GraphConnection,
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
  // A command that fails inside EXEC does not make EXEC fail; its error is in the reply.
  const [reply] = replies;
  if (reply === 'OK') return true;
  if (reply instanceof Error && !reply.message.includes('no such key')) throw reply;
  throw new StaleFenceError(
    `The graph that was prepared to replace "${target}" no longer exists in FalkorDB, so nothing was replaced; run the command again.`,
  );
}

/** What FalkorDB answers for a graph that does not exist. */
export const isMissingGraph = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Invalid graph operation on empty key');

async function isEmpty(connection: GraphConnection, target: string): Promise<boolean> {
  if ((await connection.call('EXISTS', target)) === 0) return true;
  const [row] = (await connection.run('GRAPH.RO_QUERY', target, IS_EMPTY_GRAPH, LIMIT)) as { isEmpty: boolean }[];
  return row?.isEmpty ?? true;
}

/** A checkpoint stores the paid results of a task, so that a retry can continue from there. */
const KEPT = `${PREFIX}kept:`;
/** The same as for memos. */
const KEPT_FOR = 30 * DAY;

/** The name of a group's checkpoint with this key; a new name if there is none. */
export async function checkpointName(pool: ConnectionPool, group: string, key: string): Promise<string> {
  const existing = (await checkpointNames(pool, group)).find((name) => name.endsWith(`:${key}`));
  return existing ?? `${KEPT}${Date.now()}:${group}:${key}`;
}

/** Drops all checkpoints of a group. */
export async function dropCheckpoints(pool: ConnectionPool, group: string): Promise<void> {
  for (const name of await checkpointNames(pool, group)) await drop(pool, name);
}

async function checkpointNames(pool: ConnectionPool, group: string): Promise<string[]> {
  const names = await pool.use(graphNames, LIMIT);
  return names.filter((name) => name.startsWith(KEPT) && name.slice(KEPT.length).split(':')[1] === group).sort();
}

export async function sweepScratchGraphs(pool: ConnectionPool, age: number): Promise<number> {
  const names = await pool.use(graphNames, LIMIT);
  const isOlder = (name: string, prefix: string, than: number) =>
    name.startsWith(prefix) && Number(name.slice(prefix.length).split(':')[0]) <= Date.now() - than;
  const left = names.filter((name) => isOlder(name, PREFIX, age) || isOlder(name, KEPT, KEPT_FOR));
  for (const name of left) await drop(pool, name);
  return left.length;
}

/** Drops all scratch graphs and checkpoints of a group. @returns how many */
export async function dropScratchGraphs(pool: ConnectionPool, group: string): Promise<number> {
  const names = await pool.use(graphNames, LIMIT);
  const own = names.filter((name) => name.startsWith(PREFIX) && groupOfScratch(name) === group);
  for (const name of own) await drop(pool, name);
  return own.length;
}

function groupOfScratch(name: string): string | undefined {
  const prefix = name.startsWith(KEPT) ? KEPT : PREFIX;
  return name.slice(prefix.length).split(':')[1];
}

/**
 * Deletes a group's graph. Returns false if the graph is written to after the call of `mayHappen`, or if `mayHappen` returns false.
 * @param mayHappen called before the deletion
 */
export function deleteGraph(pool: ConnectionPool, name: string, mayHappen: () => Promise<boolean>): Promise<boolean> {
  return pool.use(async (connection) => {
    try {
      await connection.call('WATCH', name);
      const isAllowed = await mayHappen();
      const exists = (await connection.call('EXISTS', name)) === 1;
      if (!isAllowed || !exists) {
        await connection.call('UNWATCH');
        return isAllowed;
      }
      await connection.call('MULTI');
      await connection.call('GRAPH.DELETE', name);
      const replies = (await connection.call('EXEC')) as unknown[] | null;
      if (replies === null) return false;
      const [reply] = replies;
      if (reply instanceof Error && !isMissingGraph(reply)) throw reply;
      return true;
    } catch (error) {
      // The connection may still watch a key or queue commands, which would affect the next query.
      connection.close();
      throw error;
    }
  }, DELETE_LIMIT);
}

/** The graph need not exist. Not UNLINK or DEL: after these FalkorDB's own list lacks other graphs that still exist. */
async function drop(pool: ConnectionPool, name: string): Promise<void> {
  await pool.use(async (connection) => {
    await connection.call('GRAPH.DELETE', name).catch((error: unknown) => {
      if (!isMissingGraph(error)) throw error;
    });
  }, LIMIT);
}
