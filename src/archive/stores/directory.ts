import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchivePlaceError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import {
  type ArchiveStore,
  checkName,
  isName,
  type Listed,
  newestFirst,
  noSuchArchive,
  putStep,
  STALE,
  type Tally,
  tally,
} from './store.ts';

// A name of its own for each writer, so that neither a leftover nor another writer is in the way.
const partialOf = (name: string) => `.${name}.${randomUUID()}.partial`;
const PARTIAL = /^\..+\.partial$/;

/** Archives as files of a folder, readable for their owner only; the folder is made when needed. */
export function directoryStore(folder: string, metrics?: Metrics): ArchiveStore {
  const explained = <T>(work: Promise<T>) => work.catch((error: unknown) => Promise.reject(explain(error, folder)));
  return {
    place: folder,
    metrics,
    async put(name, content) {
      checkName(name);
      return putStep({ metrics }, async () => {
        const counted = tally(content);
        const partial = join(folder, partialOf(name));
        try {
          await explained(mkdir(folder, { recursive: true }));
          await write(partial, counted, explained);
          await explained(rename(partial, join(folder, name)));
          await explained(syncFolder(folder));
        } catch (error) {
          await rm(partial, { force: true }).catch(() => {});
          throw error;
        }
        return counted.result();
      });
    },
    async *get(name, from = 0) {
      try {
        yield* createReadStream(join(folder, checkName(name)), { start: from });
      } catch (error) {
        throw isMissing(error) ? noSuchArchive(name, folder, error) : explain(error, folder);
      }
    },
    list: async (beginning = '') =>
      newestFirst(await explained(filesOf(folder, (name) => isName(name) && name.startsWith(beginning)))),
    remove: (name) => explained(rm(join(folder, checkName(name)), { force: true })),
    async sweep(untouchedFor = STALE) {
      const until = Date.now() - untouchedFor;
      const partials = await explained(filesOf(folder, (name) => PARTIAL.test(name)));
      const left = partials.filter(({ at }) => at.getTime() <= until);
      for (const { name } of left) await explained(rm(join(folder, name), { force: true }));
      return left.length;
    },
  };
}

type Told = <T>(work: Promise<T>) => Promise<T>;

async function write(path: string, content: Tally, explained: Told): Promise<void> {
  const file = await explained(open(path, 'wx', 0o600));
  try {
    for await (const chunk of content) await explained(file.appendFile(chunk));
    // The new name must never stand on content that a power cut can still take away.
    await explained(file.sync());
  } finally {
    await file.close();
  }
}

/** So that the new name itself survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder, 'r');
  await opened.sync().finally(() => opened.close());
}

async function filesOf(folder: string, isWanted: (name: string) => boolean): Promise<Listed[]> {
  const names = await readdir(folder).catch((error) => (isMissing(error) ? [] : Promise.reject(error)));
  const files: Listed[] = [];
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

function explain(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (FULL.has(code))
    return new ArchivePlaceError(`The disk that holds ${folder} is full (${code}); make room and export again.`, {
      cause: error,
    });
  if (!REFUSED.has(code)) return error;
  return new ArchivePlaceError(
    `The folder ${folder} cannot be used for archives (${code}); check MEMORY_EXPORT_DIR, also of the worker, which writes there.`,
    { cause: error },
  );
}
