import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** MEMORY_HOME, also where another setting is wrong. */
export function homeFolder(environment: Environment): string {
  return resolve(environment.MEMORY_HOME || defaultHome(environment));
}

/** The file in which `up` stores the settings of the processes that it started. */
export const runningFile = (home: string): string => join(home, 'running.json');

/** Leads to the home whose `up` runs the server at this port, wherever that home is. */
export const serverLink = (environment: Environment, port: string): string =>
  join(defaultHome(environment), 'servers', port.replace(/\D/g, ''));

function defaultHome(environment: Environment): string {
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'memory-manager');
}
