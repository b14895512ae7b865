import { join } from 'node:path';
import { readSpooled } from './read.ts';
import { held, type Spool } from './spool.ts';

/** Whether an episode of a group waits on disk. The names of most files tell that it cannot be there, and those are not read. */
export async function isSpooled(spool: Spool, uuid: string, group: string): Promise<boolean> {
  for (const name of spool.names().filter((it) => held(it) > 1 || it.includes(`_${uuid}_`))) {
    // One that cannot be read holds nothing that could be told of.
    const episodes = await readSpooled(join(spool.folder, name)).catch(() => undefined);
    if (episodes?.some(({ episode }) => episode.uuid === uuid && episode.group === group)) return true;
  }
  return false;
}
