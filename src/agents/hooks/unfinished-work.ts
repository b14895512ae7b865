import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJsonFile } from '../../json.ts';
import { MINUTE, SECOND } from '../../time.ts';
import { hooksFolder, sessionPath, writeAtomically } from './state-folder.ts';

const shape = z.object({
  version: z.literal(1),
  host: z.string(),
  session: z.string(),
  transcript: z.string(),
  directory: z.nullable(z.string()),
  group: z.string(),
  /** Turns of a folder that has not joined the memory are held. */
  heldAt: z.optional(z.string()),
});

/** A session whose turns a hook is spooling. It is recorded first, so that another hook can continue. */
export type Work = Omit<z.output<typeof shape>, 'version'>;

const ENDING = '.work';
/** No hook takes longer; after this time the hook was killed or has failed. */
const UNFINISHED_AFTER = 15 * SECOND;
/** A transcript unchanged for this long gets no more lines. */
const IDLE_AFTER = MINUTE;
/** Each hook continues a few sessions at most; the next hook continues others. */
const MOST = 3;

/** Records the work before it begins; call the returned function when it is done. */
export function recordUnfinishedWork(home: string, work: Work): () => void {
  mkdirSync(hooksFolder(home), { recursive: true, mode: 0o700 });
  const path = sessionPath(home, work.host, work.session) + ENDING;
  writeAtomically(path, JSON.stringify({ version: 1, ...work }));
  return () => rmSync(path, { force: true });
}

export interface UnfinishedWork {
  readonly work: Work;
  /** True when the session has stopped, so that its last turn is complete. */
  readonly isIdle: boolean;
  /** Call this when the work is done or can never be done. */
  done(): void;
}

/** Work of killed hooks, oldest first. */
export function unfinishedWork(home: string, now = Date.now()): UnfinishedWork[] {
  const folder = hooksFolder(home);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => ({ path: join(folder, name), begun: changedAt(join(folder, name)) ?? now }))
    .filter(({ begun }) => now - begun > UNFINISHED_AFTER)
    .sort((a, b) => a.begun - b.begun);
  return files.slice(0, MOST).flatMap(({ path }) => {
    const done = () => rmSync(path, { force: true });
    const work = read(path);
    const written = work && changedAt(work.transcript);
    // The transcript was deleted, or the file is not ours.
    if (!work || written === undefined) done();
    return work && written !== undefined ? [{ work, isIdle: now - written > IDLE_AFTER, done }] : [];
  });
}

function read(path: string): Work | undefined {
  const stored = readJsonFile(path, shape);
  if (!stored) return undefined;
  const { version: _, ...work } = stored;
  return work;
}

const changedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
