import { join } from 'node:path';
import { InvalidInputError, NewerJobError } from '../../errors.ts';
import { episodesInFile, readSpooled, type Spool, type SpooledEpisode } from './spool.ts';

/** True if an episode of a group waits on disk. Files whose name rules that out are not read. */
export async function isSpooled(spool: Spool, uuid: string, group: string): Promise<boolean> {
  for (const name of spool.names().filter((it) => episodesInFile(it) > 1 || it.includes(`_${uuid}_`))) {
    // A file that cannot be read contains no known episode.
    const episodes = await readSpooled(join(spool.folder, name)).catch(() => undefined);
    if (episodes?.some(({ episode }) => episode.uuid === uuid && episode.group === group)) return true;
  }
  return false;
}

/** The uuids of matching episodes on disk, also of those set aside. Unreadable files are left out. */
export async function findSpooled(spool: Spool, matches: (spooled: SpooledEpisode) => boolean): Promise<string[]> {
  const uuids: string[] = [];
  for (const path of spool.files())
    for (const spooled of (await readable(path)) ?? []) if (matches(spooled)) uuids.push(spooled.episode.uuid);
  return uuids;
}

/** Groups with episodes on the disk, also set aside or held. Unreadable files are left out. */
export async function spooledGroups(spool: Spool): Promise<ReadonlySet<string>> {
  const groups = new Set<string>();
  for (const path of spool.files()) for (const { episode } of (await readable(path)) ?? []) groups.add(episode.group);
  return groups;
}

/** Removes episodes from the disk. @returns how many there were */
export function forgetSpooled(spool: Spool, group: string, uuids: ReadonlySet<string>): Promise<number> {
  return removeSpooled(spool, ({ episode }) => episode.group === group && uuids.has(episode.uuid));
}

/** Removes the matching episodes from the disk, also those set aside. @returns how many there were */
export async function removeSpooled(spool: Spool, matches: (spooled: SpooledEpisode) => boolean): Promise<number> {
  let count = 0;
  for (const path of spool.files()) {
    const spooled = await readable(path);
    const left = spooled?.filter((one) => !matches(one));
    if (!spooled || !left || left.length === spooled.length) continue;
    spool.rewrite(path, left);
    count += spooled.length - left.length;
  }
  return count;
}

/**
 * Replaces episodes on the disk, also those set aside.
 * @param change returns the same object for an episode that stays
 * @returns how many were replaced
 */
export async function mapSpooled(spool: Spool, change: (spooled: SpooledEpisode) => SpooledEpisode): Promise<number> {
  let count = 0;
  for (const path of spool.files()) {
    const spooled = (await readable(path)) ?? [];
    const changed = spooled.map(change);
    const replaced = changed.filter((one, place) => one !== spooled[place]).length;
    if (replaced > 0) spool.rewrite(path, changed);
    count += replaced;
  }
  return count;
}

async function readable(path: string): Promise<SpooledEpisode[] | undefined> {
  return readSpooled(path).catch((error: unknown) => {
    if (error instanceof InvalidInputError || error instanceof NewerJobError) return undefined;
    throw error;
  });
}
