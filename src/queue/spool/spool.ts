import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import type { Episode } from '../../episode.ts';
import { ConfigError, InvalidInputError, SpoolFullError } from '../../errors.ts';
import type { Carrier } from '../../telemetry/carrier.ts';
import { HOUR, SECOND, timestamp } from '../../time.ts';
import { readStoreJob, toStoreJob } from '../jobs.ts';

/** A change of its shape gets a new version; old files must stay readable. */
const file = z.strictObject({
  version: z.literal(1),
  episodes: z.array(z.strictObject({ given: z.boolean(), job: z.unknown(), trace: z.record(z.string(), z.string()) })),
});

/** Undefined when another process has taken it. @throws InvalidInputError when it cannot be read */
export async function readSpooled(path: string): Promise<SpooledEpisode[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InvalidInputError(`The file cannot be read (${error.code}).`, { cause: error });
  });
  if (text === undefined) return undefined;
  const parsed = file.safeParse(parse(text));
  if (!parsed.success)
    throw new InvalidInputError('The file is no episode that this version can read.', { cause: parsed.error });
  return parsed.data.episodes.map(({ given, job, trace }) => ({ episode: readStoreJob(job), given, carrier: trace }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An episode that waits on disk for Valkey. */
export interface SpooledEpisode {
  readonly episode: Episode;
  /** Its uuid is the caller's, so that Valkey may know it already. */
  readonly given: boolean;
  /** The caller's trace. */
  readonly carrier: Carrier;
}

/**
 * Episodes on disk. A file holds one episode, or those that arrived together, since writing a file takes longer than everything else.
 * Files are private, written atomically, and named so that they sort by time and show how many episodes they hold.
 */
export interface Spool {
  readonly folder: string;
  /**
   * Writes them before it returns, all or, when it throws, none.
   * @throws SpoolFullError; ConfigError when the folder cannot be written
   */
  keep(episodes: readonly SpooledEpisode[]): void;
  /** The files, oldest first; none while there is no folder. */
  names(): string[];
  /** How many episodes wait. Recounted only every few seconds, since a folder of 10,000 takes 8 ms to read. */
  count(): number;
  /** Moves a file to the folder `unreadable`; false when it no longer exists. */
  setAside(name: string): boolean;
  /** Keeps single episodes of a file there. */
  keepAside(episodes: readonly SpooledEpisode[]): void;
  /** How many files were set aside. */
  aside(): number;
  /** Paths of all files, including those set aside. */
  files(): string[];
  /** Replaces a file's episodes; without episodes the file is removed. */
  rewrite(path: string, episodes: readonly SpooledEpisode[]): void;
}

const ENDING = '.json';
const UNFINISHED = '.part';
const ASIDE = 'unreadable';
const MOST_IN_A_FILE = 256;
const COUNTED_EVERY = 5 * SECOND;
// Whoever finds it full may come again soon, and others may have emptied it.
const COUNTED_EVERY_WHEN_FULL = 0.25 * SECOND;
const LEFT_BEHIND_AFTER = 1 * HOUR;

/** @param limit the most that may wait; where several processes write at once a few more may come to lie there */
export function openSpool(home: string, limit: number): Spool {
  const folder = join(home, 'spool');
  let isMade = false;
  let [counted, countedAt] = [0, Number.NEGATIVE_INFINITY];

  function names(): string[] {
    return filesIn(folder)
      .filter((name) => name.endsWith(ENDING))
      .sort();
  }

  function count(): number {
    const age = performance.now() - countedAt;
    if (age > (counted < limit ? COUNTED_EVERY : COUNTED_EVERY_WHEN_FULL)) {
      counted = names().reduce((sum, name) => sum + held(name), 0);
      countedAt = performance.now();
    }
    return counted;
  }

  function makeFolder(): void {
    if (isMade) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // One that was there may be open to others.
    chmodSync(folder, 0o700);
    removeLeftBehind(folder);
    isMade = true;
  }

  // Without fs's promises: a caller that does not wait has no turn of the event loop to give away, and 500 at once would wait
  // for one another.
  /** All of the episodes, or none when it fails: what lies here in part would be handed in twice when the caller tries again. */
  function write(episodes: readonly SpooledEpisode[], into = folder): void {
    const files: { readonly unfinished: string; readonly finished: string }[] = [];
    try {
      for (let start = 0; start < episodes.length; start += MOST_IN_A_FILE) {
        const part = episodes.slice(start, start + MOST_IN_A_FILE);
        const name = `${timestamp(new Date())}_${part[0]?.episode.uuid}_${part.length}`;
        const unfinished = join(folder, `${name}.${randomUUID().slice(0, 8)}${UNFINISHED}`);
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

  return {
    folder,
    keep(episodes) {
      if (count() + episodes.length > limit) throw full(folder, counted, limit, episodes.length);
      try {
        makeFolder();
        write(episodes);
        counted += episodes.length;
      } catch (error) {
        isMade = false;
        throw explainDisk(error, folder);
      }
    },
    names,
    count,
    keepAside(episodes) {
      mkdirSync(join(folder, ASIDE), { recursive: true, mode: 0o700 });
      write(episodes, join(folder, ASIDE));
    },
    setAside(name) {
      mkdirSync(join(folder, ASIDE), { recursive: true, mode: 0o700 });
      try {
        renameSync(join(folder, name), join(folder, ASIDE, name));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw explainDisk(error, folder);
      }
    },
    aside: () => filesIn(join(folder, ASIDE)).length,
    files: () =>
      [folder, join(folder, ASIDE)].flatMap((place) =>
        filesIn(place)
          .filter((name) => name.endsWith(ENDING))
          .map((name) => join(place, name)),
      ),
    rewrite(path, episodes) {
      // First: kept twice is better than not at all.
      if (episodes.length > 0) write(episodes, dirname(path));
      attempt(() => unlinkSync(path));
    },
  };
}

/** What a file of the spool holds; `readSpooled` reads it. */
function fileText(spooled: readonly SpooledEpisode[]): string {
  const episodes = spooled.map(({ episode, given, carrier }) => ({ given, job: toStoreJob(episode), trace: carrier }));
  return JSON.stringify({ version: 1, episodes });
}

/** How many episodes a file holds, by its name. */
export function held(name: string): number {
  return Number(/_(\d+)\.json$/.exec(name)?.[1] ?? 1);
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
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

/** Another process may be at the same file. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {}
}

function full(folder: string, waiting: number, limit: number, more: number): SpoolFullError {
  const [left, what] = [Math.max(0, limit - waiting), more === 1 ? 'This episode was' : `These ${more} episodes were`];
  return new SpoolFullError(
    `Valkey is away and ${folder} has room for ${left} more of ${limit} episodes. ${what} not kept; bring Valkey back or raise MEMORY_SPOOL_LIMIT.`,
  );
}

function explainDisk(error: unknown, folder: string): Error {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new SpoolFullError(
      `Valkey is away and the disk of ${folder} is full. Nothing was kept there; make room.`,
      cause,
    );
  return new ConfigError(
    `The folder ${folder} cannot be used (${code}). Nothing was kept there; check MEMORY_HOME.`,
    cause,
  );
}
