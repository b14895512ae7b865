import { execFile } from 'node:child_process';

/** How a program ended. `absent`: it could not be started. `late`: it was killed at its time limit. */
export interface ProgramResult {
  status: 'done' | 'failed' | 'absent' | 'late';
  /** The program's output on both streams, with messages in English. */
  output: string;
}

/**
 * Runs a program to its end. Never throws: all failures are in the result.
 * @param limit milliseconds after which it is killed
 */
export function runProgram(
  program: string,
  parameters: string[],
  { limit, env = process.env, folder }: { limit: number; env?: NodeJS.ProcessEnv; folder?: string },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(
      program,
      parameters,
      { timeout: limit, killSignal: 'SIGKILL', cwd: folder, env: { ...env, LC_ALL: 'C' }, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ status: statusOf(error), output: `${stdout}${stderr}` }),
    );
  });
}

function statusOf(error: (Error & { code?: unknown; killed?: boolean }) | null): ProgramResult['status'] {
  if (error === null) return 'done';
  if (error.killed) return 'late';
  return typeof error.code === 'string' ? 'absent' : 'failed';
}

/** The beginning of each log line of Valkey and Redis: process, time and level. */
const PREFIX = /^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ ([.\-*#]) /;

/** Lines that follow the reason of a failed start, or warn of something else. */
const BESIDE_THE_POINT = /aborting\.?$|exiting|bye bye|overcommit|transparent huge pages|TCP backlog/i;

/** The line of a server's output that best explains why the server ended; empty if there was no output. */
export function lastUsefulLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const useful = lines.filter((line) => line !== '' && !BESIDE_THE_POINT.test(line));
  const warnings = useful.filter((line) => !PREFIX.test(line) || PREFIX.exec(line)?.[1] === '#');
  return (warnings.at(-1) ?? useful.at(-1) ?? '').replace(PREFIX, '');
}

/** True when the server ended because another process listens on its port. */
export function isPortTaken(output: string): boolean {
  return /address already in use/i.test(output);
}
