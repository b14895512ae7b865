import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJsonFile } from '../../json.ts';
import { DAY, MINUTE, SECOND } from '../../time.ts';
import { isRunning } from './agent-process.ts';
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
  /** True while the agent works on a turn. */
  isOpen: z.optional(z.boolean()),
  /** The agent that works on it; notes of earlier releases have none. */
  agent: z.optional(z.object({ pid: z.number(), startedAt: z.optional(z.string()) })),
});

/** A session whose agent works on a turn, or whose turns a hook is spooling. It is recorded first, so that another hook can continue. */
export type RecordedSession = Omit<z.output<typeof shape>, 'version'>;

const ENDING = '.work';
/** No hook takes longer; after this time the hook was killed or has failed. */
const UNFINISHED_AFTER = 15 * SECOND;
/** A transcript unchanged for this long gets no more lines, unless its turn is open. */
const IDLE_AFTER = MINUTE;
/** Between its words and a call of a tool a model writes that call, which is in no transcript yet. */
const SILENT_AFTER = 10 * MINUTE;
/** An agent may wait for a tool, or for the user's consent. */
const OPEN_AT_MOST = DAY;
/** The same if its process still runs. */
const OPEN_IN_RUNNING_AGENT_AT_MOST = 7 * DAY;
/** Each hook continues a few sessions at most; the next hook continues others. */
const MOST = 3;

/** Records the work before it begins; call the returned function when it is done. */
export function recordUnfinishedWork(home: string, work: RecordedSession): () => void {
  mkdirSync(hooksFolder(home), { recursive: true, mode: 0o700 });
  const path = sessionPath(home, work.host, work.session) + ENDING;
  writeAtomically(path, JSON.stringify({ version: 1, ...work }));
  return () => rmSync(path, { force: true });
}

export interface UnfinishedWork {
  readonly work: RecordedSession;
  /**
   * `busy`: the session goes on, and only its earlier turns are complete. `resting`: nothing was written for a minute, and the last turn is
   * complete if its agent wrote that. `silent`: for longer, by an agent whose process is not known to run, and the turn is complete if it ends
   * with words to the user. `ended`: it is complete.
   */
  readonly state: 'busy' | 'resting' | 'silent' | 'ended';
  /** Call this when the work is done or can never be done. */
  done(): void;
  /** Lets other work go first next time. */
  postpone(): void;
}

/** Work of killed hooks and agents, oldest first. */
export function unfinishedWork(home: string, now = Date.now()): UnfinishedWork[] {
  const folder = hooksFolder(home);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => ({ path: join(folder, name), begun: changedAt(join(folder, name)) ?? now }))
    .filter(({ begun }) => now - begun > UNFINISHED_AFTER)
    .sort((a, b) => a.begun - b.begun);
  const found: UnfinishedWork[] = [];
  for (const { path, begun } of files) {
    if (found.length === MOST) break;
    // A note that was written meanwhile is about the session's next turn.
    const done = () => changedAt(path) === begun && rmSync(path, { force: true });
    const work = read(path);
    const written = work && changedAt(work.transcript);
    // The transcript was deleted, or the file is not ours.
    if (!work || written === undefined) {
      done();
      continue;
    }
    const state = stateOf(work, now - written);
    // Its own next hook stores the turn.
    if (work.isOpen && state === 'busy') continue;
    found.push({ work, state, done, postpone: () => utimesSync(path, now / SECOND, now / SECOND) });
  }
  return found;
}

function stateOf({ isOpen, agent }: RecordedSession, restsFor: number): UnfinishedWork['state'] {
  if (restsFor <= IDLE_AFTER) return 'busy';
  if (!isOpen) return 'ended';
  // Its own next hook stores the whole turn.
  if (agent && isRunning(agent)) return restsFor > OPEN_IN_RUNNING_AGENT_AT_MOST ? 'ended' : 'resting';
  if (restsFor > OPEN_AT_MOST) return 'ended';
  return restsFor > SILENT_AFTER ? 'silent' : 'resting';
}

/** True if a running agent works on a turn of the session, however long it has written nothing. */
export function isAgentWorking(home: string, host: string, session: string): boolean {
  const work = read(sessionPath(home, host, session) + ENDING);
  return work?.isOpen === true && work.agent !== undefined && isRunning(work.agent);
}

function read(path: string): RecordedSession | undefined {
  const stored = readJsonFile(path, shape);
  if (!stored) return undefined;
  const { version: _, ...work } = stored;
  return work;
}

const changedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
