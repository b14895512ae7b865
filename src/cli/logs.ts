import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidInputError } from '../errors.ts';
import { homeFolder } from '../home.ts';
import { LOGS, type LogLine, type LogName, logFile, logReader, olderLogFile, readLog } from '../supervisor/logs.ts';
import { readRunningFile } from '../supervisor/processes.ts';
import { printable } from '../text.ts';
import { SECOND } from '../time.ts';
import type { Command } from './command.ts';
import { coloured } from './terminal/output.ts';

const DEFAULT_LINES = 50;
const FOLLOWS_EVERY = SECOND / 2;

export const command: Command = {
  help: `memory-manager logs [worker | valkey | falkordb | supervisor …]

Prints the last lines of the logs of the processes that \`memory-manager up\` started, sorted by
time; without a name, of all four. The logs are in MEMORY_HOME, each at most 5 MB with one older
file of 5 MB. They contain no stored text. A worker that you started yourself logs to its own
standard error.

  -n, --lines <n>  how many lines (default: 50, or all with --since)
  --since <date>   only later lines; ISO 8601, yesterday, "2 hours ago", …
  -f, --follow     continue with new lines until Ctrl-C
  --json           one line each: {"time", "log", "level": "info" | "warning", "text"}

Example: memory-manager logs worker --since "10 minutes ago" --follow`,
  options: {
    lines: { type: 'string', short: 'n' },
    since: { type: 'string' },
    follow: { type: 'boolean', short: 'f' },
  },
  arguments: [0, LOGS.length],
  run: async (call) => {
    const home = homeFolder(process.env);
    const names = checkNames(call.args);
    const since = call.time('since')?.getTime();
    const limit = call.number('lines', 0, 1_000_000) ?? (since === undefined ? DEFAULT_LINES : undefined);
    const print = printer(secretsOf(home), call.json);
    const logs = names.map((name) => openTail(home, name));
    const lines = inOrder(logs.flatMap(({ read }) => read())).filter(({ at }) => since === undefined || at >= since);
    for (const line of limit === undefined ? lines : lines.slice(Math.max(0, lines.length - limit))) print(line);
    if (call.flag('follow')) {
      let isRead = true;
      process.stdout.on('error', () => {
        isRead = false;
      });
      for (; isRead; await sleep(FOLLOWS_EVERY))
        for (const line of inOrder(logs.flatMap(({ read }) => read()))) print(line);
    } else if (lines.length === 0) console.error(nothing(home, since !== undefined));
    return 0;
  },
};

function checkNames(names: readonly string[]): readonly LogName[] {
  if (names.length === 0) return LOGS;
  return names.map((name) => {
    const known = LOGS.find((log) => log === name);
    if (!known) throw new InvalidInputError(`There is no log "${name}"; the logs are ${LOGS.join(', ')}.`);
    return known;
  });
}

function nothing(home: string, isLimited: boolean): string {
  if (isLimited) return 'There are no lines since then.';
  return `There are no logs in ${home}; \`memory-manager up\` writes them.`;
}

const inOrder = (lines: readonly LogLine[]): readonly LogLine[] => lines.toSorted((one, other) => one.at - other.at);

/** The lines of a log that were not read yet; at first also those of the older log. */
function openTail(home: string, name: LogName): { read(): readonly LogLine[] } {
  const parse = logReader(name);
  let offset: number | undefined;
  return {
    read() {
      const older = offset === undefined ? readLog(olderLogFile(home, name)) : '';
      const { text, size } = readFrom(logFile(home, name), offset ?? 0);
      offset = size;
      return parse(older + text);
    },
  };
}

/** The whole lines from an offset on; from the beginning if the file was emptied since. */
function readFrom(file: string, offset: number): { text: string; size: number } {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return { text: '', size: 0 };
  }
  try {
    const { size } = fstatSync(handle);
    const start = size < offset ? 0 : offset;
    const buffer = Buffer.alloc(size - start);
    const length = readSync(handle, buffer, 0, buffer.length, start);
    const end = buffer.subarray(0, length).lastIndexOf('\n') + 1;
    return { text: buffer.toString('utf8', 0, end), size: start + end };
  } finally {
    closeSync(handle);
  }
}

/** A server that refuses its configuration quotes the line, which may hold its password. */
function secretsOf(home: string): readonly string[] {
  const settings = { ...process.env, ...readRunningFile(home)?.settings };
  return Object.entries(settings).flatMap(([name, value]) => (/_(?:PASSWORD|KEY)$/.test(name) && value ? [value] : []));
}

function printer(secrets: readonly string[], json: boolean): (line: LogLine) => void {
  return ({ at, log, level, text }) => {
    const safe = secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
    const time = new Date(at).toISOString();
    if (json) console.log(JSON.stringify({ time, log, level, text: safe }));
    // Not `console.log`, which makes colours visible as the characters that they consist of.
    else {
      const mark = level === 'warning' ? `${coloured('yellow', 'warning')} ` : '';
      process.stdout.write(`${time.slice(0, 19)}Z ${log.padEnd(10)} ${mark}${printable(safe)}\n`);
    }
  };
}
