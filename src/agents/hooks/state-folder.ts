import { createHash, randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendToBoundedLog } from '../../telemetry/bounded-log.ts';

const MOST_BYTES = 32 * 1024;

/** Where hooks keep the state of sessions, unfinished work and the log of problems. */
export const hooksFolder = (home: string): string => join(home, 'hooks');

/** The path of a session's state, without extension. The hash makes any session name a valid file name. */
export const sessionPath = (home: string, host: string, session: string): string =>
  join(hooksFolder(home), createHash('sha256').update(`${host}/${session}`).digest('hex').slice(0, 32));

/** Writes a file that only this user can read, all of it or nothing: on a full disk the file stays as it was. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    writeFileSync(unfinished, text, { flag: 'wx', mode: 0o600 });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Logs why a hook failed, since hooks must not print errors. Never throws. The log has no content and at most about 32 kB. */
export function logProblem(home: string, problem: string, now = new Date()): void {
  const line = problem.replace(/\s+/g, ' ').slice(0, 400);
  appendToBoundedLog(join(hooksFolder(home), 'problems.log'), `${now.toISOString()} ${line}`, MOST_BYTES);
}
