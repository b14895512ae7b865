import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MINUTE } from '../../src/time.ts';
import { MAIN } from './command-line.ts';

/** Whether util-linux's `script`, which opens a pseudo terminal, is installed. Other systems' `script` has other options. */
export const hasPseudoTerminal = (() => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes('util-linux');
  } catch {
    return false;
  }
})();

/**
 * Runs the CLI on a pseudo terminal and types the answer once a question appears.
 * @param answer undefined for the end of the input
 */
export async function answerQuestion(
  args: readonly string[],
  environment: Record<string, string>,
  folder: string,
  answer: string | undefined,
): Promise<{ readonly status: number | null; readonly screen: string }> {
  const line = [process.execPath, MAIN, ...args].map((part) => `'${part}'`).join(' ');
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env: { PATH, HOME, TERM: 'xterm', ...environment },
    stdio: 'pipe',
  });
  const killer = setTimeout(() => child.kill('SIGKILL'), 4 * MINUTE);
  let screen = '';
  let isAnswered = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    if (isAnswered || !screen.includes('[y/N]')) return;
    isAnswered = true;
    if (answer === undefined) child.stdin.end();
    else child.stdin.write(answer);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(killer);
  return { status, screen };
}
