import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJsonFile } from '../../json.ts';
import { DAY, SECOND } from '../../time.ts';

const shape = z.object({
  version: z.literal(1),
  /** Up to where the transcript is kept, in bytes. */
  offset: z.number().check(z.int(), z.minimum(0)),
  /** The user's message that was kept last; what follows without another belongs to it. */
  message: z.string(),
  /** Into how many parts that turn fell so far. */
  parts: z.number().check(z.int(), z.minimum(1)),
  /** Hash of words that were kept before the transcript had them. */
  said: z.nullable(z.string()),
  /** The sentences that were recalled in this session. */
  recalled: z.array(z.string()),
  /** True once the session has its briefing. */
  briefed: z._default(z.boolean(), false),
  /** uuids of its own turns, which the agent has before it. */
  episodes: z._default(z.array(z.string()), []),
  /** uuids of the summaries of its compactions, which the agent has before it too. */
  summaries: z._default(z.array(z.string()), []),
});

/** What is known of a session between two calls of a hook. */
export type Session = z.output<typeof shape>;

export const newSession = (offset: number): Session => ({
  version: 1,
  offset,
  message: '',
  parts: 1,
  said: null,
  recalled: [],
  briefed: false,
  episodes: [],
  summaries: [],
});

/** A session's file, which only one process at a time reads and writes. */
export interface SessionFile {
  read(): Session | undefined;
  write(session: Session): void;
}

const KEPT_FOR = 30 * DAY;
const LOCK_ENDING = '.lock';
const LOCKED_AT_MOST = 10 * SECOND;
/** Hooks of one session that are called at once wait for each other: what one of them must not keep yet, the next one keeps. */
const WAITS = 5 * SECOND;
const LOOKS_EVERY = 4;

export const hooksFolder = (home: string): string => join(home, 'hooks');

/** Where what is known of a session lies, without an ending. Whatever a host calls its sessions, it is a name of a file. */
export const sessionPath = (home: string, host: string, session: string): string =>
  join(hooksFolder(home), createHash('sha256').update(`${host}/${session}`).digest('hex').slice(0, 32));

/**
 * Does `work` while no other process has this session. Files are private and whole.
 * @throws Error when another holds it for too long
 */
export function withSession<T>(
  home: string,
  host: string,
  session: string,
  work: (file: SessionFile) => T,
  waits = WAITS,
): T {
  mkdirSync(hooksFolder(home), { recursive: true, mode: 0o700 });
  const path = `${sessionPath(home, host, session)}.json`;
  lock(path + LOCK_ENDING, waits);
  try {
    return work({ read: () => readSession(path), write: (state) => writeSession(path, state) });
  } finally {
    rmSync(path + LOCK_ENDING, { force: true });
  }
}

/** Removes what nobody has asked for in a month. */
export function removeOld(home: string, now = Date.now()): void {
  const folder = hooksFolder(home);
  for (const name of readdirSync(folder).filter((name) => /^[0-9a-f]{32}\./.test(name))) {
    const path = join(folder, name);
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - written > KEPT_FOR) rmSync(path, { force: true });
  }
}

export const hashOf = (text: string): string => createHash('sha256').update(text.trim()).digest('hex').slice(0, 32);

function lock(path: string, waits: number): void {
  const last = performance.now() + waits;
  while (!taken(path)) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    // The process that held it was killed.
    if (age > LOCKED_AT_MOST) rmSync(path, { force: true });
    else if (performance.now() > last) throw new Error('another hook of this session is still at work');
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOKS_EVERY);
  }
}

function taken(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined where there is none yet: the transcript is read from its beginning, and turns that are stored already change nothing. */
const readSession = (path: string): Session | undefined => readJsonFile(path, shape);

function writeSession(path: string, session: Session): void {
  const unfinished = `${path}.${randomUUID().slice(0, 8)}.part`;
  writeFileSync(unfinished, JSON.stringify(session), { flag: 'wx', mode: 0o600 });
  renameSync(unfinished, path);
}
