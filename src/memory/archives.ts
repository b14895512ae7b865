import type { Archive } from '../archive/catalogue.ts';
import type { Manifest } from '../archive/manifest.ts';
import type { PruneResult, Retention } from '../archive/prune.ts';
import type { ArchiveStore } from '../archive/stores/archive-store.ts';
import { timedStep } from '../archive/timed-step.ts';
import type { Verification } from '../archive/verify.ts';
import { ArchiveDamagedError, InvalidInputError, isOperationalError } from '../errors.ts';
import type { RestoreTestResult } from '../schedule/restore-tests.ts';
import { traceRequest } from '../telemetry/tracing.ts';
import { checkInput } from './check-input.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { RebuildOptions, RebuildResult } from './rebuild.ts';
import type { ReembedPlan, ReembedResult } from './reembed.ts';
import type { Services } from './services.ts';
import type { TaskOptions } from './upkeep.ts';

/**
 * Archives, which exports wrote. Errors: `ConfigError`, `ArchiveUnavailableError`, `InvalidInputError` when there is no such archive,
 * `ArchiveKeyError` when it is encrypted and no key opens it.
 */
export interface Archives {
  /** The archives of a group, or of all groups if none is named, newest first. */
  list(options?: GroupOptions): Promise<ArchiveList>;
  /** Compares an archive (file name or `latest`) with its manifest; with `restore` also runs a restore test. */
  verify(file: string, options?: VerifyOptions): Promise<VerifyResult>;
  /** Replaces the group's contents with an archive (or `latest`), in one step. @throws ArchiveDamagedError when a byte differs */
  restore(file: string, options?: RestoreOptions): Promise<RestoreResult>;
  /**
   * Restores a lost graph from the newest archive and the journal, without a model call.
   * @throws InvalidInputError when the graph is not empty (without `replace`), or there is neither archive nor journal
   */
  rebuild(options?: RebuildOptions): Promise<RebuildResult>;
  /**
   * Accepts a graph that has lost changes, for example after it was deleted on purpose: the journal starts
   * again. The lost changes can then only be restored from archives.
   * @throws InvalidInputError when no change is lost
   */
  acceptLoss(options?: GroupOptions): Promise<{ readonly group: string }>;
  /** The cost of changing a group's vectors to the embedder of these settings; calls no model. @throws InvalidInputError for an empty memory */
  planReembedding(options?: GroupOptions): Promise<ReembedPlan>;
  /**
   * Has a worker with these settings change the vectors: all texts are embedded once, and an archive with the new vectors replaces
   * the graph. @throws NoWorkerError; TimedOutError when the work takes longer; it then continues
   */
  reembed(options?: TaskOptions): Promise<ReembedResult>;
  /** Removes a group's nightly archives except those to keep, the newest, and the newest verified one. */
  prune(options: PruneOptions): Promise<PruneResult>;
}

export function openArchives(services: Services): Archives {
  return {
    list: (options = {}) => traceRequest('archives', async () => listArchives(services, checkInput('group', options))),
    verify: (file, options = {}) =>
      traceRequest('verify_archive', async () => verifyArchive(services, file, checkInput('verify', options))),
    restore: (file, options = {}) =>
      traceRequest('restore_archive', async () => restoreArchive(services, file, checkInput('restore', options))),
    rebuild: (options = {}) =>
      traceRequest('rebuild_memory', async () =>
        (await import('./rebuild.ts')).rebuildMemory(services, checkInput('rebuild', options)),
      ),
    acceptLoss: (options = {}) =>
      traceRequest('accept_loss', async () => acceptLoss(services, checkInput('group', options))),
    planReembedding: (options = {}) =>
      traceRequest('plan_reembedding', async () =>
        (await import('./reembed.ts')).planReembedding(services, checkInput('group', options)),
      ),
    reembed: (options = {}) =>
      traceRequest('reembed', async () =>
        (await import('./reembed.ts')).reembedMemory(services, checkInput('task', options)),
      ),
    prune: (options) =>
      traceRequest('prune_archives', async () => pruneArchives(services, checkInput('prune', options))),
  };
}

/** An archive, from its manifest. */
export interface ArchiveEntry {
  readonly file: string;
  readonly group: string;
  readonly createdAt: Date;
  readonly bytes: number;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  readonly graphHash: string;
  /** When the archive was last verified; null for never. */
  readonly verifiedAt: Date | null;
  /** When it last passed a restore test; null for never. */
  readonly restoredAt: Date | null;
}

export interface ArchiveList {
  readonly location: string;
  /** Newest first. */
  readonly archives: readonly ArchiveEntry[];
  /** Encrypted archives of any group that no key of these settings opens. */
  readonly locked: readonly string[];
  /** Incomplete archives: exports in progress, or files of interrupted ones. */
  readonly incomplete: readonly string[];
}

