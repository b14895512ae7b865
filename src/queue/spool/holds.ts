import { join } from 'node:path';
import { readSpooled } from './read.ts';
import { held, type Spool } from './spool.ts';

/** Whether an episode waits on disk. The names of most files tell; only those of several episodes are read. */
export async function isSpooled(spool: Spool, uuid: string): Promise<boolean> {
  const names = spool.names();
  if (names.some((name) => name.includes(`_${uuid}_`))) return true;
  for (const name of names.filter((it) => held(it) > 1)) {
    // One that cannot be read holds nothing that could be told of.
    const episodes = await readSpooled(join(spool.folder, name)).catch(() => undefined);
    if (episodes?.some(({ episode }) => episode.uuid === uuid)) return true;
  }
  return false;
}
