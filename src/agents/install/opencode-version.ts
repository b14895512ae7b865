import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import { SECOND } from '../../time.ts';
import { isRunnable, isTransientPathFolder, packageFolder } from './program.ts';

export type OpencodeMajor = 1 | 2;

/** A binary of a hundred megabytes may start slowly. */
const VERSION_TIMEOUT = 20 * SECOND;
/** The packages that bring the program. */
const PACKAGES = /^(?:opencode-ai|opencode-.+|@opencode(?:-ai)?\/cli.*)$/;
const manifest = z.object({ name: z.string(), version: z.string() });

/**
 * The major version of the opencode that a user of this machine starts: by its package, else by what `--version` prints. 1 where
 * none is found, since OpenCode 2 reads that configuration too.
 */
export function opencodeMajor(environment: Readonly<Record<string, string | undefined>>): OpencodeMajor {
  const folders = (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder && !isTransientPathFolder(folder));
  // The installer's folder, which is missing from the PATH of a shell that was started before the installation.
  folders.push(join(environment.HOME || homedir(), '.opencode', 'bin'));
  const found = (name: string) => folders.map((folder) => join(folder, name)).find(isRunnable);
  const program = found('opencode');
  // The name of OpenCode 2 before its release.
  if (!program) return found('opencode2') ? 2 : 1;
  const version = packageVersion(program) ?? printedVersion(program, environment);
  return Number(/\d+/.exec(version)?.[0] ?? 1) >= 2 ? 2 : 1;
}

function packageVersion(program: string): string | undefined {
  const folder = packageFolder(program);
  const path = folder && join(folder, 'package.json');
  const known = path ? manifest.safeParse(parseJson(readFileSync(path, 'utf8'))) : undefined;
  return known?.success && PACKAGES.test(known.data.name) ? known.data.version : undefined;
}

function printedVersion(program: string, environment: Readonly<Record<string, string | undefined>>): string {
  try {
    return execFileSync(program, ['--version'], {
      ...{ encoding: 'utf8', timeout: VERSION_TIMEOUT, env: { ...environment }, stdio: ['ignore', 'pipe', 'ignore'] },
    });
  } catch {
    return '';
  }
}
