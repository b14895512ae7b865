import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { ConfigError } from '../../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How agents start this program: the command and the arguments before ours. */
export type ProgramCommand = readonly [command: string, ...args: string[]];

/** Folders that npm and npx add to PATH only while they run a program. */
const PASSING = /[\\/]node_modules[\\/]\.bin[\\/]?$|[\\/]_npx[\\/]/;

export const isTransientPathFolder = (folder: string): boolean => PASSING.test(folder);

/**
 * `memory-manager` if it is on the PATH, which stays valid after an update; otherwise the current Node and script as absolute paths.
 * @param script the file that runs, as `process.argv[1]` names it
 */
export function findProgram(script: string, environment: Environment): ProgramCommand {
  return isOnPath('memory-manager', environment) ? ['memory-manager'] : [process.execPath, realpathSync(script)];
}

/**
 * The program for a file that a team shares, which must not contain paths of this machine.
 * @param undo true to remove the entries, for which PATH does not matter
 * @throws ConfigError when PATH has no `memory-manager`
 */
export function sharedProgram(environment: Environment, undo: boolean): ProgramCommand {
  if (undo || isOnPath('memory-manager', environment)) return ['memory-manager'];
  throw new ConfigError(
    "A project's configuration is shared and cannot name a place on this machine, and memory-manager is not on the PATH. Run `npm install -g .` in a clone, or leave out --project.",
  );
}

/** Whether a shell finds a program outside of the folders of npm and npx. */
export function isOnPath(name: string, environment: Environment): boolean {
  const folders = (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder && !isTransientPathFolder(folder));
  return folders.some((folder) => isRunnable(join(folder, name)));
}

/** The missing part of a program: its command, or a file among its arguments. Undefined if the program can be started. */
export function missingProgramPart(
  [command = '', ...args]: readonly string[],
  environment: Environment,
): string | undefined {
  const isThere = isAbsolute(command) ? isRunnable(command) : isOnPath(command, environment);
  return isThere ? args.find((arg) => isAbsolute(arg) && !existsSync(arg)) : command;
}

/** True for a file in a cache that npm may clear. */
export const isInNpxCache = (program: ProgramCommand): boolean => program.some((part) => /[\\/]_npx[\\/]/.test(part));

/** A command line for a shell. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** The words of a line that `shellLine` wrote. */
export function shellWords(line: string): string[] {
  const words = line.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|\\(.)/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ''),
  );
}

/** The folder of the package of which `script` is a file. */
export function packageFolder(script: string): string | undefined {
  for (let folder = dirname(realpathSync(script)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

export function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
