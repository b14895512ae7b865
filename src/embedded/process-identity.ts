import { readFile, readlink } from 'node:fs/promises';
import { SECOND } from '../time.ts';
import { runProgram } from './run-program.ts';

/**
 * The start time of the process with this id, as reported by the system; undefined if no such process runs. Only id and start time
 * together identify a process, because ids are reused, also after a reboot.
 */
export async function processStartTime(pid: number): Promise<string | undefined> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
  if (boot === undefined) return startByPs(pid);
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may itself contain spaces and parentheses. After it, the state is the first field and the start time the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  // A zombie has ended and only waits for its parent to notice.
  if (state === '' || 'ZX'.includes(state)) return undefined;
  return `${boot.trim()}:${fields[19]}`;
}

/** For macOS and other systems without `/proc`. The time zone is fixed, because `down` may run in another zone than `up`. */
async function startByPs(pid: number): Promise<string | undefined> {
  const { status, output } = await runProgram('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    limit: 5 * SECOND,
    env: { ...process.env, TZ: 'UTC' },
  });
  const [, state = '', start = ''] = /^\s*(\S+)\s+(.*\S)/.exec(output) ?? [];
  return status === 'done' && !state.startsWith('Z') ? start : undefined;
}

/** The working folder of a process, with links resolved; undefined if the system does not report it. */
export function workingFolderOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}

/** The command line and the environment with which a process was started; undefined if the system does not report them. */
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
