import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** How agents start this program: the command and the arguments before ours. */
export type Program = readonly [command: string, ...args: string[]];

/** Folders that npm and npx put in front of PATH only while they run something. */
const PASSING = /[\\/]node_modules[\\/]\.bin[\\/]?$|[\\/]_npx[\\/]/;

/**
 * `memory-manager` when PATH has it, which also holds after an update; otherwise this very Node and the file that runs now.
 * @param script the file that runs, as `process.argv[1]` names it
 */
export function findProgram(script: string, environment: Readonly<Record<string, string | undefined>>): Program {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder && !PASSING.test(folder));
  if (folders.some((folder) => isRunnable(join(folder, 'memory-manager')))) return ['memory-manager'];
  return [process.execPath, realpathSync(script)];
}

/** True for a file in a cache that npm may clear. */
export const isPassing = (program: Program): boolean => program.some((part) => /[\\/]_npx[\\/]/.test(part));

/** A command line for a shell. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** The folder of the package of which `script` is a file. */
export function packageFolder(script: string): string | undefined {
  for (let folder = dirname(realpathSync(script)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
