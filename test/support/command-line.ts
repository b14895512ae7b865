import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isBuilt } from '../../scripts/is-built.mjs';
import type { Config } from '../../src/config.ts';
import { MINUTE } from '../../src/time.ts';

/** The CLI from its sources. */
export const SOURCES = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The built CLI, which starts three times faster; the sources if they have changed since the build. */
export const MAIN = isBuilt() ? fileURLToPath(new URL('../../dist/bin/main.cjs', import.meta.url)) : SOURCES;

/** How a command line ended. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environment variables that make the CLI use the servers, queue and folders of `config`. */
export function environmentOf(config: Config): Record<string, string> {
  return {
    FALKORDB_HOST: config.falkordb.host,
    FALKORDB_PORT: String(config.falkordb.port),
    VALKEY_HOST: config.valkey.host,
    VALKEY_PORT: String(config.valkey.port),
    MEMORY_QUEUE_PREFIX: config.queuePrefix,
    MEMORY_HOME: config.home,
    MEMORY_EXPORT_DIR: config.exportDir,
    MEMORY_GROUP: config.group,
    MEMORY_MODELS: 'local',
    MEMORY_HEALTH_PORT: String(config.health.port),
    // The nightly export must not start during a test that runs at three in the morning.
    MEMORY_EXPORT_CRON: config.nightly?.cron ?? 'off',
  };
}

/** Output of --no-wait: empty, or a note that episodes are spooled, because a busy Valkey may answer too late. */
export const NO_OUTPUT_OR_SPOOLED = /^$|^Valkey does not answer; .* kept in .*\n$/;

/** Starts the real CLI or that of another release. It inherits only PATH and HOME from this process. */
export function startCommand(
  args: readonly string[],
  environment: Record<string, string>,
  folder?: string,
  main = MAIN,
): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, [main, ...args], { cwd: folder, env: { PATH, HOME, ...environment }, stdio: 'pipe' });
}

/** Runs the real CLI with `input` on stdin until it ends. A run that hangs is killed after two minutes. */
export async function runCommand(
  args: readonly string[],
  environment: Record<string, string>,
  input: string | Uint8Array = '',
  folder?: string,
  main = MAIN,
): Promise<CommandResult> {
  const child = startCommand(args, environment, folder, main);
  const killer = setTimeout(() => child.kill('SIGKILL'), 4 * MINUTE);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(killer);
  return { status, ...output };
}

/** Matches a failed command: one line on stderr, nothing on stdout, exit status 1. */
export function failedWith(sentence: RegExp) {
  return { status: 1, stdout: '', stderr: new OneLine(sentence) };
}

class OneLine {
  readonly sentence: RegExp;
  constructor(sentence: RegExp) {
    this.sentence = sentence;
  }
  /** `toMatchObject` of Vitest calls this method. */
  asymmetricMatch(text: unknown): boolean {
    return typeof text === 'string' && /^[^\n]+[.)]\n$/.test(text) && this.sentence.test(text);
  }
  toString(): string {
    return `one line like ${this.sentence}`;
  }
}
