import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveLocationError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import {
  type ArchiveStore,
  checkArchiveFileName,
  isArchiveFileName,
  type ListedFile,
  type MeasuredContent,
  measureContent,
  newestFirst,
  noSuchArchive,
  STALE_AFTER,
  timedPut,
} from './archive-store.ts';

// Not write-file-atomic, which takes no streams, does not sync the folder, and leaves files of its own names behind after a crash.
// Each writer uses a unique name, so that it never meets a leftover or another writer's file.
const partialOf = (name: string) => `.${name}.${randomUUID()}.partial`;
const PARTIAL = /^\..+\.partial$/;

/** Archives as files of a folder, readable for their owner only; the folder is made when needed, also for its owner only. */
export function folderStore(folder: string, metrics?: Metrics): ArchiveStore {
  const explainFailures = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => Promise.reject(folderArchiveError(error, folder)));
  return {
    location: folder,
    metrics,
    async put(name, content) {
      checkArchiveFileName(name);
      return timedPut({ metrics }, async () => {
        const counted = measureContent(content);
        const partial = join(folder, partialOf(name));
        try {
          await explainFailures(mkdir(folder, { recursive: true, mode: 0o700 }));
          await write(partial, counted, explainFailures);
          await explainFailures(rename(partial, join(folder, name)));
          await explainFailures(syncFolder(folder));
        } catch (error) {
          await rm(partial, { force: true }).catch(() => {});
          throw error;
        }
        return counted.result();
      });
    },
    async *get(name, from = 0) {
      try {
        yield* createReadStream(join(folder, checkArchiveFileName(name)), { start: from });
      } catch (error) {
        throw isMissing(error) ? noSuchArchive(name, folder, error) : folderArchiveError(error, folder);
      }
    },
    list: async (namePrefix = '') =>
      newestFirst(
        await explainFailures(filesOf(folder, (name) => isArchiveFileName(name) && name.startsWith(namePrefix))),
      ),
    remove: (name) => explainFailures(rm(join(folder, checkArchiveFileName(name)), { force: true })),
    async sweep(untouchedForMs = STALE_AFTER) {
      const until = Date.now() - untouchedForMs;
      const partials = await explainFailures(filesOf(folder, (name) => PARTIAL.test(name)));
      const leftovers = partials.filter(({ at }) => at.getTime() <= until);
      for (const { name } of leftovers) await explainFailures(rm(join(folder, name), { force: true }));
      return leftovers.length;
    },
  };
}

/** Turns failures of the file system into sentences. */
type ExplainFailures = <T>(work: Promise<T>) => Promise<T>;

async function write(path: string, content: MeasuredContent, explainFailures: ExplainFailures): Promise<void> {
  const file = await explainFailures(open(path, 'wx', 0o600));
  try {
    for await (const chunk of content) await explainFailures(file.appendFile(chunk));
    // The new name must never point to content that a power cut can still remove.
    await explainFailures(file.sync());
  } finally {
    await file.close();
  }
}

/** So that the new name itself survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder, 'r');
  await opened.sync().finally(() => opened.close());
}

async function filesOf(folder: string, isWanted: (name: string) => boolean): Promise<ListedFile[]> {
  const names = await readdir(folder).catch((error) => (isMissing(error) ? [] : Promise.reject(error)));
  const files: ListedFile[] = [];
  for (const name of names.filter(isWanted)) {
    // Another worker may remove it just now.
    const found = await stat(join(folder, name)).catch((error) => (isMissing(error) ? null : Promise.reject(error)));
    if (found?.isFile()) files.push({ name, bytes: found.size, at: found.mtime });
  }
  return files;
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG']);

/** Failures of the file system that the user can act on, as sentences; others unchanged. */
export function folderArchiveError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (FULL.has(code))
    return new ArchiveLocationError(
      `The disk that holds ${folder} is full (${code}); free some space, then export again.`,
      {
        cause: error,
      },
    );
  if (!REFUSED.has(code)) return error;
  return new ArchiveLocationError(
    `The folder ${folder} cannot be used for archives (${code}); check MEMORY_EXPORT_DIR, here and for the worker, which writes there.`,
    { cause: error },
  );
}
