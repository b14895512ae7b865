import { readFileSync } from 'node:fs';

/** The process of an agent. Only id and start time together identify a process, because ids are reused, also after a reboot. */
export interface AgentProcess {
  readonly pid: number;
  /** Undefined on systems without `/proc`. */
  readonly startedAt?: string | undefined;
}

/** Between a hook and its agent are a shell, and this program in an older Node. */
const MOST_ANCESTORS = 6;

/**
 * The agent that called this hook: the first process above it that does not carry the hook's own arguments, as a shell in between does.
 * Without `/proc`, the process directly above. Undefined if it has ended.
 * @param args the arguments of this program, such as `hook Stop --host codex`
 */
export function callingAgent(args: readonly string[], parent = process.ppid): AgentProcess | undefined {
  if (bootId() === undefined) return parent > 1 ? { pid: parent } : undefined;
  const own = withoutQuotes(args.join(' '));
  let pid = parent;
  for (let ancestors = 0; ancestors < MOST_ANCESTORS && pid > 1; ancestors += 1) {
    const command = readQuietly(`/proc/${pid}/cmdline`)?.split('\0').join(' ').trim();
    if (command === undefined) return undefined;
    if (own === '' || !withoutQuotes(command).endsWith(own)) {
      const startedAt = startTime(pid);
      return startedAt === undefined ? undefined : { pid, startedAt };
    }
    pid = Number(statFields(pid)?.[PARENT] ?? 0);
  }
  return undefined;
}

/** False if the process has ended, or if another one has its id by now. */
export function isRunning({ pid, startedAt }: AgentProcess): boolean {
  if (startedAt !== undefined) return startTime(pid) === startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const withoutQuotes = (command: string): string => command.replace(/["'\\]/g, '');

/** Positions among the fields of `/proc/<pid>/stat` after the name. */
const [STATE, PARENT, START] = [0, 1, 19];

function startTime(pid: number): string | undefined {
  const [boot, fields] = [bootId(), statFields(pid)];
  // A zombie has ended and only waits for its parent to notice.
  if (boot === undefined || !fields || 'ZX'.includes(fields[STATE] ?? 'X')) return undefined;
  return `${boot}:${fields[START]}`;
}

/** The name in parentheses may itself contain spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const bootId = (): string | undefined => readQuietly('/proc/sys/kernel/random/boot_id')?.trim();

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
