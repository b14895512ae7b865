import { statSync } from 'node:fs';
import { ConfigError } from './errors.ts';

/**
 * Only this user may write to a home: it names the servers that receive all data and a configuration file that is executed, and it
 * contains turns that wait for these servers. Costs one stat.
 * @throws ConfigError
 */
export function assertPrivateHome(home: string): void {
  const found = statSync(home, { throwIfNoEntry: false });
  if (!found || !process.getuid) return;
  if (found.uid !== process.getuid())
    throw new ConfigError(`${home} belongs to another user of this machine; set MEMORY_HOME to a folder of your own.`);
  if ((found.mode & 0o022) !== 0)
    throw new ConfigError(
      `Other users of this machine can write into ${home}, where settings and data are kept; run chmod 700 on it, or set MEMORY_HOME to another folder.`,
    );
}
