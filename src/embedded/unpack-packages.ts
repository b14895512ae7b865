import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Apt, findMirror, openApt, PackagesUnavailableError, type Release, readRelease } from './apt.ts';
import { cacheFolder, makeFolder } from './cache-folder.ts';
import { findLoaderProblems, type LoaderProblems, libraryPathOf, packagesOf } from './libraries.ts';

/** Libraries depend on other libraries, so the loader is asked up to this many times what is still missing. */
const ROUNDS = 4;

/** Debian packages to unpack into the cache folder. */
export interface UnpackTarget {
  /** The name of its folder in the cache. */
  name: string;
  /** Packages that are always unpacked; those of missing libraries are added. */
  packages: string[];
  /** The programs and modules that the loader must be able to load, given the unpacked folder. */
  programs: (folder: string) => string[];
  /** Subfolders of the library folders, such as `pulseaudio`, with private libraries of a package. */
  librarySubfolders?: readonly string[];
}

export interface UnpackContext {
  env: NodeJS.ProcessEnv;
  /** Called with a phrase before each slow step. */
  announce: (work: string) => void;
}

/**
 * The folder in the cache with the packages, unpacked by an earlier call or now (about 4 s).
 * @throws PackagesUnavailableError
 */
export async function unpackedFolder(wanted: UnpackTarget, { env, announce }: UnpackContext): Promise<string> {
  const release = await readRelease();
  const platform = `${release.id}-${release.codename ?? 'unknown'}-${process.arch}`;
  const target = join(cacheFolder(env), platform, wanted.name);
  const isUsable = async (folder: string) => {
    const needs = await remainingNeeds(wanted, folder, env);
    return needs.missing.length === 0 && needs.newer === undefined;
  };
  if (await isUsable(target)) return target;
  const mirror = await findMirror(release, env);
  announce(
    `unpacking ${wanted.packages.join(' and ') || 'missing libraries'} from the packages of ${release.codename}`,
  );
  try {
    await makeFolder(target, (folder) => fill(folder, wanted, { release, mirror, env }), isUsable);
  } catch (error) {
    if (error instanceof PackagesUnavailableError || !isOfFileSystem(error)) throw error;
    throw new PackagesUnavailableError(`${target} cannot be written`, { cause: error });
  }
  return target;
}

function isOfFileSystem(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

async function fill(
  folder: string,
  wanted: UnpackTarget,
  { release, mirror, env }: { release: Release; mirror: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const work = join(folder, '.work');
  const apt = await openApt(work, mirror, release, env);
  if (wanted.packages.length > 0) await apt.unpack(wanted.packages, folder);
  for (let round = 0; round < ROUNDS; round++) {
    const { missing } = await remainingNeeds(wanted, folder, env);
    if (missing.length === 0) break;
    for (const library of missing) await unpackLibrary(apt, library, folder);
  }
  const { missing, newer } = await remainingNeeds(wanted, folder, env);
  if (missing.length > 0)
    throw new PackagesUnavailableError(`${missing.join(', ')} is in no package of ${release.codename}`);
  if (newer !== undefined) throw new PackagesUnavailableError(`what ${release.codename} has needs ${newer}`);
  await rm(work, { recursive: true });
}

async function remainingNeeds(wanted: UnpackTarget, folder: string, env: NodeJS.ProcessEnv): Promise<LoaderProblems> {
  const programs = wanted.programs(folder);
  for (const program of programs) {
    const isThere = await access(program).then(
      () => true,
      () => false,
    );
    if (!isThere) return { missing: [program] };
  }
  return findLoaderProblems(programs, await libraryPathOf(folder, wanted.librarySubfolders), env);
}

async function unpackLibrary(apt: Apt, library: string, folder: string): Promise<void> {
  let failure: unknown = new PackagesUnavailableError(`no package is known for ${library}`);
  for (const name of packagesOf(library)) {
    try {
      return await apt.unpack([name], folder);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
