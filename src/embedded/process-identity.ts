import { readFile, readlink } from 'node:fs/promises';
import { SECOND } from '../time.ts';
import { runProgram } from './run-program.ts';

/**
 * When the process with this id was started, as the system tells it; undefined when no such process runs. Id and start
 * together belong to one process only: ids are used again, after a reboot too.
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  if (boot === undefined) return startByPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything, spaces and parentheses too. Of what follows, the state is the first field and the start the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  // A zombie has ended and only waits for its parent to notice.
  if (state === '' || 'ZX'.includes(state)) return undefined;
  return `${boot.trim()}:${fields[19]}`;
}

/** macOS and others without `/proc`. In one time zone, since `down` may run in another than `up` did. */
async function startByPs(pid: number): Promise<string | undefined> {
  const { status, output } = await runProgram('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    limit: 5 * SECOND,
    env: { ...process.env, TZ: 'UTC' },
  });
  const [, state = '', start = ''] = /^\s*(\S+)\s+(.*\S)/.exec(output) ?? [];
  return status === 'done' && !state.startsWith('Z') ? start : undefined;
}

/** The folder that a process works in, with its links resolved; undefined where the system does not tell. */
export function workingFolderOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}

/** The command line with which a process was started, and its environment; undefined where the system does not tell. */
export async function commandOf(
  pid: number,
): Promise<{ command: readonly string[]; environment: Readonly<Record<string, string>> } | undefined> {
  try {
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map(async (name) => (await readFile(`/proc/${pid}/${name}`, 'utf8')).split('\0')),
    );
    const pairs = (environment ?? []).map((line) => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1),
    ]);
    return { command: command ?? [], environment: Object.fromEntries(pairs) };
  } catch {
    return undefined;
  }
}
