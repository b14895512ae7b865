import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, NewerJobError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { trace } from '../../telemetry/tracing.ts';
import { episodesInFile, readSpooled, type Spool, type SpooledEpisode } from './spool.ts';

export interface DrainOptions {
  readonly metrics?: Metrics | undefined;
  /** Called with a sentence about each file that was set aside. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Checked between files; true ends it early. */
  readonly isOver?: () => boolean;
}

/** The result of draining the spool. */
export interface DrainResult {
  readonly drained: number;
  /** Without episodes of a newer release, which only a program of that release can queue. */
  readonly remaining: number;
  /** Why episodes remain, in a sentence. */
  readonly error?: string;
}

const AT_ONCE = 16;

/**
 * Adds all episodes on disk to the queue, oldest first. Two processes may do this at the same time: the job's id is the episode's uuid, and only the
 * process that removes a file counts its episodes.
 */
export async function drainSpool(
  spool: Spool,
  store: (spooled: SpooledEpisode) => Promise<unknown>,
  { metrics, onNotice, isOver = () => false }: DrainOptions = {},
): Promise<DrainResult> {
  let drained = 0;
  const newer = new Set<string>();
  const left = () => spool.names().reduce((sum, name) => (newer.has(name) ? sum : sum + episodesInFile(name)), 0);

  async function drain(name: string): Promise<void> {
    const path = join(spool.folder, name);
    const spooled = await orAside(name, () => readSpooled(path));
    if (!spooled) return;
    const refused: SpooledEpisode[] = [];
    for (const one of spooled) {
      const reason = await refusal(() => handIn(one, store));
      if (!reason) continue;
      refused.push(one);
      notice(`The spooled episode ${one.episode.uuid}`, reason);
    }
    // Before the file is removed: a duplicate is better than a loss.
    if (refused.length > 0) spool.storeUnreadable(refused);
    if (!(await removed(path))) return;
    const count = spooled.length - refused.length;
    drained += count;
    if (count > 0) metrics?.increment('opencode.memory.spool.drained', {}, count);
  }

  async function orAside<T>(name: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      // The file stays for a program of the release that wrote it.
      if (error instanceof NewerJobError) {
        newer.add(name);
        return undefined;
      }
      if (!(error instanceof InvalidInputError)) throw error;
      if (spool.setAside(name)) notice(`The spooled file ${name}`, error);
      return undefined;
    }
  }

  function notice(what: string, { message }: Error): void {
    onNotice?.(`${what} was moved to ${join(spool.folder, 'unreadable')}: ${message}`);
  }

  const names = spool.names();
  for (let start = 0; start < names.length && !isOver(); start += AT_ONCE) {
    const results = await Promise.allSettled(names.slice(start, start + AT_ONCE).map(drain));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return { drained, remaining: left(), error: (failed.reason as Error).message };
  }
  return { drained, remaining: names.length === 0 ? 0 : left() };
}

function handIn(spooled: SpooledEpisode, store: (spooled: SpooledEpisode) => Promise<unknown>): Promise<unknown> {
  return trace('memory.spool.drain', { childOf: spooled.carrier, detached: true }, () => store(spooled));
}

/** Why the queue will never accept the episode; undefined if it did. */
async function refusal(work: () => Promise<unknown>): Promise<InvalidInputError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

/** False if another process removed the file first. */
async function removed(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
