import { lazy } from '../lazy.ts';
import type { MemoryManager } from '../memory.ts';
import { openQueueHistory, type QueueMinute } from '../queue/last-hour.ts';
import { readOutcomes } from '../telemetry/agent-outcomes.ts';
import { SECOND } from '../time.ts';
import { readAnswer } from './answer.ts';
import { type ArchiveWorkbench, openArchiveWork, readArchives } from './archives.ts';
import { readEntities, readEntity, readSuggestions } from './entities.ts';
import { readEpisode, readEpisodes } from './episodes.ts';
import { eraseMemory, previewErase } from './erase.ts';
import { forgetEpisode, previewForget } from './forget.ts';
import { type NoticedProblems, openNoticedProblems, readNow } from './now.ts';
import { pinRule, previewPin, unpinRule } from './pin.ts';
import { dropLetter, readDeadLetter, readDeadLetters, readWaitingJobs, replayLetter, replayLetters } from './queue.ts';
import { type CallInput, type CallName, LIMITS, type Reply } from './schemas.ts';
import { readSessions, readTurns } from './sessions.ts';
import { readCostSince } from './spending.ts';
import { readTimeline } from './timeline.ts';

export interface PageContext {
  readonly memory: MemoryManager;
  readonly isReadOnly: boolean;
  readonly version: string;
  readonly archiveWork: ArchiveWorkbench;
  /** The last hour of the queue, read at most every 30 seconds for all open pages. */
  readonly lastHour: Remembered<QueueMinute[]>;
  readonly noticed: NoticedProblems;
}

/** State that the page's server keeps between calls. */
export function openPageState(memory: MemoryManager) {
  const lastHour = lazy(
    async () => openQueueHistory(memory.config),
    (hour) => hour.close(),
  );
  return {
    archiveWork: openArchiveWork(memory),
    noticed: openNoticedProblems(),
    lastHour: rememberFor(30 * SECOND, async () => (await lastHour()).read()),
    close: () => lastHour.close(),
  };
}

/** A result that is cached for a time and shared by all callers. */
interface Remembered<T> {
  read(): Promise<T>;
  /** Makes the next caller read again. */
  outdate(): void;
}

/** Failures are not cached, so that the next caller tries again. */
function rememberFor<T>(ms: number, read: () => Promise<T>): Remembered<T> {
  let last: { readonly at: number; readonly result: Promise<T> } | undefined;
  return {
    read() {
      const now = performance.now();
      if (last && now - last.at < ms) return last.result;
      const result = read();
      last = { at: now, result };
      result.catch(() => (last = undefined));
      return result;
    },
    outdate: () => (last = undefined),
  };
}

/** The reply before it is written as JSON, in which dates become texts. */
type BeforeJson<T> = T extends string
  ? string | Date
  : T extends string | null
    ? string | Date | null
    : T extends readonly (infer Item)[]
      ? readonly BeforeJson<Item>[]
      : T extends object
        ? { readonly [K in keyof T]: BeforeJson<T[K]> }
        : T;

type Handlers = {
  readonly [Name in CallName]: (context: PageContext, input: CallInput<Name>) => Promise<BeforeJson<Reply<Name>>>;
};

export const HANDLERS: Handlers = {
  session: async ({ memory, isReadOnly, version }) => ({ group: memory.config.group, isReadOnly, version }),
  groups: async ({ memory }) => {
    const groups = await memory.getGroups();
    const projects = new Map(readOutcomes(memory.config.home).map(({ group, directory }) => [group, directory]));
    return {
      groups: groups.slice(0, LIMITS.groups).map((row) => ({ ...row, project: projects.get(row.group) ?? null })),
      isCut: groups.length > LIMITS.groups,
    };
  },
  now: readNow,
  briefing: async ({ memory }, { group }) => {
    const [{ text, tokens, pending }, last] = await Promise.all([
      memory.getBriefing({ group }),
      memory.getLastBriefing({ group }),
    ]);
    return { text, tokens, pending, last: last && { ...last, text: last.text.slice(0, LIMITS.content) } };
  },
  answer: readAnswer,
  entities: readEntities,
  entity: readEntity,
  suggestions: readSuggestions,
  timeline: readTimeline,
  episodes: readEpisodes,
  episode: readEpisode,
  previewForget,
  forget: forgetEpisode,
  deadLetters: readDeadLetters,
  deadLetter: readDeadLetter,
  replay: replayLetter,
  replayAll: replayLetters,
  drop: dropLetter,
  waitingJobs: readWaitingJobs,
  queueHour: async ({ lastHour }) => ({ minutes: await lastHour.read() }),
  archives: readArchives,
  archiveWork: async ({ archiveWork }) => ({ work: archiveWork.latest() }),
  startArchiveWork: async ({ archiveWork }, input) => ({ work: archiveWork.start(input) }),
  previewErase,
  erase: eraseMemory,
  sessions: readSessions,
  turns: readTurns,
  spending: readCostSince,
  previewPin,
  pin: pinRule,
  unpin: unpinRule,
};
