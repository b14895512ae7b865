import { type DestinationStream, pino } from 'pino';
import { parseJson } from '../json.ts';
import { tracer } from './tracing.ts';

/** A worker's log: sentences without content of episodes. */
export interface Log {
  info(sentence: string): void;
  warn(sentence: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines on stderr, `{"level", "time", "pid", "msg", "dd": {"trace_id", "span_id"}}`, with `dd` only if a tracer is running;
 * pretty lines if stderr is a terminal.
 */
export async function openLog(level: LogLevel, isTerminal = process.stderr.isTTY): Promise<Log> {
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceIds,
    },
    isTerminal ? await prettyLines() : pino.destination({ dest: 2, sync: true }),
  );
  return { info: (sentence) => log.info(sentence), warn: (sentence) => log.warn(sentence) };
}

async function prettyLines(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ colorize: true, translateTime: 'HH:MM:ss', ignore: 'pid,dd', destination: 2, sync: true });
}

/** The fields by which Datadog finds a line's trace. */
function traceIds(): { dd?: object } {
  const datadog = tracer();
  const active = datadog?.scope().active();
  const fields: { dd?: object } = {};
  if (datadog && active) datadog.inject(active, 'log', fields);
  return fields;
}

/** The message of a log line; a line in another format is returned as it is. */
export function logLineSentence(line: string): string {
  const { msg } = (parseJson(line) ?? {}) as { msg?: unknown };
  return typeof msg === 'string' ? msg : line;
}
