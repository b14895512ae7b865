import { isForeseen } from '../errors.ts';
import { isTraced, startTracing } from '../telemetry/start.ts';
import { trace } from '../telemetry/tracing.ts';
import { printable } from '../text.ts';
import type { Command } from './command.ts';
import { parse } from './parse.ts';

const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  store: () => import('./store.ts'),
  'store-many': () => import('./store-many.ts'),
  fact: () => import('./fact.ts'),
  query: () => import('./query.ts'),
  entities: () => import('./entities.ts'),
  episode: () => import('./episode.ts'),
  history: () => import('./history.ts'),
  communities: () => import('./communities.ts'),
  saga: () => import('./saga.ts'),
  briefing: () => import('./briefing.ts'),
  confirm: () => import('./confirm.ts'),
  forget: () => import('./forget.ts'),
  import: () => import('./import.ts'),
  export: () => import('./export.ts'),
  reembed: () => import('./reembed.ts'),
  archive: () => import('./archive.ts'),
  'dead-letter': () => import('./dead-letter.ts'),
  worker: () => import('./worker.ts'),
  mcp: () => import('./mcp.ts'),
  hook: () => import('./hook.ts'),
  install: () => import('./install.ts'),
  up: () => import('./up.ts'),
  down: () => import('./down.ts'),
  status: () => import('./status.ts'),
  config: () => import('./config.ts'),
};

/** Commands that report every unknown setting, since they fix the settings for everything else. */
const TELL_ALL: readonly string[] = ['up', 'worker', 'config'];

/** Proxies are rare, and loading `http` takes time. */
const NAMES_PROXY = /^https?_proxy$/im;

/** Runs one command line and gives the exit status: 0 when all went well, 1 with a sentence on stderr otherwise. */
export async function run(args: readonly string[]): Promise<number> {
  printSafely();
  const [name = '--help', ...rest] = args;
  try {
    if (name === '--help' || name === '-h' || name === 'help') return await print(() => import('./help.ts'), rest[0]);
    if (name === '--version' || name === '-v') return await printVersion();
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!load) return fail(`There is no command "${name}"; see memory-manager --help.`);
    // Before the instrumented modules are loaded. Not for hooks: agents wait for them, and loading the tracer takes too long.
    if (name !== 'hook' && isTraced()) await startTracing();
    if (NAMES_PROXY.test(Object.keys(process.env).join('\n'))) (await import('./proxy.ts')).useProxy(process.env);
    const { command } = await load();
    const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
    if (options.includes('--help') || options.includes('-h')) {
      console.log(command.help);
      return 0;
    }
    const call = parse(name, command, rest);
    // Agents show the stderr of a hook to their user after each prompt.
    if (name !== 'hook') await warnOfUnknownSettings(name);
    // A server would be one endless span; its jobs and calls have traces of their own.
    if (name === 'worker' || name === 'mcp') return await command.run(call);
    return await trace('memory.command', { resource: name }, () => command.run(call));
  } catch (error) {
    return fail(sentence(error));
  }
}

async function warnOfUnknownSettings(name: string): Promise<void> {
  const { unknownSettings } = await import('./unknown-settings.ts');
  for (const warning of unknownSettings(process.env, { all: TELL_ALL.includes(name) })) console.error(warning);
}

/** Printed text, stored or from an error, must not move the cursor or rename the window. */
function printSafely(): void {
  for (const stream of ['log', 'error'] as const) {
    const write = console[stream].bind(console);
    console[stream] = (text: unknown) => write(printable(String(text)));
  }
}

async function print(load: () => Promise<typeof import('./help.ts')>, name: string | undefined): Promise<number> {
  const command = name && Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined;
  console.log(command ? command.command.help : (await load()).HELP);
  return 0;
}

async function printVersion(): Promise<number> {
  const { version } = await import('./version.ts');
  console.log(version());
  return 0;
}

/** Reasons by error code of the file system, for any operation. */
const OF_FILES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'this user may not change it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's disk quota is used up",
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it already exists',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  EIO: 'its disk has an I/O error',
};

/** A sentence for an error of the file system; undefined for any other failure. */
export function fileSystemSentence(error: unknown): string | undefined {
  const { code = '', path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = OF_FILES[code];
  if (reason === undefined || syscall === undefined) return undefined;
  const place = path === undefined ? 'A file cannot be written' : `${path} cannot be used`;
  return `${place}: ${reason} (${code}).`;
}

function fail(message: string): number {
  console.error(message);
  return 1;
}

function sentence(error: unknown): string {
  if (isForeseen(error)) return error.message;
  const ofFiles = fileSystemSentence(error);
  if (ofFiles !== undefined) return ofFiles;
  if (process.env.MEMORY_DEBUG && error instanceof Error) return error.stack ?? error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `Unexpected error: ${message.split('\n')[0]} (MEMORY_DEBUG=1 shows the stack).`;
}
