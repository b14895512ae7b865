import { execFile } from 'node:child_process';

/** How a program ended. `absent`: it could not be started; `late`: it was killed at its time limit. */
export interface Outcome {
  status: 'done' | 'failed' | 'absent' | 'late';
  /** What it printed on both streams; messages are in English. */
  output: string;
}

/**
 * Runs a program to its end and never throws: the outcome tells everything.
 * @param limit milliseconds after which it is killed
 */
export function run(
  program: string,
  parameters: string[],
  { limit, env = process.env, folder }: { limit: number; env?: NodeJS.ProcessEnv; folder?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      program,
      parameters,
      { timeout: limit, killSignal: 'SIGKILL', cwd: folder, env: { ...env, LC_ALL: 'C' }, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ status: statusOf(error), output: `${stdout}${stderr}` }),
    );
  });
}

function statusOf(error: (Error & { code?: unknown; killed?: boolean }) | null): Outcome['status'] {
  if (error === null) return 'done';
  if (error.killed) return 'late';
  return typeof error.code === 'string' ? 'absent' : 'failed';
}
