import type { GraphSize } from '../graph/queries/meta-nodes.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { toDate } from '../time.ts';
import type { Services } from './services.ts';

/** One memory and its size. */
export interface GroupOverview extends GraphSize {
  readonly group: string;
  /** The latest reference time of an episode; null for none. */
  readonly lastEpisode: Date | null;
}

/** Memories read in parallel, over the pool's connections. */
const MOST_AT_ONCE = 4;

/** All memories that have a graph, in the order of their names. @throws StoreUnreachableError and the like */
export async function getGroups(services: Services): Promise<GroupOverview[]> {
  const graphs = await services.graphs();
  return mapConcurrently(await graphs.groups(), MOST_AT_ONCE, (group) => getGroupOverview(services, group));
}

/** Names of all memories of which anything is stored, in their order: a graph, a journal, or episodes that no worker has read yet. */
export async function getGroupNames({ config, graphs, queues: openedQueues }: Services): Promise<string[]> {
  const [{ groupsOfJobs }, { openSpool }, { spooledGroups }, { journaledGroups }] = await Promise.all([
    import('../queue/group-jobs.ts'),
    import('../queue/spool/spool.ts'),
    import('../queue/spool/search.ts'),
    import('../journal/lost-changes.ts'),
  ]);
  // In the order in which an episode passes them: it is found although it moves on meanwhile.
  const spooled = await spooledGroups(openSpool(config.home, config.spoolLimit));
  const { queues, ask } = await openedQueues();
  const queued = await ask((valkey) => groupsOfJobs(queues.store, valkey));
  const journaled = await ask(journaledGroups);
  return [...new Set([...spooled, ...queued, ...journaled, ...(await (await graphs()).groups())])].sort();
}

export async function getGroupOverview(services: Services, name: string | undefined): Promise<GroupOverview> {
  const group = services.group(name);
  const [{ countGraph }, { lastReferenceTime }] = await Promise.all([
    import('../graph/queries/meta-nodes.ts'),
    import('../graph/queries/episodes.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const [size, last] = [await countGraph(graph), await lastReferenceTime(graph)];
  return { group, ...size, lastEpisode: last === null ? null : toDate(last) };
}

export async function getGraphSize(
  services: Services,
  options: { readonly group: string | undefined },
): Promise<GraphSize> {
  const group = services.group(options.group);
  const { countGraph } = await import('../graph/queries/meta-nodes.ts');
  return countGraph((await services.graphs()).group(group));
}
