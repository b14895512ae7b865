import { SECOND } from '../time.ts';
import { withLibraries } from './libraries.ts';
import { run } from './run.ts';

/** What a server program says of itself. */
export interface Version {
  product: 'Valkey' | 'Redis';
  number: string;
}

/** FalkorDB refuses to load into anything older. */
const OLDEST = [7, 2];

/** Reads the line of `valkey-server --version`; undefined when it is something else. */
export function parseVersion(line: string): Version | undefined {
  const number = /\bv=(\d+\.\d+\.\d+)/.exec(line)?.[1];
  if (number === undefined) return undefined;
  return { product: /valkey/i.test(line) ? 'Valkey' : 'Redis', number };
}

/** True from 7.2.0 on, for Valkey and Redis alike. */
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
  const { status, output } = await run(server, ['--version'], {
    limit: 10 * SECOND,
    env: withLibraries(env, libraryPath),
  });
  return status === 'done' ? parseVersion(output) : undefined;
}
