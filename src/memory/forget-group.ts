import type { Archive, Catalogue } from '../archive/catalogue.ts';
import type { Config } from '../config.ts';
import { InvalidInputError, isOperationalError } from '../errors.ts';
import type { RemovedGroup } from '../forget/forget-group.ts';
import { checkText } from '../text.ts';

import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

export interface ForgetGroupOptions extends Omit<TaskOptions, 'group'> {
  /** True: only return what would be removed; needs no worker. */
  readonly dryRun?: boolean;
  /** True: also delete the memory's archives. Default: they stay, but nothing can be restored from them. */
  readonly deleteArchives?: boolean;
}

/** What was removed with a whole memory, or would be removed. */
export interface ForgetGroupResult {
  readonly dryRun: boolean;
  readonly group: string;
  /** The time at which the worker finished; null for a dry run. */
  readonly forgottenAt: Date | null;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  /** How much was removed outside the graph. A dry run counts jobs, spooled episodes and journal entries only. */
  readonly outsideGraph: Readonly<
    Record<'jobs' | 'spooled' | 'journal' | 'memos' | 'cached' | 'scratchGraphs', number>
  >;
  readonly archives: GroupArchives;
}

export interface GroupArchives {
  /** The folder, or `b2://bucket/prefix`; null if it cannot be reached from here. */
  readonly place: string | null;
  /** The memory's archives. */
  readonly files: readonly string[];
  readonly isDeleted: boolean;
  /** Files of unfinished exports, which may belong to any memory. */
  readonly incomplete: readonly string[];
  /** `pending`: the place is unreachable for the worker; restore no archive of this memory until a worker has recorded the deletion there. */
  readonly deletion: 'recorded' | 'pending' | null;
}

/**
 * Has a worker remove a whole memory.
 * @throws InvalidInputError for an invalid name, or when nothing is stored of a memory of this name; NoWorkerError, JobFailedError,
 *         TimedOutError; ConfigError, ArchiveUnavailableError when archives are to be deleted and their place cannot be reached
 */
export async function forgetGroup(
  services: Services,
  name: string,
  { dryRun = false, deleteArchives = false, ...options }: ForgetGroupOptions,
): Promise<ForgetGroupResult> {
  const group = services.group(checkText(name, "The memory's name"));
  const found = await countStored(services, group);
  const before = await archivesOfGroup(services, group, deleteArchives);
  const total = Object.values(found).reduce((sum, number) => sum + number, 0);
  if (total === 0 && before.files.length === 0)
    throw new InvalidInputError(`There is no memory "${group}"; \`memory-manager groups\` lists all memories.`);
  if (dryRun) {
    const { episodes, entities, facts, ...outside } = found;
    const outsideGraph = { ...outside, memos: 0, cached: 0, scratchGraphs: 0 };
    return { dryRun, group, forgottenAt: null, episodes, entities, facts, outsideGraph, archives: before };
  }
  const removed: RemovedGroup = await runTask(services, { kind: 'forget-group' }, { ...options, group });
  // The worker may run on another machine.
  const spooledHere = await forgetHere(services.config, group);
  // Listed again: an export may have ended meanwhile.
  const archives = await archivesOfGroup(services, group, deleteArchives);
  if (deleteArchives) await deleteAll(services, group);
  const { memos, cached, scratchGraphs } = removed;
  return {
    dryRun,
    group,
    forgottenAt: new Date(),
    // The worker's last attempt counts only what earlier attempts left; texts that came meanwhile count there only.
    episodes: Math.max(found.episodes, removed.graph.episodes),
    entities: Math.max(found.entities, removed.graph.entities),
    facts: Math.max(found.facts, removed.graph.facts),
    outsideGraph: {
      jobs: Math.max(found.jobs, removed.jobs),
      spooled: Math.max(found.spooled, removed.spooled + spooledHere),
      journal: Math.max(found.journal, removed.journal),
      ...{ memos, cached, scratchGraphs },
    },
    archives: {
      ...archives,
      isDeleted: deleteArchives,
      deletion: removed.archives === 'noted' ? 'recorded' : 'pending',
    },
  };
}

async function countStored({ config, graphs, queues: openedQueues }: Services, group: string) {
  const [{ countGraph }, { countGroupJobs }, { findSpooled }, { openSpool }, { journalKey }] = await Promise.all([
    import('../graph/queries/meta-nodes.ts'),
    import('../queue/group-jobs.ts'),
    import('../queue/spool/search.ts'),
    import('../queue/spool/spool.ts'),
    import('../journal/stream.ts'),
  ]);
  const { episodes, entities, facts } = await countGraph((await graphs()).group(group));
  const spool = openSpool(config.home, config.spoolLimit);
  const spooled = (await findSpooled(spool, ({ episode }) => episode.group === group)).length;
  const { queues, ask } = await openedQueues();
  const [store, exports, journal] = await ask((valkey) =>
    Promise.all([
      countGroupJobs(queues.store, valkey, group),
      countGroupJobs(queues.export, valkey, group),
      valkey.xlen(journalKey(valkey, group)),
    ]),
  );
  return { episodes, entities, facts, jobs: store + exports, spooled, journal };
}

/** @param isNeeded whether an unreachable place is an error */
export async function archivesOfGroup(services: Services, group: string, isNeeded: boolean): Promise<GroupArchives> {
  const nothing = { isDeleted: false, deletion: null } as const;
  try {
    const { place, catalogue } = await catalogueOf(services, group);
    const files = [...catalogue.archives.map(fileOf), ...ownIncomplete(catalogue, group)];
    const incomplete = catalogue.incomplete.filter(({ manifest }) => !manifest).map(({ name }) => name);
    return { place, files, incomplete, ...nothing };
  } catch (error) {
    if (isNeeded || !isOperationalError(error)) throw error;
    return { place: null, files: [], incomplete: [], ...nothing };
  }
}

const fileOf = ({ manifest }: Archive): string => manifest.file;

/** Manifests whose archive is missing. */
const ownIncomplete = ({ incomplete }: Catalogue, group: string): string[] =>
  incomplete.filter(({ manifest }) => manifest?.group === group).map(({ name }) => name);

async function deleteAll(services: Services, group: string): Promise<void> {
  const { removeArchive } = await import('../archive/prune.ts');
  const { store, catalogue } = await catalogueOf(services, group);
  for (const archive of catalogue.archives) await removeArchive(store, archive);
  for (const name of ownIncomplete(catalogue, group)) await store.remove(name);
}

async function catalogueOf({ config, metrics }: Services, group: string) {
  const [{ readCatalogue }, { chooseStore }] = await Promise.all([
    import('../archive/catalogue.ts'),
    import('../archive/stores/choose.ts'),
  ]);
  const store = await chooseStore(config, metrics);
  return { store, place: store.location, catalogue: await readCatalogue(store, group) };
}

/** Deletes the group's episodes from this machine's disk and returns their number. */
async function forgetHere(config: Config, group: string): Promise<number> {
  const [{ clearRecalled }, { removeSpooled }, { openSpool }] = await Promise.all([
    import('../redaction/clear-recalled.ts'),
    import('../queue/spool/search.ts'),
    import('../queue/spool/spool.ts'),
  ]);
  await clearRecalled(config.home);
  return removeSpooled(openSpool(config.home, config.spoolLimit), ({ episode }) => episode.group === group);
}
