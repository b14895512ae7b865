import type { Address } from '../config.ts';
import { StoreUnreachableError } from '../errors.ts';
import { graphName } from '../group.ts';
import { shareCalls } from '../share-calls.ts';
import { storeLocation } from '../store-address.ts';
import { MINUTE, SECOND } from '../time.ts';
import { type GraphConnection, RowLimitError } from './connection.ts';
import { explainFalkorDBError } from './failures.ts';
import type { GraphJournal, GroupGraph } from './group-graph.ts';
import { lacksChangesError } from './journaled-change.ts';
import { openConnectionPool } from './pool.ts';
import { doneEpisodes } from './queries/record.ts';
import { readRows } from './read-rows.ts';

/*
 * Waits until replicas of FalkorDB have all that was written to a group's graph. WAIT counts the replicas that have everything up to the last
 * write of its own connection, and the graph's writes came over other connections, perhaps of other workers. So a small key is written just
 * before WAIT: replicas apply writes in order, so one that has the key has every earlier write too. That proves nothing if a replica without
 * these writes took over before. So the same connection first reads whether its server has them.
 */

/** The confirmations of replicas, for FALKORDB_COPIES. */
export interface GraphCopies {
  /**
   * Waits until enough replicas have what was written to the group's graph. Calls at the same time share the wait.
   * @param episodes uuids of episodes that must be committed or removed
   * @param limitMs how long replicas may take
   * @throws StoreUnreachableError when too few confirm in time; StaleFenceError when the primary lacks these or earlier changes;
   *         AccessRefusedError
   */
  confirm(group: string, episodes: readonly string[], limitMs?: number): Promise<void>;
  close(): void;
}

const CONFIRMED_WITHIN = 2 * SECOND;
const READ_WITHIN = 10 * SECOND;
/** The key has no meaning once WAIT has returned. */
const KEY_LASTS = 1 * MINUTE;

/** One connection for all, since WAIT delays all later commands of its connection. */
export function openGraphCopies(address: Address, wanted: number, journal?: GraphJournal): GraphCopies {
  const pool = openConnectionPool(address, 1);

  interface Confirmation {
    readonly group: string;
    readonly episodes: readonly string[];
    readonly limitMs: number;
  }

  const share = shareCalls(async (confirmations: readonly Confirmation[]) => {
    const limitMs = Math.max(...confirmations.map((confirmation) => confirmation.limitMs));
    const groups = Map.groupBy(confirmations, ({ group }) => group);
    return pool.use(async (connection) => {
      const missing = new Map<string, Promise<ReadonlySet<string>>>();
      for (const [group, ofGroup] of groups)
        missing.set(group, missingIn(group, [...new Set(ofGroup.flatMap(({ episodes }) => episodes))], connection));
      // All fail together when the connection does; each is awaited below.
      for (const reading of missing.values()) reading.catch(() => {});
      await Promise.allSettled(missing.values());
      for (const group of groups.keys()) await connection.call('SET', keyBeside(group), '', 'PX', String(KEY_LASTS));
      const replicas = Number(await connection.call('WAIT', String(wanted), String(limitMs)));
      return { missing, replicas };
    }, limitMs + READ_WITHIN);
  });

  async function missingIn(
    group: string,
    episodes: readonly string[],
    connection: GraphConnection,
  ): Promise<ReadonlySet<string>> {
    const graph = graphOn(connection, group, address);
    if (await journal?.lacksTail(group, graph)) throw lacksChangesError(group);
    if (episodes.length === 0) return new Set();
    const done = new Set(await doneEpisodes(graph, episodes));
    return new Set(episodes.filter((uuid) => !done.has(uuid)));
  }

  return {
    async confirm(group, episodes, limitMs = CONFIRMED_WITHIN) {
      const { missing, replicas } = await share([{ group, episodes, limitMs }]);
      const lost = await missing.get(group);
      if (episodes.some((uuid) => lost?.has(uuid))) throw lacksChangesError(group);
      if (replicas < wanted)
        throw new StoreUnreachableError(
          `FalkorDB at ${storeLocation(address)} has ${replicas} of the ${wanted} copies that FALKORDB_COPIES asks for; check its replicas.`,
        );
    },
    close: () => pool.close(),
  };
}

/** In a cluster it lies on the node of the graph. */
const keyBeside = (group: string): string => `copies{${graphName(group)}}`;

/** The group's graph as the server of this connection has it. */
function graphOn(connection: GraphConnection, group: string, address: Address): Pick<GroupGraph, 'read'> {
  const ask = (text: string) =>
    connection.run('GRAPH.RO_QUERY', graphName(group), text, READ_WITHIN).catch((error: unknown) => {
      throw error instanceof RowLimitError ? error : explainFalkorDBError(error, address);
    });
  return { read: (query, params) => readRows(ask, query, params) };
}
