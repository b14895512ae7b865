import type { Pruned } from '../../archive/prune.ts';
import { request } from '../../telemetry/request.ts';
import type { ArchiveList, PruneOptions, Restored, RestoreOptions, Verified, VerifyOptions } from '../archives.ts';
import { checkInput } from '../input.ts';
import type { GroupOptions } from '../options.ts';
import type { RebuildOptions, Rebuilt } from '../rebuild.ts';
import type { ReembedPlan, ReembedResult } from '../reembed.ts';
import type { Services } from '../services.ts';
import type { TaskOptions } from '../upkeep.ts';

/** What was exported. Errors: `ConfigError`, `ArchiveAway`, `InvalidInput` when there is no such archive. */
export interface Archives {
  /** The archives of a group, or of all where none is named, newest first. */
  list(options?: GroupOptions): Promise<ArchiveList>;
  /** Whether an archive, by its file or `latest`, is what its manifest says; with `restore` also on trial. */
  verify(file: string, options?: VerifyOptions): Promise<Verified>;
  /** Makes an archive (or `latest`) what the group remembers, at once or not at all. @throws ArchiveDamaged when a byte of it differs */
  restore(file: string, options?: RestoreOptions): Promise<Restored>;
  /**
   * Gives a group back what it remembered when its graph was lost, from the newest archive and the journal, without asking a model.
   * @throws InvalidInput when the graph is not empty (without `replace`), or there is neither archive nor journal
   */
  rebuild(options?: RebuildOptions): Promise<Rebuilt>;
  /**
   * Takes the group's graph as it is, although it lacks changes that it had taken, as after it was deleted on purpose: the journal begins
   * again. What was lost can then only be restored from archives.
   * @throws InvalidInput when it lacks nothing
   */
  acceptLoss(options?: GroupOptions): Promise<{ readonly group: string }>;
  /** What it would take to give a group's graph the vectors of these settings' embedder; asks no model. @throws InvalidInput for an empty memory */
  planReembedding(options?: GroupOptions): Promise<ReembedPlan>;
  /**
   * Lets a worker that has these settings do that: all texts are embedded, no one twice, and an archive with the new vectors takes the place of
   * the graph. @throws NoWorker; TimedOut when it is not done by then and goes on
   */
  reembed(options?: TaskOptions): Promise<ReembedResult>;
  /** Removes a group's nightly archives but those that are to be kept, the newest, and the newest that was verified. */
  prune(options: PruneOptions): Promise<Pruned>;
}

const work = () => import('../archives.ts');

export function openArchives(services: Services): Archives {
  return {
    list: (options = {}) =>
      request('archives', async () => (await work()).listArchives(services, checkInput('group', options))),
    verify: (file, options = {}) =>
      request('verify_archive', async () =>
        (await work()).verifyArchive(services, file, checkInput('verify', options)),
      ),
    restore: (file, options = {}) =>
      request('restore_archive', async () =>
        (await work()).restoreArchive(services, file, checkInput('restore', options)),
      ),
    rebuild: (options = {}) =>
      request('rebuild_memory', async () =>
        (await import('../rebuild.ts')).rebuildMemory(services, checkInput('rebuild', options)),
      ),
    acceptLoss: (options = {}) =>
      request('accept_loss', async () => (await work()).acceptLoss(services, checkInput('group', options))),
    planReembedding: (options = {}) =>
      request('plan_reembedding', async () =>
        (await import('../reembed.ts')).planReembedding(services, checkInput('group', options)),
      ),
    reembed: (options = {}) =>
      request('reembed', async () =>
        (await import('../reembed.ts')).reembedMemory(services, checkInput('task', options)),
      ),
    prune: (options) =>
      request('prune_archives', async () => (await work()).pruneArchives(services, checkInput('prune', options))),
  };
}
