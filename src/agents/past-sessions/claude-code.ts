import { type Dirent, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { recalledSentences, withoutRecalledSentences } from '../../redaction/recall-marks.ts';
import { parseTranscriptEntry, type TranscriptEntry } from '../claude-code/transcript-entry.ts';
import { type PositionedEntry, splitByPrompt, type TurnEntries, turnOf } from '../claude-code/turns.ts';
import { isAgentWorking } from '../hooks/unfinished-work.ts';
import { isIdle, sessionEndTime } from './ended.ts';
import type { PastItem, SessionContent, SessionHistory, SessionHistoryOptions } from './history.ts';
import { jsonLinesOfFile } from './json-lines-file.ts';
import { mayContainRecalledText, recalledSentencesIn } from './recalled-text.ts';

const HOST = 'claude-code';
/** The user's texts before a summary, whose secrets the summary may repeat. */
const MOST_USER_TEXTS = 200;

/**
 * The transcripts of Claude Code: `projects/<folder>/<session>.jsonl` below its configuration folder. They are read by the rules of the hooks, so
 * that a turn that a hook has stored gets the same key.
 */
export function claudeCodeHistory({ environment, now, home }: SessionHistoryOptions): SessionHistory {
  const folder = join(environment.CLAUDE_CONFIG_DIR || join(environment.HOME || homedir(), '.claude'), 'projects');
  const sessions = foldersIn(folder).flatMap((project) =>
    filesIn(join(folder, project))
      .filter(({ name }) => name.endsWith('.jsonl'))
      .map(({ name }) => {
        const place = join(folder, project, name);
        const endedAt = sessionEndTime(place);
        return { place, endedAt, read: () => readSession(place, now, home) };
      }),
  );
  sessions.sort((a, b) => a.endedAt - b.endedAt || (a.place < b.place ? -1 : 1));
  return { places: [folder], sessions, notices: [], close: () => {} };
}

interface Transcript {
  readonly entries: PositionedEntry[];
  /** The folder in which the agent was at an entry. */
  readonly directories: Map<TranscriptEntry, string>;
  readonly recalled: Set<string>;
  readonly damaged: string[];
  /** True if the last line of the agent says that it has finished. */
  isOver: boolean;
  hasSubAgent: boolean;
}

function readSession(path: string, now: number, home: string): SessionContent {
  const session = basename(path, '.jsonl');
  const transcript = readTranscript(path);
  const { entries, recalled, damaged } = transcript;
  const turns = splitByPrompt(entries, `${session}.2`);
  const isEnded = () => isIdle(sessionEndTime(path), now) && !isAgentWorking(home, HOST, session);
  const open = transcript.isOver || isEnded() ? undefined : turns.at(-1);
  const items = [
    ...turns.filter((turn) => turn !== open).flatMap((turn) => pastTurn(turn, session, transcript)),
    ...pastSummaries(session, transcript),
  ];
  const isSubAgent = items.length === 0 && transcript.hasSubAgent;
  return { isSubAgent, items, damaged, running: open && pastTurn(open, session, transcript).length > 0 ? 1 : 0 };

  function pastTurn(part: TurnEntries, session: string, { directories }: Transcript): PastItem[] {
    const directory = directories.get(part.entries.at(-1) as TranscriptEntry) ?? '';
    const about = { host: HOST, session, directory, recalled: recalled.size > 0, isKept: () => false, isDone: false };
    const turn = turnOf(part, about);
    if (!turn) return [];
    for (const sentence of recalledSentences((turn.memoryAnswers ?? []).join('\n'))) recalled.add(sentence);
    const assistant = withoutRecalledSentences(turn.assistant, recalled);
    return [{ kind: 'turn', turn: { ...turn, assistant }, directory, copyKey: part.message }];
  }
}

function pastSummaries(session: string, { entries, directories, recalled }: Transcript): PastItem[] {
  const userTexts = entries
    .flatMap(({ entry }) => (entry.kind === 'prompt' ? [entry.text] : []))
    .slice(-MOST_USER_TEXTS);
  return entries.flatMap(({ entry }) => {
    if (entry.kind !== 'summary') return [];
    const { message, time } = entry;
    const text = withoutRecalledSentences(entry.text, recalled);
    const summary = { host: HOST, session, message, text, referenceTime: time, userTexts };
    return [{ kind: 'summary' as const, summary, directory: directories.get(entry) ?? '', copyKey: message }];
  });
}

function readTranscript(path: string): Transcript {
  const transcript: Transcript = {
    ...{ entries: [], directories: new Map(), recalled: new Set(), damaged: [], isOver: false, hasSubAgent: false },
  };
  for (const { number, text, value } of jsonLinesOfFile(path)) {
    if (value === undefined) transcript.damaged.push(`${path}:${number}`);
    if (mayContainRecalledText(text))
      for (const sentence of recalledSentencesIn(value)) transcript.recalled.add(sentence);
    const { cwd, isSidechain, message } = (value ?? {}) as Line;
    if (isSidechain === true) transcript.hasSubAgent = true;
    const entry = parseTranscriptEntry(value);
    if (!entry) continue;
    transcript.entries.push({ at: number, entry });
    if (typeof cwd === 'string') transcript.directories.set(entry, cwd);
    if (entry.kind !== 'summary') transcript.isOver = isEnd(entry, message?.stop_reason);
  }
  return transcript;
}

interface Line {
  readonly cwd?: unknown;
  readonly isSidechain?: unknown;
  readonly message?: { readonly stop_reason?: unknown } | null;
}

const isEnd = (entry: TranscriptEntry, stopReason: unknown): boolean =>
  entry.kind === 'interrupted' ||
  (entry.kind === 'answer' && typeof stopReason === 'string' && stopReason !== 'tool_use' && entry.calls.length === 0);

const foldersIn = (folder: string): string[] =>
  filesIn(folder)
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name);

function filesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not there, or not for this user.
    return [];
  }
}
