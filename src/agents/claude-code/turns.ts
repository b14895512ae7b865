import { isAbsolute, relative } from 'node:path';
import { answerText, isMemoryToolCall } from '../capture/own-tools.ts';
import type { Turn, UsedTool } from '../capture/turn.ts';
import type { AnswerEntry, SummaryEntry, TranscriptEntry, TranscriptToolCall } from './transcript-entry.ts';

/** An entry and where its line begins. */
export interface PositionedEntry {
  readonly at: number;
  readonly entry: TranscriptEntry;
}

/** The entries that belong to one message of the user. */
export interface TurnEntries {
  /** Where it begins in the transcript, in bytes. */
  readonly at: number;
  /** The id of the user's message. For work after the turn was stored, the id of that turn with a number. */
  readonly message: string;
  readonly entries: readonly TurnEntry[];
}

/** The entries of a turn. The summary of a compaction can appear inside a turn but is not part of it. */
export type TurnEntry = Exclude<TranscriptEntry, SummaryEntry>;

/**
 * Splits the entries at each prompt of the user.
 * @param goesOn the message id for entries before the user's first message
 */
export function splitByPrompt(placed: readonly PositionedEntry[], goesOn: string): TurnEntries[] {
  const parts: { at: number; message: string; entries: TurnEntry[] }[] = [];
  for (const { at, entry } of placed) {
    if (entry.kind === 'summary') continue;
    if (entry.kind === 'prompt') parts.push({ at, message: entry.message, entries: [entry] });
    else if (parts.length > 0) parts.at(-1)?.entries.push(entry);
    else parts.push({ at, message: goesOn, entries: [entry] });
  }
  return parts;
}

export interface TurnContext {
  readonly host: string;
  readonly session: string;
  readonly directory: string;
  readonly recalled: boolean;
  /** True for text of the agent that is stored already. */
  readonly isKept: (text: string) => boolean;
  /** The agent's last text, which the transcript may not contain yet. */
  readonly lastWords?: string | undefined;
  /** True if the agent itself reported that it is done. */
  readonly isDone: boolean;
}

/** Undefined if the entries contain nothing to store. */
export function turnOf({ message, entries }: TurnEntries, about: TurnContext): Turn | undefined {
  const [first] = entries;
  const prompt = first?.kind === 'prompt' ? first : undefined;
  const answers = entries.filter((entry): entry is AnswerEntry => entry.kind === 'answer');
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
    ...usedTools(calls, entries),
    files: changedFiles(calls, about.directory),
    model: answers.findLast(({ model }) => model !== undefined)?.model,
    status: statusOf(entries, about.isDone),
    tokens: tokensOf(answers),
    referenceTime: first.time,
    endedAt: entries.at(-1)?.time,
    recalled: about.recalled,
  };
}

function usedTools(
  calls: readonly TranscriptToolCall[],
  entries: readonly TurnEntry[],
): Required<Pick<Turn, 'tools' | 'memoryAnswers'>> {
  const results = new Map(
    entries.flatMap((entry) => (entry.kind === 'results' ? entry.results.map((result) => [result.id, result]) : [])),
  );
  const tools: UsedTool[] = [];
  const memoryAnswers: string[] = [];
  for (const { id, tool, input } of calls) {
    // A call without a result was interrupted.
    const { output, isError } = results.get(id) ?? { output: '', isError: true };
    const words = wordsOf(input);
    if (isMemoryToolCall(tool, words, output)) memoryAnswers.push(answerText(output));
    else
      tools.push({
        tool,
        ...(typeof input.description === 'string' && { title: input.description }),
        ...{ status: isError ? 'error' : 'completed', input: words, output },
      });
  }
  return { tools, memoryAnswers };
}

/** The command of a shell call, or the arguments of any other call. */
const wordsOf = (input: TranscriptToolCall['input']): string =>
  typeof input.command === 'string' ? input.command : JSON.stringify(input);

const CHANGES = /^(?:Edit|MultiEdit|Write|NotebookEdit)$/;

function changedFiles(calls: readonly TranscriptToolCall[], directory: string): string[] {
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

function statusOf(entries: readonly TurnEntry[], isDone: boolean): Turn['status'] {
  const last = entries.at(-1);
  if (entries.some(({ kind }) => kind === 'interrupted')) return 'aborted';
  if (last?.kind === 'answer' && last.isError) return 'error';
  return isDone || (last?.kind === 'answer' && last.calls.length === 0) ? 'completed' : 'aborted';
}

/** A model's message is written in several lines, each with the tokens used so far. */
function tokensOf(answers: readonly AnswerEntry[]): Turn['tokens'] {
  const last = new Map(answers.map(({ id, tokens }) => [id, tokens]));
  const sum = (kind: 'input' | 'output') => [...last.values()].reduce((total, tokens) => total + tokens[kind], 0);
  return { input: sum('input'), output: sum('output') };
}
