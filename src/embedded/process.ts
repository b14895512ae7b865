import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';

/**
 * The server's files are readable by their owner only, also in a folder that others can enter. The process id is written before the server
 * runs, and the server keeps it. If we are killed now, the next start still finds that the folder is in use.
 */
const FREE = 'umask 077; echo $$ >"$1"; shift; exec "$@"';

/**
 * Becomes the server, and leaves a shell behind that reads from our pipe. The pipe closes when we end for any reason, including SIGKILL.
 * Then the shell kills the server and removes a temporary folder. One line in the pipe tells the shell that the server has ended, so that
 * its process id may be reused. A second line tells the shell to leave the folder alone.
 */
const TIED = `
(read -r _ <&3 || kill -9 $$; read -r _ <&3 || [ -z "$1" ] || PATH=/usr/bin:/bin rm -rf -- "$1") &
exec 3<&-
shift
umask 077
exec "$@"
`;

/** A server's process, from its start to its end. */
export interface ServerProcess {
  readonly pid: number;
  hasEnded(): boolean;
  /** Does nothing once the process has ended. */
  signal(signal: NodeJS.Signals): void;
  /** True once the process has ended, false if it still runs after `limit` milliseconds. */
  ended(limit: number): Promise<boolean>;
  /** Shuts the server down cleanly, or kills it after 10 s. A frozen server is resumed first. */
  end(): Promise<void>;
  /** Called when the process has ended and its folder no longer needs to be removed. */
  release(): void;
}

export interface LaunchOptions {
  server: string;
  configurationFile: string;
  logFile: string;
  /** The file with the server's process id; its folder is the server's working folder. */
  pidFile: string;
  env: NodeJS.ProcessEnv;
  /** The process outlives us; otherwise it ends with us. */
  detached: boolean;
  /** Removed if we end without having released the process. */
  temporaryFolder?: string;
}

/** Starts a server in a separate session, so that Ctrl-C reaches only us and we decide when the server stops. */
export async function launch(options: LaunchOptions): Promise<ServerProcess> {
  const log = await open(options.logFile, 'a', 0o600);
  const command = [options.server, options.configurationFile];
  const child = spawn(
    '/bin/sh',
    options.detached
      ? ['-c', FREE, 'memory-manager', options.pidFile, ...command]
      : ['-c', TIED, 'memory-manager', options.temporaryFolder ?? '', ...command],
    {
      cwd: dirname(options.pidFile),
      detached: true,
      env: options.env,
      stdio: ['ignore', log.fd, log.fd, options.detached ? 'ignore' : 'pipe'],
    },
  );
  await log.close();
  if (child.pid === undefined) throw new Error('/bin/sh could not be started');
  child.unref();
  const leash = child.stdio[3] as Socket | null;
  leash?.unref();
  leash?.on('error', () => {});

  const exit = new Promise<true>((resolve) => child.once('exit', () => resolve(true)));
  exit.then(() => leash?.write('\n'));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const ended = (limit: number) => withTimeout(limit, exit, () => false);
  return {
    pid: child.pid,
    hasEnded,
    ended,
    signal: (signal) => void child.kill(signal),
    async end() {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      if (await ended(10 * SECOND)) return;
      child.kill('SIGKILL');
      await ended(5 * SECOND);
    },
    release: () => leash?.end('\n'),
  };
}
