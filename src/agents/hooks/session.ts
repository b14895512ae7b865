import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJsonFile } from '../../json.ts';
import { DAY, SECOND } from '../../time.ts';
import { hooksFolder, sessionPath, writeAtomically } from './state-folder.ts';

const shape = z.object({
  version: z.literal(1),
  /** The position up to which the transcript is stored, in bytes. */
  offset: z.number().check(z.int(), z.minimum(0)),
  /** The last stored message of the user; later entries without another message belong to it. */
  message: z.string(),
  /** The number of parts of that turn so far. */
  parts: z.number().check(z.int(), z.minimum(1)),
  /** Hash of an answer that was stored before the transcript contained it. */
  said: z.nullable(z.string()),
  /** The sentences that were recalled in this session. */
  recalled: z.array(z.string()),
  /** Sentences of the memory's answers to the agent's own calls. */
  answers: z._default(z.array(z.string()), []),
  /** True once the session has its briefing. */
  briefed: z._default(z.boolean(), false),
  /** uuids of the session's own turns, which the agent still has in its context. */
  episodes: z._default(z.array(z.string()), []),
  /** uuids of the summaries of its compactions, which are also in the agent's context. */
  summaries: z._default(z.array(z.string()), []),
  /** The number of recalls that were late or failed. */
  late: z._default(z.number().check(z.int(), z.minimum(0)), 0),
  /** True once the user has been warned that a recall was left out. */
  warned: z._default(z.boolean(), false),
});

/** The state of a session between two hook calls. */
export type HookSession = z.output<typeof shape>;

export const newSession = (offset: number): HookSession => ({
  version: 1,
  offset,
  message: '',
  parts: 1,
  said: null,
  recalled: [],
  answers: [],
  briefed: false,
  episodes: [],
  summaries: [],
  late: 0,
  warned: false,
});

const MOST_SENTENCES = 900;
const MOST_ANSWERS = 450;

/** The session with more sentences that its agent may repeat from now on. */
export function withRecalledSentences(session: HookSession, sentences: readonly string[]): HookSession {
  return { ...session, recalled: [...new Set([...session.recalled, ...sentences])].slice(-MOST_SENTENCES) };
}

/** The same for answers to the agent's own calls. They have a limit of their own: one answer can have thousands of sentences, the best first. */
export function withMemoryAnswers(session: HookSession, sentences: readonly string[]): HookSession {
  const fresh = [...new Set(sentences)].slice(0, MOST_ANSWERS);
  return { ...session, answers: [...new Set([...session.answers, ...fresh])].slice(-MOST_ANSWERS) };
}

/** All sentences that the agent may repeat. */
export const repeatableSentences = ({ recalled, answers }: HookSession): string[] => [...recalled, ...answers];

/** A session's file, which only one process at a time reads and writes. */
export interface SessionFile {
  read(): HookSession | undefined;
  /** Leaves an empty file, which fits on a full disk: a session that begins there is read from its start later. */
  begin(): void;
  write(session: HookSession): void;
}

const KEPT_FOR = 30 * DAY;
const LOCK_ENDING = '.lock';
const LOCKED_AT_MOST = 10 * SECOND;
/** Concurrent hooks of one session wait for each other. */
const WAITS = 5 * SECOND;
const LOOKS_EVERY = 4;

/**
 * Does `work` under the session's lock. Files are private and written in one step.
 * @throws Error if another process holds the lock for too long
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
    return work({
      read: () => readSession(path),
      begin: () => void createEmpty(path),
      write: (state) => writeSession(path, state),
    });
  } finally {
    rmSync(path + LOCK_ENDING, { force: true });
  }
}

/** Removes the state of sessions that have not been used for a month. */
export function removeOldSessions(home: string, now = Date.now()): void {
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
  while (!createEmpty(path)) {
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    // The process that held it was killed.
    if (age > LOCKED_AT_MOST) rmSync(path, { force: true });
    else if (performance.now() > last) throw new Error('another hook of this session is still running');
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOKS_EVERY);
  }
}

/** False if the file exists. */
function createEmpty(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined for a new session. After a file that cannot be read the transcript is read from its start; turns that are already stored have no effect. */
const readSession = (path: string): HookSession | undefined =>
  readJsonFile(path, shape) ?? (existsSync(path) ? newSession(0) : undefined);

function writeSession(path: string, session: HookSession): void {
  writeAtomically(path, JSON.stringify(session));
}
