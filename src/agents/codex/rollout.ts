import { isAbsolute, relative } from 'node:path';
import { answerText, isMemoryToolCall } from '../capture/own-tools.ts';
import type { Turn, UsedTool } from '../capture/turn.ts';
import { type CodexRecord, type CodexSession, parseCodexRecord, type SpokenText } from './record.ts';

/** A line of Codex's record of a session (a "rollout"). */
export interface RolloutLine {
  /** The position, in bytes or in lines. */
  readonly at: number;
  /** Undefined for a line that is not JSON. */
  readonly value: unknown;
}

/** The lines that belong to one task of the user. Codex numbers its turns; its first versions did not. */
export interface RolloutTurn {
  readonly at: number;
  readonly id: string;
  readonly isNumbered: boolean;
  messages: readonly SpokenText[];
  readonly calls: { readonly id: string; readonly tool: string; readonly input: string }[];
  readonly results: Map<string, { readonly output: string; readonly isError: boolean }>;
  readonly startedAt: Date;
  userAt: Date | undefined;
  endedAt: Date;
  directory: string | undefined;
  model: string | undefined;
  tokens: { input: number; output: number };
  /** `whole`: the model's reply ended with words and calls no tool. Codex writes the end of the turn only after its hooks. */
  answer: 'none' | 'begun' | 'whole';
  end: 'completed' | 'aborted' | undefined;
}

export interface Rollout {
  session: CodexSession;
  readonly turns: RolloutTurn[];
  readonly summaries: { readonly text: string; readonly time: Date }[];
  directory: string | undefined;
  model: string | undefined;
}

/**
 * Reads a session, or a part of a session that begins at any line.
 * @param endedAt the time for lines before the first that has one
 * @param firstTurn the name for lines before the first numbered turn
 */
export function readRollout(lines: Iterable<RolloutLine>, endedAt: Date, firstTurn = 'turn-1'): Rollout {
  const rollout: Rollout = {
    session: { id: '', directory: undefined, origin: undefined, isSubAgent: false },
    ...{ turns: [], summaries: [], directory: undefined, model: undefined },
  };
  let time = endedAt;
  for (const { at, value } of lines) {
    const written = Date.parse(String((value as { timestamp?: unknown } | undefined)?.timestamp));
    if (!Number.isNaN(written)) time = new Date(written);
    const record = parseCodexRecord(value);
    if (record) note(rollout, record, { at, time, firstTurn });
  }
  return rollout;
}

interface Place {
  readonly at: number;
  readonly time: Date;
  readonly firstTurn: string;
}

function note(rollout: Rollout, record: CodexRecord, place: Place): void {
  switch (record.kind) {
    case 'session':
      // A fork repeats the line of the session that it was copied from.
      if (rollout.session.id === '') rollout.session = record.session;
      return;
    case 'turn-begins':
      if (record.turn !== undefined) begin(rollout, record.turn, place);
      return;
    case 'context':
      rollout.directory = record.directory ?? rollout.directory;
      rollout.model = record.model ?? rollout.model;
      if (record.turn !== undefined) begin(rollout, record.turn, place);
      break;
    case 'compacted':
      if (record.summary !== '') noteSummary(rollout, record.summary, place.time);
      return;
    case 'said':
      if (record.by === 'user') noteUser(rollout, record, place);
      else addMessage(turnFor(rollout, place), record);
      break;
    case 'call': {
      const turn = turnFor(rollout, place);
      turn.calls.push(record);
      turn.answer = 'none';
      break;
    }
    case 'result':
      rollout.turns.at(-1)?.results.set(record.id, record);
      break;
    case 'tokens':
      addTokens(rollout.turns.at(-1), record);
      break;
    case 'turn-ends':
      end(rollout, record.turn, record.isAborted);
  }
  const turn = rollout.turns.at(-1);
  if (!turn) return;
  turn.endedAt = place.time;
  turn.directory = rollout.directory ?? turn.directory;
  turn.model = rollout.model ?? turn.model;
}

function begin(rollout: Rollout, id: string, place: Place): RolloutTurn {
  const open = rollout.turns.find((turn) => turn.id === id);
  if (open) return open;
  return add(rollout, id, true, place);
}

function add({ turns, directory, model }: Rollout, id: string, isNumbered: boolean, { at, time }: Place): RolloutTurn {
  const turn: RolloutTurn = {
    ...{ at, id, isNumbered, messages: [], calls: [], results: new Map() },
    ...{ startedAt: time, userAt: undefined, endedAt: time },
    ...{ directory, model, tokens: { input: 0, output: 0 }, answer: 'none', end: undefined },
  };
  turns.push(turn);
  return turn;
}

/** The current turn. Lines before the first turn have one of their own. */
function turnFor(rollout: Rollout, place: Place): RolloutTurn {
  return rollout.turns.at(-1) ?? add(rollout, place.firstTurn, false, place);
}

