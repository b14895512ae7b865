import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, makeFolder } from '../../../src/embedded/cache-folder.ts';
import type { startFakeOpenAI } from '../fake-openai/index.ts';

/** The release whose stored data and workers this version must be compatible with. */
const COMMIT = '40525d124ff8a72a3221feea6eca9a1cd827ac33';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

/** False in a shallow clone or a copy without history; a note says so. */
export function isPreviousReleaseThere(): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write('skipped: the history that holds the previous release is not here (a shallow clone?)\n');
    return false;
  }
}

/** The folder of that release with its unchanged programs; created once in the project's cache. */
export async function previousRelease(): Promise<string> {
  // Each clone has its own folder, because the folder shares the clone's packages.
  const clone = createHash('sha256').update(ROOT).digest('hex').slice(0, 8);
  const folder = join(cacheFolder(process.env), 'releases', `${COMMIT}-${clone}`);
  if (!isComplete(folder)) await makeFolder(folder, unpack, async (made) => isComplete(made));
  await givePackages(folder);
  return folder;
}

/** The fake model of that release's tests, which understands that release's prompts. */
export async function previousModel(release: string): Promise<typeof startFakeOpenAI> {
  const file = pathToFileURL(join(release, 'test', 'support', 'fake-openai', 'index.ts')).href;
  return (await import(/* @vite-ignore */ file)).startFakeOpenAI;
}

/** The CLI of that release. */
export const previousMain = (release: string): string => join(release, 'src', 'cli', 'main.ts');

const COMPLETE = '.complete';
const isComplete = (folder: string): boolean => existsSync(join(folder, COMPLETE));

async function unpack(folder: string): Promise<void> {
  const archive = join(folder, 'release.tar');
  await run('git', ['archive', '--format=tar', '--output', archive, COMMIT], { cwd: ROOT });
  await run('tar', ['-xf', archive, '-C', folder]);
  await rm(archive);
  await writeFile(join(folder, COMPLETE), '');
}

/** Links our packages if their major versions fit, otherwise installs the release's own. */
async function givePackages(folder: string): Promise<void> {
  const packages = join(folder, 'node_modules');
  const there = lstatSync(packages, { throwIfNoEntry: false });
  if (there?.isDirectory()) return;
  if (ourPackagesFit(folder)) {
    // Another run may create the link first.
    if (!there) await symlink(join(ROOT, 'node_modules'), packages).catch(() => {});
    return;
  }
  await rm(packages, { force: true });
  await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
}

function ourPackagesFit(folder: string): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.entries(dependencies as Record<string, string>).every(([name, range]) => {
    const file = join(ROOT, 'node_modules', name, 'package.json');
    return existsSync(file) && major(JSON.parse(readFileSync(file, 'utf8')).version) === major(range);
  });
}

/** The part of a version that may break; before 1.0 the minor version. */
const major = (version: string): string => /(?:0\.)?\d+/.exec(version)?.[0] ?? version;
