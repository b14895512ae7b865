import { createHash } from 'node:crypto';
import type { SessionSummary, Turn } from '../capture/turn.ts';
import { openCapture } from '../opencode/capture.ts';
import type { AssistantMessage, MessagePart, UserMessage } from '../opencode/host.ts';
import { openTrackedSessions, recordRecalledText } from '../opencode/sessions.ts';
import { isIdle } from './ended.ts';
import type { PastItem, SessionContent } from './history.ts';
import { mayContainRecalledText } from './recalled-text.ts';

/** A session as opencode stores it, in a database or in files. */
export interface OpencodeSession {
  readonly id: string;
  readonly directory: string;
  readonly parent: string | undefined;
  /** The id of the project: the first commit of its repository, or `global`. */
  readonly project: string;
  /** Where the project's files are; undefined if that is unknown. */
  readonly worktree: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface OpencodeMessage {
  readonly info: UserMessage | StoredAnswer;
  readonly parts: readonly MessagePart[];
}

interface StoredAnswer extends AssistantMessage {
  /** Why the model stopped; `tool-calls` when it goes on with the results. */
  readonly finish?: string;
}

/**
 * Plays a stored session to the capture of the plugin, so that a turn that the plugin has stored gets the same key and the same text.
 * @param messages    in their order
 * @param isTemplate  whether a command's file put words into a message
 */
export function sessionContentOf(
  session: OpencodeSession,
  messages: readonly OpencodeMessage[],
  damaged: readonly string[],
  now: number,
  isTemplate: (text: string) => boolean,
): SessionContent {
  if (session.parent) return { isSubAgent: true, items: [], damaged, running: 0 };
  const tasks = splitByPrompt(messages);
  const last = tasks.at(-1);
  const isRunning = last !== undefined && !isOver(last) && !isIdle(session.updatedAt, now);
  const items = play(session, isRunning ? tasks.slice(0, -1) : tasks, isTemplate);
  return { isSubAgent: false, items, damaged, running: isRunning ? 1 : 0 };
}

/** A message of the user, with the answers to it. */
interface Task {
  readonly prompt: OpencodeMessage | undefined;
  readonly answers: { readonly info: StoredAnswer; readonly parts: readonly MessagePart[] }[];
}

/**
 * An answer belongs to the message that it names. An answer to a message of the host, such as after a compaction, belongs to the user's
 * last message.
 */
function splitByPrompt(messages: readonly OpencodeMessage[]): Task[] {
  const tasks: Task[] = [];
  const byPrompt = new Map<string, Task>();
  for (const { info, parts } of messages) {
    if (info.role === 'assistant') {
      const task = byPrompt.get(info.parentID) ?? tasks.at(-1) ?? { prompt: undefined, answers: [] };
      if (tasks.length === 0) tasks.push(task);
      task.answers.push({ info, parts });
    } else if (isOfUser(parts)) {
      const task = { prompt: { info, parts }, answers: [] };
      tasks.push(task);
      byPrompt.set(info.id, task);
    }
  }
  return tasks;
}

/** The host's own messages consist of inserted text, or of the order to compact. */
const isOfUser = (parts: readonly MessagePart[]): boolean =>
  parts.some(({ type, synthetic }) => (type === 'text' && !synthetic) || type === 'file' || type === 'agent');

function isOver({ answers }: Task): boolean {
  const last = answers.findLast(({ info }) => !info.summary)?.info;
  if (!last) return false;
  return last.error !== undefined || (last.time.completed !== undefined && last.finish !== 'tool-calls');
}

function play(session: OpencodeSession, tasks: readonly Task[], isTemplate: (text: string) => boolean): PastItem[] {
  const { id, directory, project } = session;
  const items: PastItem[] = [];
  const sessions = openTrackedSessions();
  const about = { directory, rootCommit: project };
  const keep = {
    turn(turn: Turn): undefined {
      if (turn.user === '' && turn.assistant === '' && turn.tools.length === 0) return;
      items.push({ kind: 'turn', turn, ...about, copyKey: hashOf(turn.referenceTime.getTime(), turn.user) });
    },
    summary(summary: SessionSummary): undefined {
      items.push({
        kind: 'summary',
        summary,
        ...about,
        copyKey: hashOf(summary.referenceTime.getTime(), summary.text),
      });
    },
  };
  const worktree = session.worktree && session.worktree !== '/' ? session.worktree : directory;
  const capture = openCapture(sessions, worktree, keep, isTemplate);
  sessions.created({ id });
  for (const { prompt, answers } of tasks) {
    if (prompt) {
      for (const { text = '', synthetic } of prompt.parts)
        if (synthetic && mayContainRecalledText(text)) recordRecalledText(sessions.of(id), text);
      capture.prompted({ sessionID: id }, { message: prompt.info as UserMessage, parts: [...prompt.parts] });
    }
    for (const { info, parts } of answers) {
      // The message begins, its parts come, and it ends, as the host reports it.
      const { completed: _, ...time } = info.time;
      const { error: __, ...begun } = info;
      capture.happened({ type: 'message.updated', properties: { info: { ...begun, time } } });
      for (const part of parts) capture.happened({ type: 'message.part.updated', properties: { part } });
      capture.happened({ type: 'message.updated', properties: { info } });
    }
    // A turn without an answer is stored only if it failed, as by the plugin.
    capture.end();
  }
  return items;
}

const hashOf = (time: number, text: string): string =>
  createHash('sha256').update(`${time} ${text}`).digest('hex').slice(0, 32);