/** In sessions without turn numbers, a turn begins with each message of the user. A message that is written twice counts once. */
function noteUser(rollout: Rollout, message: SpokenText, place: Place): void {
  const last = rollout.turns.at(-1);
  const isRepeated = last?.messages.some(
    ({ by, as, text }) => by === 'user' && as !== message.as && text === message.text,
  );
  const isAnswered =
    last !== undefined && (last.calls.length > 0 || last.messages.some(({ by }) => by === 'assistant'));
  const isOpen = last !== undefined && (last.isNumbered ? !last.end : isRepeated && !isAnswered);
  const turn = isOpen ? last : add(rollout, last ? `turn-${rollout.turns.length + 1}` : place.firstTurn, false, place);
  addMessage(turn, message);
  turn.userAt ??= place.time;
}

function addMessage(turn: RolloutTurn, message: SpokenText): void {
  turn.answer = message.by === 'assistant' ? 'begun' : 'none';
  turn.messages = [...turn.messages, message];
}

/** The model's answer with the summary appears in the current turn, before or after the user's message, but is not part of the turn. */
function noteSummary({ turns, summaries }: Rollout, text: string, time: Date): void {
  summaries.push({ text, time });
  const turn = turns.at(-1);
  if (!turn) return;
  turn.messages = turn.messages.filter((message) => message.by !== 'assistant' || message.text !== text);
  turn.answer = 'none';
}

function addTokens(turn: RolloutTurn | undefined, { input, output }: { input: number; output: number }): void {
  if (!turn) return;
  turn.tokens = { input: turn.tokens.input + input, output: turn.tokens.output + output };
  if (turn.answer === 'begun') turn.answer = 'whole';
}

function end({ turns }: Rollout, id: string | undefined, isAborted: boolean): void {
  const turn = id === undefined ? turns.at(-1) : turns.find((turn) => turn.id === id);
  if (turn) turn.end = isAborted ? 'aborted' : 'completed';
}

export interface RolloutTurnContext {
  readonly session: string;
  /** The folder for turns without one. */
  readonly directory: string;
  readonly recalled: boolean;
  /** Texts of the agent that are stored already are left out. */
  readonly isStored?: (text: string) => boolean;
  /** The agent's last answer, if the rollout may not contain it yet. */
  readonly lastWords?: string | undefined;
  /** True when Codex says that the turn is over. */
  readonly isDone?: boolean;
}

/** Undefined for a turn without words and calls: Codex itself begins turns too, such as that of a compaction. */
export function turnOfRollout(turn: RolloutTurn, about: RolloutTurnContext): Turn | undefined {
  const user = textsOfRole(turn, 'user').join('\n\n');
  const answers = textsOfRole(turn, 'assistant').filter((text) => !about.isStored?.(text));
  const last = about.lastWords?.trim();
  if (last && !about.isStored?.(last) && !answers.some((text) => text.includes(last))) answers.push(last);
  const answer = answers.join('\n\n');
  if (user === '' && answer === '' && turn.calls.length === 0) return undefined;
  // The first versions record no end.
  const isDone = about.isDone || turn.answer === 'whole' || (answer !== '' && !turn.isNumbered);
  return {
    ...{ host: 'codex', session: about.session, message: turn.id, user, assistant: answer, ...usedTools(turn) },
    files: changedFiles(turn, turn.directory ?? about.directory),
    model: turn.model,
    status: turn.end ?? (isDone ? 'completed' : 'aborted'),
    tokens: turn.tokens,
    referenceTime: turn.userAt ?? turn.startedAt,
    endedAt: turn.endedAt,
    recalled: about.recalled,
  };
}

/** Prefers events if there are any, because the other records may include messages of the host. */
export function textsOfRole({ messages }: RolloutTurn, by: SpokenText['by']): readonly string[] {
  const own = messages.filter((one) => one.by === by);
  const events = own.filter(({ as }) => as === 'event');
  return (events.length > 0 ? events : own).map(({ text }) => text);
}

function usedTools({ calls, results }: RolloutTurn): Required<Pick<Turn, 'tools' | 'memoryAnswers'>> {
  const tools: UsedTool[] = [];
  const memoryAnswers: string[] = [];
  for (const { id, tool, input } of calls) {
    // A call without a result was interrupted; a web search never has a result.
    const { output, isError } = results.get(id) ?? { output: '', isError: tool !== 'web_search' };
    if (isMemoryToolCall(tool, input, output)) memoryAnswers.push(answerText(output));
    else tools.push({ tool, status: isError ? 'error' : 'completed', input, output });
  }
  return { tools, memoryAnswers };
}

const CHANGED = /^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm;

function changedFiles({ calls }: RolloutTurn, directory: string): string[] {
  const paths = calls.flatMap(({ input }) => [...input.matchAll(CHANGED)].map(([, path = '']) => path.trim()));
  return [...new Set(paths.map((path) => near(path, directory)))];
}

function near(path: string, directory: string): string {
  const relativePath = isAbsolute(path) ? relative(directory, path) : path;
  return relativePath.startsWith('..') ? path : relativePath;
}
