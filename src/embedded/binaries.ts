import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServersMissingError } from '../errors.ts';
import { SECOND } from '../time.ts';
import { PackagesUnavailableError } from './apt.ts';
import { findLoaderProblems, libraryPathOf, withLibraries } from './libraries.ts';
import { runProgram } from './run-program.ts';
import { type UnpackContext, unpackedFolder } from './unpack-packages.ts';

/** The version that a server program prints. */
export interface Version {
  product: 'Valkey' | 'Redis';
  number: string;
}

/** FalkorDB refuses to load into anything older. */
const OLDEST = [7, 2];

/** Parses the output of `valkey-server --version`; undefined for any other text. */
export function parseVersion(line: string): Version | undefined {
  const number = /\bv=(\d+\.\d+\.\d+)/.exec(line)?.[1];
  if (number === undefined) return undefined;
  return { product: /valkey/i.test(line) ? 'Valkey' : 'Redis', number };
}

/** True from version 7.2.0 on, for both Valkey and Redis. */
export function isNewEnough(version: Version): boolean {
  const [major = 0, minor = 0] = version.number.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Asks the program for its version; undefined when it does not run here. */
export async function versionOf(
  server: string,
  libraryPath: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Version | undefined> {
  const { status, output } = await runProgram(server, ['--version'], {
    limit: 10 * SECOND,
    env: withLibraries(env, libraryPath),
  });
  return status === 'done' ? parseVersion(output) : undefined;
}

/** The npm package with FalkorDB's module and a server. */
export const FALKORDB_PACKAGE = '@falkordblite/linux-x64';
/** The Debian packages with Valkey's server. */
export const VALKEY_PACKAGES = ['valkey-server', 'valkey-tools'];

/** Programs that run Valkey and FalkorDB on this machine. */
export interface Binaries {
  /** Path of `valkey-server` or `redis-server`, 7.2 or newer. */
  server: string;
  /** Path of `falkordb.so`. */
  module: string;
  /** Folders of libraries that this machine lacks, for the server's LD_LIBRARY_PATH. */
  libraryPath?: string;
  /** Where the server comes from, in one phrase: `Valkey 8.0.1, valkey-server on the PATH`. */
  origin: string;
}

/** The result for one place: working binaries, or the problem. */
type Verdict = { binaries: Binaries } | { why: string };

/**
 * Finds a server program and the FalkorDB module that it can load: on the PATH, in the npm package, unpacked from
 * Debian's packages earlier, or unpacked from them now. Takes about 0.1 s, or 4 s when it has to unpack.
 * @param options.env in place of the process's own environment (PATH, XDG_CACHE_HOME, HOME)
 * @param options.announce receives a phrase before a slow step
 * @throws ServersMissingError when nothing works
 */
export async function findBinaries(options: Partial<UnpackContext> = {}): Promise<Binaries> {
  const surroundings = { env: process.env, announce: () => {}, ...options };
  const folder = packageFolder();
  if (folder === undefined) {
    throw serversMissing([
      `FalkorDB's npm package ${FALKORDB_PACKAGE} is not installed; it exists for Linux on x86-64 only`,
    ]);
  }
  const module = join(folder, 'bin', 'falkordb.so');
  const places: (() => Promise<Verdict>)[] = [
    () => onPath('valkey-server', module, surroundings),
    () => onPath('redis-server', module, surroundings),
    () => examine(join(folder, 'bin', 'redis-server'), module, `redis-server of ${FALKORDB_PACKAGE}`, surroundings),
    () => fromDebian(module, surroundings),
  ];
  const tried: string[] = [];
  for (const findIn of places) {
    const verdict = await findIn();
    if ('binaries' in verdict) return verdict.binaries;
    tried.push(verdict.why);
  }
  throw serversMissing(tried);
}

/** The error for a user without these programs, with the commands that help. */
export function serversMissing(tried: string[], compose = composeFile()): ServersMissingError {
  const file = compose === undefined ? '' : ` -f ${/\s/.test(compose) ? `'${compose}'` : compose}`;
  return new ServersMissingError(
    `No Valkey or Redis from 7.2 on that can load FalkorDB was found (${tried.join('; ')}). With Docker, run ` +
      `\`docker compose${file} up -d --wait valkey falkordb\`, then \`FALKORDB_PORT=6379 VALKEY_PORT=6380 memory-manager up\`; ` +
      'with servers of your own, set FALKORDB_HOST, FALKORDB_PORT, VALKEY_HOST and VALKEY_PORT.',
  );
}

/** The file in the package; undefined for a bundle that was copied out of the package. */
function composeFile(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'docker-compose.yml');
    if (existsSync(file)) return existsSync(join(folder, 'package.json')) ? file : undefined;
    if (folder === dirname(folder)) return undefined;
  }
}

function packageFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${FALKORDB_PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}

async function onPath(program: string, module: string, surroundings: UnpackContext): Promise<Verdict> {
  for (const folder of (surroundings.env.PATH ?? '').split(delimiter).filter(isAbsolute)) {
    const server = join(folder, program);
    if (await isExecutable(server)) return examine(server, module, `${program} on the PATH`, surroundings);
  }
  return { why: `${program} is not on the PATH` };
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Checks that a program runs, is new enough and can load the module, and gets missing libraries. */
async function examine(server: string, module: string, name: string, surroundings: UnpackContext): Promise<Verdict> {
  const { env } = surroundings;
  if (!(await isExecutable(server))) return { why: `${name} is not there` };
  const bare = await versionOf(server, undefined, env);
  if (bare !== undefined && !isNewEnough(bare)) return { why: `${name} is ${bare.number}` };
  const needs = await findLoaderProblems([server, module], undefined, env);
  if (needs.newer !== undefined) return { why: `${name} needs ${needs.newer}, which this system lacks` };

  let libraryPath: string | undefined;
  if (needs.missing.length > 0) {
    try {
      const target = { name: 'libraries', packages: [], programs: () => [server, module] };
      libraryPath = await libraryPathOf(await unpackedFolder(target, surroundings));
    } catch (error) {
      if (!(error instanceof PackagesUnavailableError)) throw error;
      return { why: `${name} lacks ${needs.missing.join(', ')}: ${error.message}` };
    }
  }
  const version = await versionOf(server, libraryPath, env);
  if (version === undefined) return { why: `${name} does not run` };
  if (!isNewEnough(version)) return { why: `${name} is ${version.number}` };
  const origin = `${version.product} ${version.number}, ${name}`;
  return { binaries: { server, module, origin, ...(libraryPath && { libraryPath }) } };
}

async function fromDebian(module: string, surroundings: UnpackContext): Promise<Verdict> {
  const serverIn = (folder: string) => join(folder, 'usr', 'bin', 'valkey-server');
  try {
    const target = {
      name: 'valkey',
      packages: VALKEY_PACKAGES,
      programs: (folder: string) => [serverIn(folder), module],
    };
    const folder = await unpackedFolder(target, surroundings);
    const libraryPath = await libraryPathOf(folder);
    const version = await versionOf(serverIn(folder), libraryPath, surroundings.env);
    if (version === undefined) return { why: "Debian's valkey-server does not run" };
    const origin = `Valkey ${version.number}, unpacked from Debian's packages`;
    return { binaries: { server: serverIn(folder), module, origin, ...(libraryPath && { libraryPath }) } };
  } catch (error) {
    if (!(error instanceof PackagesUnavailableError)) throw error;
    return { why: `Debian's valkey-server could not be unpacked, because ${error.message}` };
  }
}
