import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MINUTE, SECOND } from '../time.ts';
import { type ProgramResult, runProgram } from './run-program.ts';

/** The distribution that this machine runs. */
export interface Release {
  /** `debian`, `ubuntu`, … or `linux` if the file does not say. */
  id: string;
  /** The name that apt sources use, such as `bookworm`; undefined if there is none. */
  codename?: string;
}

/** Reads /etc/os-release. A derivative counts as the Debian or Ubuntu that it is based on. */
export function parseRelease(text: string): Release {
  const values = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm))
    values.set(key as string, value as string);
  const id = values.get('ID') ?? 'linux';
  const ubuntu = values.get('UBUNTU_CODENAME');
  if (ubuntu) return { id: 'ubuntu', codename: ubuntu };
  const debian = values.get('DEBIAN_CODENAME');
  if (debian) return { id: 'debian', codename: debian };
  const codename = values.get('VERSION_CODENAME');
  return codename ? { id, codename } : { id };
}

export async function readRelease(): Promise<Release> {
  return parseRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}

const ALIASES = new Set(['stable', 'oldstable', 'oldoldstable', 'testing', 'unstable']);

/** Debian 12 has Valkey in its backports only; from Debian 13 on it is in main. */
const BACKPORTED = new Set(['bookworm']);

/**
 * The mirror for the release in this machine's apt configuration.
 * @param targets lines of `<address> <release>`, as `apt-get indextargets` prints them
 */
export function chooseMirror(targets: string, codename: string): string | undefined {
  const lines = targets.split('\n').map((line) => line.trim().split(/\s+/));
  const exact = lines.find(([, release]) => release === codename);
  return (exact ?? lines.find(([, release = '']) => ALIASES.has(release)))?.[0];
}

/** The text of a sources.list with the Valkey server and the libraries that it needs. */
export function sourcesList(mirror: string, { id, codename = 'stable' }: Release, keyring?: string): string {
  const suites = [codename];
  if (BACKPORTED.has(codename)) suites.push(`${codename}-backports`);
  const parts = id === 'ubuntu' ? 'main universe' : 'main';
  const signedBy = keyring ? `[signed-by=${keyring}] ` : '';
  return suites.map((suite) => `deb ${signedBy}${mirror} ${suite} ${parts}\n`).join('');
}

/** The file with the distribution's keys; undefined if apt should use its own trusted keys. */
export async function keyringOf(release: Release): Promise<string | undefined> {
  const file = `/usr/share/keyrings/${release.id}-archive-keyring.gpg`;
  return access(file).then(
    () => file,
    () => undefined,
  );
}

/** Packages could not be downloaded. The message is a short clause without addresses, which becomes part of a `ServersMissingError`. */
export class PackagesUnavailableError extends Error {
  override name = 'PackagesUnavailableError';
}

/** Unpacks Debian packages into a folder, without root and without changing the system's apt. */
export interface Apt {
  /** Downloads and unpacks the packages. @throws PackagesUnavailableError */
  unpack(packages: string[], into: string): Promise<void>;
}

/**
 * The address of the mirror that this machine's own apt uses for the release.
 * @throws PackagesUnavailableError if there is no apt, or apt has no mirror
 */
export async function findMirror({ codename }: Release, env: NodeJS.ProcessEnv): Promise<string> {
  const listing = await runProgram(
    'apt-get',
    ['indextargets', '--no-release-info', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'],
    { limit: 20 * SECOND, env },
  );
  if (listing.status === 'absent') throw new PackagesUnavailableError('apt-get is not on this machine');
  const mirror = codename && chooseMirror(listing.output, codename);
  if (mirror) return mirror;
  throw new PackagesUnavailableError(`apt has no mirror for ${codename ?? 'this system'}`, { cause: causeOf(listing) });
}

/**
 * Prepares an apt of our own in an empty folder, with fresh lists of the release's packages (about 10 MB, 2 s).
 * @throws PackagesUnavailableError when the mirror does not answer
 */
export async function openApt(work: string, mirror: string, release: Release, env: NodeJS.ProcessEnv): Promise<Apt> {
  const sources = join(work, 'sources.list');
  const status = join(work, 'status');
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(sources, sourcesList(mirror, release, await keyringOf(release)));
  // With the real status file apt asks for the version that is installed, which may come from a source not listed here.
  await writeFile(status, '');
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
    'Acquire::Retries=2',
  ].flatMap((option) => ['-o', option]);

  const update = await runProgram('apt-get', [...options, 'update'], { limit: 2 * MINUTE, env });
  if (update.status !== 'done') {
    throw new PackagesUnavailableError(`the package lists of ${release.codename} could not be fetched`, {
      cause: causeOf(update),
    });
  }

  return {
    async unpack(packages, into) {
      const folder = join(work, 'packages', packages.join('+'));
      await mkdir(folder, { recursive: true });
      const download = await runProgram('apt-get', [...options, 'download', ...packages], {
        limit: 5 * MINUTE,
        env,
        folder,
      });
      if (download.status !== 'done') {
        throw new PackagesUnavailableError(`${release.codename} gave no package ${packages.join(', ')}`, {
          cause: causeOf(download),
        });
      }
      for (const file of await readdir(folder)) {
        const unpacking = await runProgram('dpkg', ['-x', join(folder, file), into], { limit: 5 * MINUTE, env });
        if (unpacking.status !== 'done') {
          throw new PackagesUnavailableError(`${file} could not be unpacked`, { cause: causeOf(unpacking) });
        }
      }
    },
  };
}

/** The last line of the program's output, without the addresses of mirrors. */
function causeOf(outcome: ProgramResult): Error {
  const words = outcome.output.trim().split('\n').slice(-3).join(' ');
  return new Error(`${outcome.status}: ${words.replace(/\S+:\/\/\S+/g, '<mirror>').replace(/\[IP: .*?\]/g, '')}`);
}
