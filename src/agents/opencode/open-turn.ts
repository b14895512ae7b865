import { isAbsolute, relative } from 'node:path';
import { answerText, isMemoryToolCall } from '../capture/own-tools.ts';
import type { Turn, UsedTool } from '../capture/turn.ts';
import type { AssistantMessage, MessagePart, PromptOutput } from './host.ts';

/** An unfinished turn: the user's message, and the agent's work so far. */
export interface OpenTurn {
  readonly message: string;
  user: string;
  readonly startedAt: number;
  isTemplate: boolean;
  agent: string | undefined;
  model: string | undefined;
  /** The agent's messages, and whether each is complete. */
  readonly answers: Map<string, { isComplete: boolean; tokens: AssistantMessage['tokens'] }>;
  readonly texts: Map<string, string>;
  readonly tools: Map<string, UsedTool>;
  /** The memory's answers to the agent's own calls. */
  readonly memoryAnswers: Map<string, string>;
  readonly files: Set<string>;
  endedAt: number | undefined;
  failure: 'aborted' | 'error' | undefined;
  /** The host reported that the session is idle; the end of a message may still come. */
  isIdle: boolean;
}

/** The middle parts of a longer turn are left out. */
const MOST_PARTS = 400;
const FIRST_PARTS = 100;

export function openTurn({ message, parts }: PromptOutput, agent?: string): OpenTurn {
  const userParts = parts.filter((part) => part.type === 'text' && !part.synthetic && !part.ignored);
  const user = withoutRunQuotes(userParts.map(({ text = '' }) => text).join('\n\n'));
  const turn = emptyTurn(message.id, user, message.time?.created);
  turn.agent = message.agent ?? agent;
  turn.model = message.model && `${message.model.providerID}/${message.model.modelID}`;
  for (const { type, filename } of parts) if (type === 'file' && filename) turn.files.add(filename);
  return turn;
}

/** `opencode run 'two words'` puts quotation marks around the message, and a quotation states nothing. */
function withoutRunQuotes(text: string): string {
  const [, inside] = /^"((?:[^"]|(?<=\\)")*)"$/.exec(text) ?? [];
  return inside === undefined ? text : inside.replaceAll('\\"', '"');
}

/** Also used for turns that the host started, such as after a compaction. */
export function emptyTurn(message: string, user = '', startedAt = Date.now()): OpenTurn {
  return {
    message,
    user,
    startedAt,
    isTemplate: false,
    agent: undefined,
    model: undefined,
    answers: new Map(),
    texts: new Map(),
    tools: new Map(),
    memoryAnswers: new Map(),
    files: new Set(),
    endedAt: undefined,
    failure: undefined,
    isIdle: false,
  };
}

/** Joins two turns whose messages got one answer. */
export function joinTurns(turn: OpenTurn, joined: OpenTurn): void {
  turn.user = `${turn.user}\n\n${joined.user}`;
  turn.isTemplate ||= joined.isTemplate;
  for (const file of joined.files) turn.files.add(file);
}

export function recordAnswer(turn: OpenTurn, answer: AssistantMessage): void {
  const { id, time, tokens, error, providerID, modelID, mode } = answer;
  turn.answers.set(id, { isComplete: time.completed !== undefined, tokens });
  if (time.completed) turn.endedAt = time.completed;
  if (error) turn.failure = failureOf(error.name);
  if (modelID) turn.model = providerID ? `${providerID}/${modelID}` : modelID;
  turn.agent ??= mode;
}

export function recordFailure(turn: OpenTurn, name: string | undefined): void {
  turn.failure = failureOf(name);
}

const failureOf = (name: string | undefined) => (name === 'MessageAbortedError' ? 'aborted' : 'error');

export function recordPart(turn: OpenTurn, part: MessagePart): void {
  if (part.type === 'text' && !part.synthetic && !part.ignored) keep(turn.texts, part.id, part.text ?? '');
  if (part.type === 'patch') for (const file of part.files ?? []) turn.files.add(file);
  if (part.type !== 'tool' || !part.tool || !part.state) return;
  const { status, title, input, output = '', error = '' } = part.state;
  if (status !== 'completed' && status !== 'error') return;
  const inputText = typeof input === 'string' ? input : (JSON.stringify(input) ?? '');
  if (isMemoryToolCall(part.tool, inputText, output)) {
    keep(turn.memoryAnswers, part.id, answerText(output));
    return;
  }
  keep(turn.tools, part.id, {
    tool: part.tool,
    ...(title && { title }),
    status,
    input: inputText,
    output: status === 'error' ? error : output,
  });
}

export function recordSummaryPart(
  texts: Map<string, string>,
  { id, type, text = '', synthetic, ignored }: MessagePart,
): void {
  if (type === 'text' && !synthetic && !ignored) keep(texts, id, text);
}

function keep<T>(parts: Map<string, T>, id: string, part: T): void {
  parts.set(id, part);
  if (parts.size <= MOST_PARTS) return;
  const [oldest] = [...parts.keys()].slice(FIRST_PARTS, FIRST_PARTS + 1);
  if (oldest !== undefined) parts.delete(oldest);
}

/** True if the turn is complete: every message is complete, or the turn failed without a message. */
export function isCompleteTurn({ answers, failure }: OpenTurn): boolean {
  if (answers.size === 0) return failure !== undefined;
  return [...answers.values()].every(({ isComplete }) => isComplete);
}

export function finishedTurn(turn: OpenTurn, session: string, worktree: string): Turn {
  const tokens = [...turn.answers.values()].map((answer) => answer.tokens);
  const sum = (kind: 'input' | 'output') => tokens.reduce((total, used) => total + (used?.[kind] ?? 0), 0);
  return {
    host: 'opencode',
    session,
    message: turn.message,
    user: turn.user,
    ...(turn.isTemplate && { isTemplate: true }),
    assistant: [...turn.texts.values()].filter((text) => text.trim() !== '').join('\n\n'),
    tools: [...turn.tools.values()],
    files: [...turn.files].map((file) => (isAbsolute(file) ? relative(worktree, file) : file)),
    model: turn.model,
    agent: turn.agent,
    // A turn that was cut off, for example because the host ended, has no end event.
    status: turn.failure ?? (isCompleteTurn(turn) ? 'completed' : 'aborted'),
    tokens: { input: sum('input'), output: sum('output') },
    referenceTime: new Date(turn.startedAt),
    ...(turn.endedAt && { endedAt: new Date(turn.endedAt) }),
  };
}