export interface ProgressOptions extends GroupOptions, Pick<WaitOptions, 'onProgress'> {}

export interface VerifyOptions extends ProgressOptions {
  /** True: also run a restore test in a scratch graph. */
  readonly restore?: boolean;
}

export interface VerifyResult extends Verification {
  readonly file: string;
  readonly location: string;
  readonly group: string;
}

export interface RestoreOptions extends ProgressOptions {
  /** True: replace the group's current contents; otherwise the group must be empty. */
  readonly replace?: boolean;
}

export interface RestoreResult {
  readonly file: string;
  readonly group: string;
  readonly episodes: number;
  readonly entities: number;
  readonly facts: number;
  readonly graphHash: string;
  /** The archive contains all commits up to this time. */
  readonly until: Date;
  /** How many episodes, facts and entities were left out because they were forgotten later. */
  readonly leftOut: number;
}

export interface PruneOptions extends GroupOptions {
  /** Numbers of days, weeks and months of which the newest archive is kept; at least one must be 1 or more. */
  readonly keep: Partial<Retention>;
  /** True also counts and removes archives that were made by hand, by earlier releases or by other installations. */
  readonly all?: boolean;
  /** True: only return what would be removed. */
  readonly dryRun?: boolean;
}

async function storeOf({ config, metrics }: Services): Promise<ArchiveStore> {
  return (await import('../archive/stores/choose.ts')).chooseStore(config, metrics);
}

/** The archives of one group, or of all groups. */
export async function listArchives(services: Services, { group }: GroupOptions): Promise<ArchiveList> {
  const { hasNoMatchingKey, readCatalogue } = await import('../archive/catalogue.ts');
  const store = await storeOf(services);
  const { archives, incomplete } = await readCatalogue(store, group && services.group(group));
  const names = (files: typeof incomplete) => files.map(({ name }) => name);
  return {
    ...{ location: store.location, archives: archives.map(entry), locked: names(incomplete.filter(hasNoMatchingKey)) },
    incomplete: names(incomplete.filter((file) => !hasNoMatchingKey(file))),
  };
}

function entry({ manifest, verified }: Archive): ArchiveEntry {
  const { file, group, created_at, bytes, counts, graph_hash } = manifest;
  const date = (text: string | null | undefined) => (text ? new Date(text) : null);
  return {
    ...{ file, group, createdAt: new Date(created_at), bytes, graphHash: graph_hash.exact, ...inShort(counts) },
    verifiedAt: date(verified?.verified_at),
    restoredAt: date(verified?.restored_at),
  };
}

function inShort({ labels, types }: Archive['manifest']['counts']) {
  return { episodes: labels.Episodic ?? 0, entities: labels.Entity ?? 0, facts: types.RELATES_TO ?? 0 };
}

export async function verifyArchive(
  services: Services,
  fileOrLatest: string,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const [{ findManifest }, verify] = await Promise.all([
    import('../archive/catalogue.ts'),
    import('../archive/verify.ts'),
  ]);
  const store = await storeOf(services);
  const group = services.group(options.group);
  const { restore = false, onProgress } = options;
  const described = { file: fileOrLatest, location: store.location, group };
  try {
    const manifest = await findManifest(store, fileOrLatest, group);
    const verification = restore
      ? await verify.testRestore(await services.graphs(), store, manifest, onProgress)
      : await verify.compareWithManifest(store, manifest, onProgress);
    if (verification.intact) {
      const { recordVerification } = await import('../archive/catalogue.ts');
      // A key that may only read can verify, but cannot store the note.
      await recordVerification(store, manifest, { restored: restore, now: new Date() }).catch((error: unknown) => {
        if (!isOperationalError(error)) throw error;
      });
    }
    if (restore) await storeRestoreTest(services, manifest, verification);
    if (restore && verification.intact) await trimJournal(services, manifest);
    return { ...described, file: manifest.file, group: manifest.group, ...verification };
  } catch (error) {
    if (!(error instanceof ArchiveDamagedError)) throw error;
    return { ...described, intact: false, problems: [error.message], answers: null };
  }
}

/** For `status`. Verifying works without Valkey, so an unreachable Valkey must not prevent it. */
async function storeRestoreTest(
  services: Services,
  { group, file }: Manifest,
  { intact, problems }: Verification,
): Promise<void> {
  const problem = intact ? undefined : problems.join('; ');
  const result: RestoreTestResult = { file, at: new Date(), problem };
  try {
    const { openNightlyExports } = await import('../queue/nightly-exports.ts');
    await openNightlyExports(await services.queues()).storeRestoreTest(group, result);
  } catch (error) {
    if (!isOperationalError(error)) throw error;
  }
}

