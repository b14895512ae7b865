import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MINUTE, SECOND } from '../time.ts';
import { chooseMirror, keyringOf, sourcesList } from './mirror.ts';
import type { Release } from './release.ts';
import { type Outcome, run } from './run.ts';

/** Packages could not be fetched; the message is a short clause, free of addresses. Folded into `ServersMissing`. */
export class NotUnpacked extends Error {
  override name = 'NotUnpacked';
}

/** Debian packages, unpacked into a folder without root and without a trace in the system's own apt. */
export interface Apt {
  /** Fetches the packages and unpacks them. @throws NotUnpacked */
  unpack(packages: string[], into: string): Promise<void>;
}

/**
 * The address of the mirror that this machine's own apt uses for the release.
 * @throws NotUnpacked when there is no apt, or it has none
 */
export async function findMirror({ codename }: Release, env: NodeJS.ProcessEnv): Promise<string> {
  const listing = await run(
    'apt-get',
    ['indextargets', '--no-release-info', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'],
    { limit: 20 * SECOND, env },
  );
  if (listing.status === 'absent') throw new NotUnpacked('apt-get is not on this machine');
  const mirror = codename && chooseMirror(listing.output, codename);
  if (mirror) return mirror;
  throw new NotUnpacked(`apt has no mirror for ${codename ?? 'this system'}`, { cause: causeOf(listing) });
}

/**
 * Prepares an apt of our own in an empty folder, with fresh lists of the release's packages (about 10 MB, 2 s).
 * @throws NotUnpacked when the mirror does not answer
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

  const update = await run('apt-get', [...options, 'update'], { limit: 2 * MINUTE, env });
  if (update.status !== 'done') {
    throw new NotUnpacked(`the package lists of ${release.codename} could not be fetched`, { cause: causeOf(update) });
  }

  return {
    async unpack(packages, into) {
      const folder = join(work, 'packages', packages.join('+'));
      await mkdir(folder, { recursive: true });
      const download = await run('apt-get', [...options, 'download', ...packages], { limit: 2 * MINUTE, env, folder });
      if (download.status !== 'done') {
        throw new NotUnpacked(`${release.codename} gave no package ${packages.join(', ')}`, {
          cause: causeOf(download),
        });
      }
      for (const file of await readdir(folder)) {
        const unpacking = await run('dpkg', ['-x', join(folder, file), into], { limit: MINUTE, env });
        if (unpacking.status !== 'done') {
          throw new NotUnpacked(`${file} could not be unpacked`, { cause: causeOf(unpacking) });
        }
      }
    },
  };
}

/** The program's last words, without the addresses of mirrors. */
function causeOf(outcome: Outcome): Error {
  const words = outcome.output.trim().split('\n').slice(-3).join(' ');
  return new Error(`${outcome.status}: ${words.replace(/\S+:\/\/\S+/g, '<mirror>').replace(/\[IP: .*?\]/g, '')}`);
}
