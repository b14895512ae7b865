import { join } from 'node:path';
import { SETTING_FAMILIES } from './setting-families.ts';

/*
 * A worker answers the commands of its own machine and home on a Unix socket, so that a process for which somebody waits needs neither the
 * clients of the servers nor the search. One connection is one question, in lines of JSON:
 *
 * 1. the command asks: `WorkerRequest`
 * 2. the worker takes the question at once: `{"accepted":true}`, or closes the connection
 * 3. the worker answers: `{"answer":…}`, or closes the connection
 * 4. the command may report that its user got the answer: `{"delivered":true}`
 *
 * The worker answers only if it does exactly what the command would do itself. If the connection closes early, the command does its work
 * itself. The socket only saves time, so no failure of it is ever an error.
 */

/** Raise it with every change of a question's or an answer's shape: after an upgrade, a worker of the earlier release may still run. */
export const PROTOCOL = 1;

/** Below a folder of its own, which only this user can enter. */
export const socketFolder = (home: string): string => join(home, 'run');
export const socketPath = (home: string): string => join(socketFolder(home), 'worker.sock');

export interface WorkerRequest {
  readonly protocol: number;
  /** The kind of question, such as `recall`. */
  readonly ask: string;
  /** The settings of the command, with which the worker compares its own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** All settings, and what leads to the home. */
const OF_SETTINGS = new RegExp(`^(?:${SETTING_FAMILIES.join('|')})_|^(?:HOME|XDG_DATA_HOME)$`);

/** The part of an environment that can be settings. */
export function settingsIn(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value && OF_SETTINGS.test(name)) settings[name] = value;
  return settings;
}
