import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { parseJson } from '../../json.ts';
import type { Turn } from '../capture/turn.ts';
import type { TurnContext } from '../claude-code/turns.ts';

/** How an agent's transcripts are read: JSON lines in a file that only grows. */
export interface TranscriptFormat {
  /**
   * Reads from a position, in bytes.
   * @param continued the name of what an agent did after its turn was stored
   * @throws the errors of `fs`
   */
  read(path: string, from: number, continued: string): TranscriptContent;
  /** The position in bytes at which a session that starts now begins; the transcript may contain older lines. */
  start(path: string): number;
}

export interface TranscriptContent {
  readonly turns: readonly TranscriptTurn[];
  readonly summaries: readonly TranscriptSummary[];
  readonly prompts: readonly TranscriptPrompt[];
  /** The position for the next read: after the last complete line. */
  readonly end: number;
  /** The number of lines that are not JSON. */
  readonly unreadable: number;
}

/** A turn, or what followed a turn that was stored. */
export interface TranscriptTurn {
  readonly at: number;
  readonly message: string;
  /** False for entries that follow a stored turn. */
  readonly isNew: boolean;
  /** True for entries before the user's first message. */
  readonly isBeginning: boolean;
  /**
   * `written`: the agent has written that nothing more comes. `likely`: the last that it wrote are words to the user. `open`: a tool or the
   * model has still to answer.
   */
  readonly end: 'written' | 'likely' | 'open';
  /** Undefined if the entries contain nothing to store. */
  turn(context: TurnContext): Turn | undefined;
}

export interface TranscriptSummary {
  readonly message: string;
  readonly text: string;
  readonly time: Date;
}

/** The user's text. */
export interface TranscriptPrompt {
  readonly text: string;
  /** True for a command of the host, such as `/clear`. */
  readonly isCommand: boolean;
}

/** A line and where it begins, in bytes. */
export interface TranscriptLine {
  readonly at: number;
  readonly value: unknown;
}

export interface TranscriptPart {
  readonly lines: readonly TranscriptLine[];
  /** The position for the next read: after the last complete line. */
  readonly end: number;
  /** The number of lines that are not JSON. */
  readonly unreadable: number;
}

/** Bytes per read; the rest is read next time. */
const MOST_BYTES = 32 * 1024 * 1024;
const LINE_BREAK = 0x0a;

/**
 * Reads a transcript (JSON lines) from a position. An incomplete last line is left for the next read. A file that became shorter was
 * rewritten and is read from the start.
 * @throws the errors of `fs`
 */
export function readTranscript(path: string, from: number): TranscriptPart {
  const { start, bytes } = readBytes(path, from);
  const lines: TranscriptLine[] = [];
  let unreadable = 0;
  let at = 0;
  for (let end = bytes.indexOf(LINE_BREAK, at); end >= 0; end = bytes.indexOf(LINE_BREAK, at)) {
    const line = bytes.toString('utf8', at, end);
    const value = parseJson(line);
    if (value !== undefined) lines.push({ at: start + at, value });
    else if (line.trim() !== '') unreadable += 1;
    at = end + 1;
  }
  // A line longer than one read contains no message.
  const isStuck = at === 0 && bytes.length === MOST_BYTES;
  return { lines, end: start + (isStuck ? bytes.length : at), unreadable };
}

/** The size in bytes; 0 if the file does not exist. */
export const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function readBytes(path: string, from: number): { start: number; bytes: Buffer } {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = from > size ? 0 : from;
    const bytes = Buffer.allocUnsafe(Math.min(size - start, MOST_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, start);
    return { start, bytes: bytes.subarray(0, read) };
  } finally {
    closeSync(file);
  }
}
