import { type DestinationStream, pino } from 'pino';
import { tracer } from './tracer.ts';

/** A worker's log: sentences without content of episodes. */
export interface Log {
  info(sentence: string): void;
  warn(sentence: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines on stderr, `{"level", "time", "pid", "msg", "dd": {"trace_id", "span_id"}}`, of which `dd` is there where a tracer runs;
 * pretty lines where stderr is a terminal.
 */
export async function openLog(level: LogLevel, isTerminal = process.stderr.isTTY): Promise<Log> {
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: ids,
    },
    isTerminal ? await prettyLines() : pino.destination({ dest: 2, sync: true }),
  );
  return { info: (sentence) => log.info(sentence), warn: (sentence) => log.warn(sentence) };
}

async function prettyLines(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ colorize: true, translateTime: 'HH:MM:ss', ignore: 'pid,dd', destination: 2, sync: true });
}

/** As Datadog joins a line with its trace. */
function ids(): { dd?: object } {
  const datadog = tracer();
  const active = datadog?.scope().active();
  const fields: { dd?: object } = {};
  if (datadog && active) datadog.inject(active, 'log', fields);
  return fields;
}

/** The message of a log line; a line in another format is returned as it is. */
export function sentenceOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : line;
  } catch {
    return line;
  }
}
