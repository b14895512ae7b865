import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import { drop, push, valueAt } from './edit.ts';
import { readText } from './file.ts';
import { opencodeServer } from './mcp.ts';
import type { Target } from './plan.ts';
import type { Program } from './program.ts';

const FRESH = '{\n  "$schema": "https://opencode.ai/config.json"\n}';
const NAMES = ['opencode.jsonc', 'opencode.json'];

/** Of a project or a user; opencode reads them all, we change one that is there. */
export function configFile(folder: string): string {
  const found = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
  return found ?? join(folder, 'opencode.json');
}

/**
 * The plugin's entry, and with `server` also the MCP server's, in one file.
 * @param plugin its address; undefined only to take it out
 */
export function opencodePlugin(
  path: string,
  plugin: string | undefined,
  server: { program: Program; group: string | undefined } | undefined,
): Target {
  const tools = opencodeServer(path, server?.program ?? [''], server?.group, FRESH);
  return {
    path,
    strict: false,
    fresh: FRESH,
    has: (text) => {
      const ours = entries(text).filter(isOurs);
      const isThere = ours.length === 1 && specOf(ours[0]) === plugin;
      return isThere && (!server || tools.has(text));
    },
    add: (text) => {
      if (valueAt(text, ['plugins']) !== undefined)
        throw new InvalidInputError(
          'it has "plugins" and so belongs to OpenCode 2, in which this plugin does not run; memory-manager install mcp prints what works there',
        );
      const added = plugin === undefined ? text : push(text, ['plugin'], plugin);
      return server ? tools.add(added) : added;
    },
    remove: (text) => {
      const left = drop(text, ['plugin'], isOurs);
      return server ? tools.remove(left) : left;
    },
  };
}

/** True when the server was put in as well. */
export function hasServer(path: string): boolean {
  try {
    const text = readText(path) ?? '';
    return opencodeServer(path, [''], undefined, FRESH).remove(text) !== text;
  } catch {
    // What is the matter with the file is told when it is to be changed.
    return false;
  }
}

const entries = (text: string): readonly unknown[] => [valueAt(text, ['plugin']) ?? []].flat(1);

/** An entry is a name or a path, or a list of that and its options. */
const specOf = (entry: unknown): unknown => (Array.isArray(entry) ? entry[0] : entry);

/** By name, or the file of some copy of this package. */
const isOurs = (entry: unknown): boolean =>
  /^memory-manager(?:@|\/|$)|^file:.*\/dist\/.*opencode[^/]*$/.test(String(specOf(entry)));
