import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { trace } from '../../telemetry/tracing.ts';
import { held, readSpooled, type Spool, type SpooledEpisode } from './spool.ts';

export interface DrainOptions {
  readonly metrics?: Metrics | undefined;
  /** Called with a sentence about each file that was set aside. */
  readonly onNotice?: ((sentence: string) => void) | undefined;
  /** Checked between files; true ends it early. */
  readonly isOver?: () => boolean;
}

/** What became of the files. */
export interface Drained {
  readonly drained: number;
  readonly left: number;
  /** Why some are left, in a sentence. */
  readonly said?: string;
}

const AT_ONCE = 16;

/**
 * Hands all that waits on disk to the queue, oldest first. Of two that do this at once one comes too late and does no harm: the
 * job's id is the episode's uuid, and who removed the file has counted it.
 */
export async function drainSpool(
  spool: Spool,
  store: (spooled: SpooledEpisode) => Promise<unknown>,
  { metrics, onNotice, isOver = () => false }: DrainOptions = {},
): Promise<Drained> {
  let drained = 0;

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
    if (refused.length > 0) spool.keepAside(refused);
    if (!(await removed(path))) return;
    const count = spooled.length - refused.length;
    drained += count;
    if (count > 0) metrics?.increment('opencode.memory.spool.drained', {}, count);
  }

  async function orAside<T>(name: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
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
    if (failed) return { drained, left: left(spool), said: (failed.reason as Error).message };
  }
  return { drained, left: names.length === 0 ? 0 : left(spool) };
}

const left = (spool: Spool): number => spool.names().reduce((sum, name) => sum + held(name), 0);

function handIn(spooled: SpooledEpisode, store: (spooled: SpooledEpisode) => Promise<unknown>): Promise<unknown> {
  return trace('memory.spool.drain', { childOf: spooled.carrier, detached: true }, () => store(spooled));
}

/** Why the queue will never take it; undefined when it has. */
async function refusal(work: () => Promise<unknown>): Promise<InvalidInputError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

/** False when another process was quicker. */
async function removed(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
