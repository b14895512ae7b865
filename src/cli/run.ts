import { closestName } from '../closest-name.ts';
import { isOperationalError } from '../errors.ts';
import { isTraced, startTracing } from '../telemetry/start-tracing.ts';
import { trace } from '../telemetry/tracing.ts';
import { printable } from '../text.ts';
import { AUTO_GROUP } from './auto-group.ts';
import { type Command, optionsOf, parseCall } from './command.ts';
import { COMMANDS, help } from './commands.ts';

/** Proxies are rare, and loading `http` takes time. */
const NAMES_PROXY = /^https?_proxy$/im;

/** Runs one command line and gives the exit status: 0 when all went well, 1 with a sentence on stderr otherwise. */
export async function run(args: readonly string[]): Promise<number> {
  printSafely();
  const [name = '--help', ...rest] = args;
  try {
    if (name === '--help' || name === '-h' || name === 'help') return await printHelp(rest[0]);
    if (name === '--version' || name === '-v') return await printVersion();
    if (name === 'completion') return await printCompletion(rest[0]);
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!load) return fail(noSuchCommand(name));
    // Before the instrumented modules are loaded.
    if (load.isTraced !== false && isTraced()) await startTracing();
    if (NAMES_PROXY.test(Object.keys(process.env).join('\n')))
      (await import('./startup/proxy.ts')).useProxy(process.env);
    const { command } = await load();
    const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
    if (options.includes('--help') || options.includes('-h')) {
      console.log(command.help);
      return 0;
    }
    const call = parseCall(name, command, rest, namesAuto(options) ? await groupOfFolder() : undefined);
    if (command.unknownSettings !== 'none') await warnOfUnknownSettings(command);
    if (command.isServer) return await command.run(call);
    return await trace('memory.command', { resource: name }, () => command.run(call));
  } catch (error) {
    return fail(sentence(error));
  }
}

function noSuchCommand(name: string): string {
  const meant = closestName(name, [...Object.keys(COMMANDS), 'completion']);
  return meant === undefined
    ? `There is no command "${name}"; see memory-manager --help.`
    : `There is no command "${name}"; did you mean ${meant}? (memory-manager --help shows all).`;
}

/** True if `parseCall` may need the memory of the folder, which is found by reading a few files. */
const namesAuto = (options: readonly string[]): boolean =>
  options.some(
    (option, index) =>
      option === `--group=${AUTO_GROUP}` || (option === AUTO_GROUP && options[index - 1] === '--group'),
  );

async function groupOfFolder(): Promise<string> {
  return (await import('./join.ts')).joinedGroup();
}

async function warnOfUnknownSettings(command: Command): Promise<void> {
  const { unknownSettings } = await import('./startup/unknown-settings.ts');
  for (const warning of unknownSettings(process.env, { all: command.unknownSettings === 'all' }))
    console.error(warning);
}

/** Printed text, stored or from an error, must not move the cursor or rename the window. */
function printSafely(): void {
  for (const stream of ['log', 'error'] as const) {
    const write = console[stream].bind(console);
    console[stream] = (text: unknown) => write(printable(String(text)));
  }
}

async function printHelp(name = ''): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined;
  console.log(command ? command.command.help : help());
  return 0;
}

/** Not in the table of commands, because the script is made from all of them. */
async function printCompletion(shell = '--help'): Promise<number> {
  const { completionScript, HELP } = await import('./completion.ts');
  if (shell === '--help' || shell === '-h') console.log(HELP);
  else {
    const loaded = Object.entries(COMMANDS).map(async ([name, load]) => ({
      name,
      options: optionsOf((await load()).command),
    }));
    console.log(completionScript(shell, await Promise.all(loaded)));
  }
  return 0;
}

async function printVersion(): Promise<number> {
  const { programVersion } = await import('../archive/manifest.ts');
  console.log(programVersion());
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
export function fileSystemSentence(error: unknown, unnamed = 'A file'): string | undefined {
  const { code = '', path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = OF_FILES[code];
  if (reason === undefined || syscall === undefined) return undefined;
  const place = path === undefined ? `${unnamed} cannot be written` : `${path} cannot be used`;
  return `${place}: ${reason} (${code}).`;
}

/** A sentence for an error of standard output. */
export const outputSentence = (error: unknown): string => fileSystemSentence(error, 'The output') ?? sentence(error);

function fail(message: string): number {
  console.error(message);
  return 1;
}

function sentence(error: unknown): string {
  if (isOperationalError(error)) return error.message;
  const ofFiles = fileSystemSentence(error);
  if (ofFiles !== undefined) return ofFiles;
  if (process.env.MEMORY_DEBUG && error instanceof Error) return error.stack ?? error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `Unexpected error: ${message.split('\n')[0]} (MEMORY_DEBUG=1 shows the stack).`;
}
