import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { ArchiveStore } from './store.ts';

/** Archives as files of a folder, readable for their owner only; the folder is made when needed. */
export function directoryStore(folder: string): ArchiveStore {
  return {
    place: folder,
    async put(name, content) {
      const partial = join(folder, `.${name}.partial`);
      try {
        await mkdir(folder, { recursive: true });
        const bytes = await write(partial, content);
        await rename(partial, join(folder, name));
        return bytes;
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        throw explain(error, folder);
      }
    },
  };
}

async function write(path: string, content: AsyncIterable<string>): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) await file.appendFile(chunk);
    // The new name must never stand on content that a power cut can still take away.
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

function explain(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC') return new Error(`The disk that holds ${folder} is full.`, { cause: error });
  if (!REFUSED.has(code)) return error;
  return new ConfigError(`The folder ${folder} cannot be written to (${code}); check MEMORY_EXPORT_DIR.`, {
    cause: error,
  });
}
