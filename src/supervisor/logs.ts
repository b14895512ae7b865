import { copyFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { lastUsefulLine } from '../embedded/run-program.ts';
import { parseJson } from '../json.ts';

/** The processes with a log, by their names on the command line. */
export const LOGS = ['worker', 'valkey', 'falkordb', 'supervisor'] as const;
export type LogName = (typeof LOGS)[number];

/** A log that has grown beyond this many bytes becomes the older log, and a new one begins. */
export const MAX_LOG_BYTES = 5_000_000;

export const logFile = (home: string, name: LogName): string =>
  name === 'worker' || name === 'supervisor' ? join(home, `${name}.log`) : join(home, name, 'server.log');

/** The log's content before the latest change. */
export const olderLogFile = (home: string, name: LogName): string => `${logFile(home, name)}.1`;

/**
 * Keeps a log at its limit: its content moves to the older log. The file itself stays, since a process writes to the end of it; a line
 * that is written between copying and emptying is lost.
 */
export function limitLog(home: string, name: LogName, maxBytes = MAX_LOG_BYTES): void {
  const file = logFile(home, name);
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return;
  copyFileSync(file, olderLogFile(home, name));
  truncateSync(file);
}

/** The text of a log; empty if it does not exist. */
export function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** One line of a log. */
export interface LogLine {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly log: LogName;
  readonly level: 'info' | 'warning';
  readonly text: string;
}

/**
 * Reads the lines of one log, in pieces of whole lines. A line without a time, such as that of a stack, has the time of the line before. What a
 * crashed server writes about its memory is left out, since it may quote stored text.
 */
export function logReader(log: LogName): (text: string) => readonly LogLine[] {
  const parse = log === 'worker' || log === 'supervisor' ? parseJsonLine : parseServerLine;
  let at = 0;
  let isInReport = false;
  return (text) =>
    text.split('\n').flatMap((line) => {
      if (REPORT_START.test(line)) isInReport = true;
      if (REPORT_END.test(line)) isInReport = false;
      if (line.trim() === '' || (isInReport && !CRASH.test(line))) return [];
      const parsed = parse(line);
      at = parsed?.at ?? at;
      return [{ at, log, level: parsed?.level ?? 'info', text: parsed?.text ?? line }];
    });
}

const REPORT_START = /BUG REPORT START/;
const REPORT_END = /BUG REPORT END/;
const CRASH = /crashed by signal/i;

type Parsed = Omit<LogLine, 'log'>;

/** `{"level": "warn", "time": "2026-11-30T10:27:30.123Z", "msg": …}` */
function parseJsonLine(line: string): Parsed | undefined {
  const { level, time, msg } = (parseJson(line) ?? {}) as Record<string, unknown>;
  const at = Date.parse(String(time));
  if (typeof msg !== 'string' || Number.isNaN(at)) return undefined;
  return { at, level: level === 'info' || level === 'debug' ? 'info' : 'warning', text: msg };
}

/** `123:M 30 Nov 2026 10:27:30.123 * Ready to accept connections`, by the clock of this machine; `#` marks a warning. */
const SERVER_LINE = /^\d+:[A-Z] (\d+ \w{3} \d{4} \d\d:\d\d:\d\d)\.(\d{3}) ([.\-*#]) (.*)$/;

function parseServerLine(line: string): Parsed | undefined {
  const [, seconds = '', milliseconds = '', sign, text = ''] = SERVER_LINE.exec(line) ?? [];
  const at = Date.parse(seconds) + Number(milliseconds);
  return Number.isNaN(at) ? undefined : { at, level: sign === '#' ? 'warning' : 'info', text };
}

/** The reason of an end stands in the last lines. */
const TAIL_BYTES = 20_000;

/** The line of a log that best explains why its process ended; empty if none does. */
export async function exitReasonFromLog(home: string, name: LogName): Promise<string> {
  const text = await tailOf(logFile(home, name));
  return name === 'worker' || name === 'supervisor' ? exitReasonOfNode(text) : exitReasonOfServer(text);
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - start), position: start });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The last line of a healthy server. */
const READY = /Ready to accept connections.*$/gm;

function exitReasonOfServer(text: string): string {
  const sinceReady = text.split(READY).at(-1) ?? '';
  return lastUsefulLine(sinceReady);
}

/** Lines of a stack, and of the code that Node prints with it. */
const BESIDE_THE_ERROR = /^(?:\s|[{}^]|Node\.js v|-{3,}|\d+: 0x)/;

/** Log lines are JSON; a refused start and a crash print plain text. */
function exitReasonOfNode(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const afterLog = lines.slice(lines.findLastIndex((line) => line.startsWith('{"')) + 1);
  const plain = afterLog.filter((line) => !BESIDE_THE_ERROR.test(line));
  const error = plain.findLast((line) => /\b\w*Error\b|FATAL ERROR/.test(line)) ?? plain.at(-1);
  return error ?? warningOf(lines.at(-1) ?? '');
}

function warningOf(line: string): string {
  return /"level":"(?:warn|error|fatal)"/.test(line)
    ? String((parseJson(line) as { msg?: unknown } | undefined)?.msg ?? '')
    : '';
}
