import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  type Dirent,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import type { Episode } from '../../episode.ts';
import { ConfigError, InvalidInputError, SpoolFullError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import type { Carrier } from '../../telemetry/tracing.ts';
import { HOUR, SECOND, timestamp } from '../../time.ts';
import { readStoreJob, toStoreJob } from '../jobs.ts';

/** A change of the shape needs a new version; old files must stay readable. */
const file = z.strictObject({
  version: z.literal(1),
  episodes: z.array(z.strictObject({ given: z.boolean(), job: z.unknown(), trace: z.record(z.string(), z.string()) })),
});

/** Undefined when another process has taken it. @throws InvalidInputError when it cannot be read, NewerJobError when newer programs can */
export async function readSpooled(path: string): Promise<SpooledEpisode[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InvalidInputError(`The file cannot be read (${error.code}).`, { cause: error });
  });
  if (text === undefined) return undefined;
  const parsed = file.safeParse(parseJson(text));
  if (!parsed.success)
    throw new InvalidInputError('The file does not contain an episode that this version can read.', {
      cause: parsed.error,
    });
  return parsed.data.episodes.map(({ given, job, trace }) => ({
    episode: readStoreJob(job),
    hasCallerId: given,
    carrier: trace,
  }));
}

/** An episode that waits on disk for Valkey. */
export interface SpooledEpisode {
  readonly episode: Episode;
  /** True if the caller gave the uuid, so that Valkey may have the episode already. */
  readonly hasCallerId: boolean;
  /** The trace of the caller. */
  readonly carrier: Carrier;
}

/**
 * Episodes on disk. A file contains one episode, or those that arrived together, since writing a file is the slowest step. Files are private,
 * written atomically, and named so that they sort by time and show how many episodes they hold.
 */
export interface Spool {
  readonly folder: string;
  /**
   * Writes all episodes before it returns; none if it throws.
   * @throws SpoolFullError; ConfigError when the folder cannot be written
   */
  keep(episodes: readonly SpooledEpisode[]): void;
  /**
   * The same for episodes that wait for the user's consent: they are not queued until `release`.
   * @param place a name for all that is released together
   */
  hold(place: string, episodes: readonly SpooledEpisode[]): void;
  /** Lets held episodes be queued. @returns how many files there were */
  release(place: string): number;
  /** How many episodes are held at a place. */
  countHeld(place: string): number;
  /** The files, oldest first; none while there is no folder. */
  names(): string[];
  /** How many episodes wait. Recounted only every few seconds, since a folder of 10,000 takes 8 ms to read. */
  count(): number;
  /** Moves a file to the folder `unreadable`; false when it no longer exists. */
  setAside(name: string): boolean;
  /** Stores single episodes of a file in the folder `unreadable`. */
  storeUnreadable(episodes: readonly SpooledEpisode[]): void;
  /** How many files were set aside. */
  countUnreadable(): number;
  /** Paths of all files, including those set aside and held. */
  files(): string[];
  /** Replaces a file's episodes; without episodes the file is removed. */
  rewrite(path: string, episodes: readonly SpooledEpisode[]): void;
}

const ENDING = '.json';
const UNFINISHED = '.part';
const ASIDE = 'unreadable';
const HELD = 'held';
const MOST_IN_A_FILE = 256;
const COUNTED_EVERY = 5 * SECOND;
// A caller that finds the spool full may retry soon, and another process may have emptied it.
const COUNTED_EVERY_WHEN_FULL = 0.25 * SECOND;
const LEFT_BEHIND_AFTER = 1 * HOUR;