/** Entries that a tested archive covers need not stay in Valkey. */
async function trimJournal({ config, graphs }: Services, { group, journal: { position } }: Manifest): Promise<void> {
  if (!position) return;
  const [{ openLeaseClient }, { openJournal }] = await Promise.all([
    import('./lease-client.ts'),
    import('../journal/journal.ts'),
  ]);
  try {
    const access = await openLeaseClient(config);
    await graphs()
      .then((graphsOf) => access.migrateKeys(graphsOf.group(group)))
      .then(() => openJournal(access.valkey).trim(group, position))
      .finally(() => access.close());
  } catch (error) {
    if (!isOperationalError(error)) throw error;
  }
}

export async function restoreArchive(
  services: Services,
  fileOrLatest: string,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { replace = false, onProgress } = options;
  const store = await storeOf(services);
  const { findManifest } = await import('../archive/catalogue.ts');
  const manifest = await findManifest(store, fileOrLatest, services.group(options.group));
  const group = services.group(options.group ?? manifest.group);
  const [
    { openLeaseClient },
    { loadIntoScratch },
    { checkBytes },
    { checkEmpty, confirmReplaced, replaceGraph },
    graphs,
  ] = await Promise.all([
    import('./lease-client.ts'),
    import('../archive/restore.ts'),
    import('../archive/read-archive.ts'),
    import('../archive/replace-graph.ts'),
    services.graphs(),
  ]);
  const access = await openLeaseClient(services.config);
  let leftOut = 0;
  try {
    if (!replace) await checkEmpty(graphs.group(group));
    await checkBytes(store, manifest);
    for (const name of [group, manifest.group]) await access.migrateKeys(graphs.group(name));
    await (await import('../forget/tombstones.ts')).checkNotForgotten(store, access.valkey, manifest);
    const { scratch } = await loadIntoScratch(graphs, store, manifest, group, 'without vectors', onProgress);
    try {
      const rest = { ...services, store, valkey: access.valkey };
      leftOut = await (await import('../forget/apply-tombstones.ts')).forgetInArchive(scratch.graph, manifest, rest);
      const base = { file: manifest.file, sha256: manifest.sha256 };
      const { openJournal } = await import('../journal/journal.ts');
      const journal = openJournal(access.valkey, { key: services.config.journalKey });
      await timedStep(store, 'replace', () =>
        replaceGraph(scratch, access.valkey, access.leases, { replace, base, journal }),
      );
    } catch (error) {
      await scratch.drop().catch(() => {});
      throw error;
    }
    await confirmReplaced(graphs, group);
  } finally {
    access.close();
  }
  const { file, counts, graph_hash, journal } = manifest;
  return { file, group, ...inShort(counts), graphHash: graph_hash.exact, until: new Date(journal.until), leftOut };
}

/** @throws InvalidInputError when the graph has lost no change */
export async function acceptLoss(services: Services, options: GroupOptions): Promise<{ readonly group: string }> {
  const group = services.group(options.group);
  const [{ openLeaseClient }, loss, graphs] = await Promise.all([
    import('./lease-client.ts'),
    import('../journal/lost-changes.ts'),
    services.graphs(),
  ]);
  const graph = graphs.group(group);
  const { valkey, leases, migrateKeys, close } = await openLeaseClient(services.config);
  try {
    await migrateKeys(graph);
    const lease = await leases.take(group);
    try {
      await loss.restartJournal(valkey, graph);
      return { group };
    } finally {
      await lease.release();
    }
  } finally {
    close();
  }
}

export async function pruneArchives(
  services: Services,
  { keep, group, all: graphsOf = false, dryRun = false }: PruneOptions,
): Promise<PruneResult> {
  const { daily = 0, weekly = 0, monthly = 0 } = keep ?? {};
  const numbers = [daily, weekly, monthly];
  if (numbers.some((number) => !Number.isInteger(number) || number < 0) || numbers.every((number) => number === 0))
    throw new InvalidInputError('Give the number of archives to keep, such as daily=7,weekly=4,monthly=12.');
  const [{ pruneStore }, { installationId }] = await Promise.all([
    import('../archive/prune.ts'),
    import('../archive/manifest.ts'),
  ]);
  const { ask } = await services.queues();
  const installation = await ask((valkey) => installationId(valkey, services.config.queuePrefix));
  const rules = { installation, all: graphsOf, dryRun };
  return pruneStore(await storeOf(services), services.group(group), { daily, weekly, monthly }, rules);
}
