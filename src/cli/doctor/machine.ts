import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { settingsFindings } from '../../../workers/startup-checks.ts';
import { sizeText } from '../../archive/export.ts';
import { programVersion } from '../../archive/manifest.ts';
import { type Config, modelChoiceReason, readSettings } from '../../config.ts';
import { homeFolder } from '../../home.ts';
import { assertPrivateHome } from '../../private-home.ts';
import { unknownSettings } from '../startup/unknown-settings.ts';
import { unusedServers } from '../startup/unused-servers.ts';
import { errorSentence, type Finding, ok, problem, warning } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A commit needs little space; an export, and the rewriting of a server's log, need as much space as the data. */
const [LEAST_BYTES, FEW_BYTES] = [100_000_000, 1_000_000_000];

export const checkVersions = (): Finding =>
  ok('versions', `memory-manager ${programVersion()}, Node ${process.versions.node}.`);

/** The home folder: of this user only, writable, with space. */
export function checkHomeFolder(environment: Environment): Finding[] {
  const home = homeFolder(environment);
  try {
    assertPrivateHome(home);
  } catch (error) {
    return [problem('home', errorSentence(error))];
  }
  const refusal = whyUnwritable(home);
  if (refusal !== undefined) return [problem('home', `${home} ${refusal}; check MEMORY_HOME.`)];
  return [
    ok('home', existsSync(home) ? `Only you can write to ${home}.` : `${home} is created when it is needed.`),
    checkFreeSpace('disk of home', home),
  ];
}

export function checkFreeSpace(about: string, path: string): Finding {
  try {
    const { bavail, bsize } = statfsSync(existingAncestor(path));
    return gradeFreeSpace(about, path, bavail * bsize);
  } catch (error) {
    return warning(about, `The free space of ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

export function gradeFreeSpace(about: string, path: string, free: number): Finding {
  const size = free < FEW_BYTES ? sizeText(free) : `${(free / 1e9).toFixed(1)} GB`;
  const text = `${size} free for ${path}`;
  if (free < LEAST_BYTES)
    return problem(about, `Only ${text}; free some space on that disk, or nothing more can be stored.`);
  return free < FEW_BYTES ? warning(about, `Only ${text}; free some space on that disk soon.`) : ok(about, `${text}.`);
}

/** Why a folder can be neither used nor created, as the end of a sentence; undefined if it can. */
export function whyUnwritable(folder: string): string | undefined {
  const existing = existingAncestor(folder);
  const place = existing === folder ? '' : `cannot be created: ${existing} `;
  try {
    if (!statSync(existing).isDirectory()) return `${place}is not a folder`;
    accessSync(existing, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${place}cannot be written to (${(error as NodeJS.ErrnoException).code})`;
  }
}

function existingAncestor(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

/** Variables that look like settings but are not, and settings that put acknowledged episodes at risk. */
export function checkSettings(config: Config, environment: Environment): Finding[] {
  const warnings = [
    ...unknownSettings(environment, { all: true }),
    ...unusedServers(environment, config),
    ...settingsFindings(config).warnings,
  ];
  if (warnings.length > 0) return warnings.map((text) => warning('settings', text.replace(/^Warning: /, '')));
  const isUp = Object.values(readSettings(environment).origins).includes('running');
  const from = isUp ? 'From the running `memory-manager up` and from the environment' : 'From the environment';
  return [
    ok(
      'settings',
      `${from}; \`memory-manager config\` shows all. Models: ${config.models}, because ${modelChoiceReason()}.`,
    ),
  ];
}