/** @param limit the maximum number of waiting episodes; if several processes write at the same time, there may be a few more */
export function openSpool(home: string, limit: number): Spool {
  const folder = join(home, 'spool');
  let isMade = false;
  let [counted, countedAt] = [0, Number.NEGATIVE_INFINITY];

  const asideFolder = join(folder, ASIDE);
  const names = () => spoolFilesIn(folder).sort();

  function count(): number {
    const age = performance.now() - countedAt;
    if (age > (counted < limit ? COUNTED_EVERY : COUNTED_EVERY_WHEN_FULL)) {
      counted = names().reduce((sum, name) => sum + episodesInFile(name), 0);
      countedAt = performance.now();
    }
    return counted;
  }

  function makeFolder(): void {
    if (isMade) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // An existing folder may be readable for others.
    chmodSync(folder, 0o700);
    removeLeftBehind(folder);
    isMade = true;
  }

  const heldFolder = (place: string) => join(folder, HELD, place);
  const countHeld = (place: string) =>
    spoolFilesIn(heldFolder(place)).reduce((sum, name) => sum + episodesInFile(name), 0);

  return {
    folder,
    countHeld,
    hold(place, episodes) {
      const held = countHeld(place);
      if (held + episodes.length > limit) throw full(folder, held, limit, episodes.length);
      try {
        makeFolder();
        mkdirSync(heldFolder(place), { recursive: true, mode: 0o700 });
        writeFiles(episodes, folder, heldFolder(place));
      } catch (error) {
        isMade = false;
        throw explainDisk(error, folder);
      }
    },
    release(place) {
      const names = spoolFilesIn(heldFolder(place));
      // Another process may release the same.
      for (const name of names) attempt(() => renameSync(join(heldFolder(place), name), join(folder, name)));
      return names.length;
    },
    keep(episodes) {
      if (count() + episodes.length > limit) throw full(folder, counted, limit, episodes.length);
      try {
        makeFolder();
        writeFiles(episodes, folder, folder);
        counted += episodes.length;
      } catch (error) {
        isMade = false;
        throw explainDisk(error, folder);
      }
    },
    names,
    count,
    storeUnreadable(episodes) {
      mkdirSync(asideFolder, { recursive: true, mode: 0o700 });
      writeFiles(episodes, folder, asideFolder);
    },
    setAside(name) {
      mkdirSync(asideFolder, { recursive: true, mode: 0o700 });
      try {
        renameSync(join(folder, name), join(asideFolder, name));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw explainDisk(error, folder);
      }
    },
    countUnreadable: () => filesIn(asideFolder).length,
    files: () =>
      [folder, asideFolder, ...foldersIn(join(folder, HELD)).map(heldFolder)].flatMap((place) =>
        spoolFilesIn(place).map((name) => join(place, name)),
      ),
    rewrite(path, episodes) {
      // Written before the old file is removed: a duplicate is better than a loss.
      if (episodes.length > 0) writeFiles(episodes, folder, dirname(path));
      attempt(() => unlinkSync(path));
    },
  };
}

/**
 * Writes all of the episodes, or none if that fails: the caller would otherwise store some of them twice when it tries again.
 * Not write-file-atomic, which renames and syncs each file separately, and that takes longer than the 50 ms of a call. Synchronous,
 * since a caller that does not wait cannot give away a turn of the event loop.
 * @param unfinishedIn the folder of the files until all of them are written
 */
function writeFiles(episodes: readonly SpooledEpisode[], unfinishedIn: string, into: string): void {
  const files: { readonly unfinished: string; readonly finished: string }[] = [];
  try {
    for (let start = 0; start < episodes.length; start += MOST_IN_A_FILE) {
      const part = episodes.slice(start, start + MOST_IN_A_FILE);
      const name = `${timestamp(new Date())}_${part[0]?.episode.uuid}_${part.length}`;
      const unfinished = join(unfinishedIn, `${name}.${randomUUID().slice(0, 8)}${UNFINISHED}`);
      files.push({ unfinished, finished: join(into, name + ENDING) });
      writeFileSync(unfinished, fileText(part), { mode: 0o600, flag: 'wx' });
    }
    for (const { unfinished, finished } of files) renameSync(unfinished, finished);
  } catch (error) {
    for (const path of files.flatMap(({ unfinished, finished }) => [unfinished, finished]))
      attempt(() => unlinkSync(path));
    throw error;
  }
}

/** The text of a spool file; `readSpooled` reads it. */
function fileText(spooled: readonly SpooledEpisode[]): string {
  const episodes = spooled.map(({ episode, hasCallerId, carrier }) => ({
    given: hasCallerId,
    job: toStoreJob(episode),
    trace: carrier,
  }));
  return JSON.stringify({ version: 1, episodes });
}

/** The number of episodes in a file, from its name. */
export function episodesInFile(name: string): number {
  return Number(/_(\d+)\.json$/.exec(name)?.[1] ?? 1);
}

const spoolFilesIn = (folder: string): string[] => filesIn(folder).filter((name) => name.endsWith(ENDING));

const filesIn = (folder: string): string[] => entriesIn(folder).map(({ name }) => name);
/** Without what others put there, such as `.DS_Store`. */
const foldersIn = (folder: string): string[] =>
  entriesIn(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw explainDisk(error, folder);
  }
}

/** A partial file of a killed process, whose episodes were never acknowledged. */
function removeLeftBehind(folder: string): void {
  for (const name of filesIn(folder).filter((name) => name.endsWith(UNFINISHED)))
    attempt(() => {
      const path = join(folder, name);
      if (Date.now() - statSync(path).mtimeMs > LEFT_BEHIND_AFTER) unlinkSync(path);
    });
}

/** Another process may handle the same file. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {}
}

function full(folder: string, waiting: number, limit: number, more: number): SpoolFullError {
  const [left, what] = [Math.max(0, limit - waiting), more === 1 ? 'This episode was' : `These ${more} episodes were`];
  return new SpoolFullError(
    `Valkey does not answer, and ${folder} has room for ${left} more of ${limit} episodes. ${what} not kept; start Valkey, or raise MEMORY_SPOOL_LIMIT.`,
  );
}

function explainDisk(error: unknown, folder: string): Error {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new SpoolFullError(
      `Valkey does not answer, and the disk of ${folder} is full. Nothing was kept there; free some space.`,
      cause,
    );
  return new ConfigError(
    `The folder ${folder} cannot be used (${code}). Nothing was kept there; check MEMORY_HOME.`,
    cause,
  );
}
