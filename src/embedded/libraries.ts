import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SECOND } from '../time.ts';
import { runProgram } from './run-program.ts';

/** The problems that keep a program from being loaded on this machine. Both lists are empty if there are none. */
export interface LoaderProblems {
  /** Missing libraries, by the name that the loader asks for, such as `libgomp.so.1`. */
  missing: string[];
  /** A version that a library here does not have, such as `GLIBC_2.38`. Adding another library cannot solve this. */
  newer?: string;
}

/** Asks the loader (`ldd`) about programs and modules. Without `ldd`, problems appear when the server starts. */
export async function findLoaderProblems(
  programs: string[],
  libraryPath: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<LoaderProblems> {
  const { output } = await runProgram('ldd', programs, { limit: 10 * SECOND, env: withLibraries(env, libraryPath) });
  return parseLoaderOutput(output);
}

/** Parses the output of `ldd`. */
export function parseLoaderOutput(output: string): LoaderProblems {
  const missing = [...output.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] as string);
  const newer = /version [`']([^`']+)' not found/.exec(output)?.[1];
  return { missing: [...new Set(missing)], ...(newer && { newer }) };
}

/**
 * The Debian packages that may contain a library, the most likely first. Debian names a package after its library (policy,
 * section 8.1); the names that end in `t64` came with the 64-bit time of Debian 13 and Ubuntu 24.04.
 */
export function packagesOf(library: string): string[] {
  const parts = /^(lib[^/]+?)\.so\.(\d+)/.exec(library);
  if (parts === null) return [];
  const base = (parts[1] as string).replace('libcrypto', 'libssl').replaceAll('_', '-').toLowerCase();
  const name = /\d$/.test(base) ? `${base}-${parts[2]}` : `${base}${parts[2]}`;
  return [name, `${name}t64`];
}

/**
 * The folders with libraries inside an unpacked package, as a value for LD_LIBRARY_PATH; undefined when it has none.
 * @param subfolders of these folders that also hold libraries
 */
export async function libraryPathOf(folder: string, subfolders: readonly string[] = []): Promise<string | undefined> {
  const found: string[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    const names = await readdir(join(folder, parent)).catch(() => []);
    const folders = names.filter((name) => name.includes('-linux-')).map((name) => join(folder, parent, name));
    found.push(...folders, ...folders.flatMap((one) => subfolders.map((name) => join(one, name))));
  }
  return found.length > 0 ? found.join(':') : undefined;
}

/** The environment for a program that needs the libraries of these folders. */
export function withLibraries(env: NodeJS.ProcessEnv, libraryPath: string | undefined): NodeJS.ProcessEnv {
  if (libraryPath === undefined) return env;
  return { ...env, LD_LIBRARY_PATH: [libraryPath, env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
}
