import { join } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import { held, readSpooled, type Spool, type SpooledEpisode } from './spool.ts';

/** Whether an episode of a group waits on disk. Most file names rule that out, and those files are not read. */
export async function isSpooled(spool: Spool, uuid: string, group: string): Promise<boolean> {
  for (const name of spool.names().filter((it) => held(it) > 1 || it.includes(`_${uuid}_`))) {
    // A file that cannot be read contains no known episode.
    const episodes = await readSpooled(join(spool.folder, name)).catch(() => undefined);
    if (episodes?.some(({ episode }) => episode.uuid === uuid && episode.group === group)) return true;
  }
  return false;
}

/** The episodes that wait on disk, or were set aside there, and that are meant. What cannot be read is passed over. */
export async function findSpooled(spool: Spool, isMeant: (spooled: SpooledEpisode) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const path of spool.files())
    for (const spooled of (await readable(path)) ?? []) if (isMeant(spooled)) found.push(spooled.episode.uuid);
  return found;
}

/** Removes episodes from the disk, and gives how many there were. */
export async function forgetSpooled(spool: Spool, group: string, uuids: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for (const path of spool.files()) {
    const spooled = await readable(path);
    const left = spooled?.filter(({ episode }) => episode.group !== group || !uuids.has(episode.uuid));
    if (!spooled || !left || left.length === spooled.length) continue;
    spool.rewrite(path, left);
    count += spooled.length - left.length;
  }
  return count;
}

async function readable(path: string): Promise<SpooledEpisode[] | undefined> {
  return readSpooled(path).catch((error: unknown) => {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  });
}
