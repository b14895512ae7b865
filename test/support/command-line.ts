import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isBuilt } from '../../scripts/is-built.mjs';
import type { Config } from '../../src/config.ts';
import { MINUTE } from '../../src/time.ts';

/** The command line from its sources. */
export const SOURCES = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The command line as users have it, which starts three times faster; from its sources while these were changed since the build. */
export const MAIN = isBuilt() ? fileURLToPath(new URL('../../dist/bin/main.cjs', import.meta.url)) : SOURCES;

/** How a command line ended. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment in which the command line uses the same servers, queue and folders as `config`. */
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
    // A test that runs at three at night must not differ from others.
    MEMORY_EXPORT_CRON: config.nightly?.cron ?? 'off',
  };
}

/** What --no-wait says: nothing, or that episodes wait on disk, since a busy Valkey may accept them later than it waits. */
export const NO_OUTPUT_OR_SPOOLED = /^$|^Valkey does not answer; .* kept in .*\n$/;

/** Starts the real program, or that of another release; of our own environment it sees only where programs are. */
export function startCommand(
  args: readonly string[],
  environment: Record<string, string>,
  folder?: string,
  main = MAIN,
): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  return spawn(process.execPath, [main, ...args], { cwd: folder, env: { PATH, HOME, ...environment }, stdio: 'pipe' });
}

/** Runs the real program to its end, with `input` as its standard input; kills what hangs after two minutes. */
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

/** What every failure looks like: one line on stderr, nothing on stdout, exit status 1. */
export function failedWith(sentence: RegExp) {
  return { status: 1, stdout: '', stderr: new OneLine(sentence) };
}

class OneLine {
  readonly sentence: RegExp;
  constructor(sentence: RegExp) {
    this.sentence = sentence;
  }
  /** Asked by vitest's `toMatchObject`. */
  asymmetricMatch(text: unknown): boolean {
    return typeof text === 'string' && /^[^\n]+[.)]\n$/.test(text) && this.sentence.test(text);
  }
  toString(): string {
    return `one line like ${this.sentence}`;
  }
}
