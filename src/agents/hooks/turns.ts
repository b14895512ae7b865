import { isAbsolute, relative } from 'node:path';
import type { Turn, UsedTool } from '../turn.ts';
import type { Answer, Entry, SummaryEntry, ToolCall } from './entry.ts';
import type { PlacedEntry } from './transcript.ts';

/** What belongs to one message of the user. */
export interface Stretch {
  /** Where it begins in the transcript, in bytes. */
  readonly at: number;
  /** The user's message; of what an agent did after its turn was kept, that turn's with a number. */
  readonly message: string;
  readonly entries: readonly Turnable[];
}

/** What a turn is made of: a summary of a compaction stands in the midst of one and is none of it. */
export type Turnable = Exclude<Entry, SummaryEntry>;

/**
 * Cuts what happened where the user spoke.
 * @param goesOn what to call that which stands before the user's first message
 */
export function stretches(placed: readonly PlacedEntry[], goesOn: string): Stretch[] {
  const found: { at: number; message: string; entries: Turnable[] }[] = [];
  for (const { at, entry } of placed) {
    if (entry.kind === 'summary') continue;
    if (entry.kind === 'prompt') found.push({ at, message: entry.message, entries: [entry] });
    else if (found.length > 0) found.at(-1)?.entries.push(entry);
    else found.push({ at, message: goesOn, entries: [entry] });
  }
  return found;
}

export interface About {
  readonly host: string;
  readonly session: string;
  readonly directory: string;
  readonly recalled: boolean;
  /** True for words of the agent that are kept already. */
  readonly isKept: (text: string) => boolean;
  /** What the agent said last, if the transcript may not have it yet. */
  readonly lastWords?: string | undefined;
  /** True when the agent itself says that it is done. */
  readonly isDone: boolean;
}

/** Undefined when nothing was said or done that is worth a turn. */
export function turnOf({ message, entries }: Stretch, about: About): Turn | undefined {
  const [first] = entries;
  const prompt = first?.kind === 'prompt' ? first : undefined;
  const answers = entries.filter((entry): entry is Answer => entry.kind === 'answer');
  const texts = answers.map(({ text }) => text).filter((text) => text !== '' && !about.isKept(text));
  const last = about.lastWords?.trim();
  if (last && !about.isKept(last) && !texts.some((text) => text.includes(last))) texts.push(last);
  const calls = answers.flatMap((answer) => answer.calls);
  const hasAnswer = texts.length > 0 || calls.length > 0;
  // Commands of the host itself, such as /clear, have no answer.
  if (!first || (!hasAnswer && (!prompt || prompt.isCommand))) return undefined;
  return {
    host: about.host,
    session: about.session,
    message,
    user: prompt?.text ?? '',
    assistant: texts.join('\n\n'),
    tools: usedTools(calls, entries),
    files: changedFiles(calls, about.directory),
    model: answers.findLast(({ model }) => model !== undefined)?.model,
    status: statusOf(entries, about.isDone),
    tokens: tokensOf(answers),
    referenceTime: first.time,
    endedAt: entries.at(-1)?.time,
    recalled: about.recalled,
  };
}

/** What the memory itself was asked and said must not be learnt again. */
const OWN_TOOL = /^mcp__[\w-]*memory[\w-]*__/;

function usedTools(calls: readonly ToolCall[], entries: readonly Turnable[]): UsedTool[] {
  const results = new Map(
    entries.flatMap((entry) => (entry.kind === 'results' ? entry.results.map((result) => [result.id, result]) : [])),
  );
  return calls
    .filter(({ tool }) => !OWN_TOOL.test(tool))
    .map(({ id, tool, input }) => ({
      tool,
      ...(typeof input.description === 'string' && { title: input.description }),
      // One without a result was interrupted.
      status: (results.get(id)?.isError ?? true) ? 'error' : 'completed',
      input: typeof input.command === 'string' ? input.command : JSON.stringify(input),
      output: results.get(id)?.output ?? '',
    }));
}

const CHANGES = /^(?:Edit|MultiEdit|Write|NotebookEdit)$/;

function changedFiles(calls: readonly ToolCall[], directory: string): string[] {
  const paths = calls
    .filter(({ tool }) => CHANGES.test(tool))
    .map(({ input }) => input.file_path ?? input.notebook_path)
    .filter((path): path is string => typeof path === 'string');
  return [...new Set(paths.map((path) => near(path, directory)))];
}

function near(path: string, directory: string): string {
  const relativePath = isAbsolute(path) ? relative(directory, path) : path;
  return relativePath.startsWith('..') ? path : relativePath;
}

function statusOf(entries: readonly Turnable[], isDone: boolean): Turn['status'] {
  const last = entries.at(-1);
  if (entries.some(({ kind }) => kind === 'interrupted')) return 'aborted';
  if (last?.kind === 'answer' && last.isError) return 'error';
  return isDone || (last?.kind === 'answer' && last.calls.length === 0) ? 'completed' : 'aborted';
}

/** A model's message is written down in several lines, each of which tells what it cost so far. */
function tokensOf(answers: readonly Answer[]): Turn['tokens'] {
  const last = new Map(answers.map(({ id, tokens }) => [id, tokens]));
  const sum = (kind: 'input' | 'output') => [...last.values()].reduce((total, tokens) => total + tokens[kind], 0);
  return { input: sum('input'), output: sum('output') };
}
