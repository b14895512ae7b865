import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { appendItem, removeEntries, valueAt } from './json-edit.ts';
import { opencodeServer, opencodeServer2 } from './mcp.ts';
import type { OpencodeMajor } from './opencode-version.ts';
import type { ConfigTarget } from './plan.ts';
import type { ProgramCommand } from './program.ts';
import { readText } from './text-file.ts';

const FRESH = '{\n  "$schema": "https://opencode.ai/config.json"\n}';
const NAMES = ['opencode.jsonc', 'opencode.json'];
/** Where each major version lists its plugins. OpenCode 2 reads both lists; opencode 1 refuses a file with the second. */
const LISTS = { 1: 'plugin', 2: 'plugins' } as const;

/** The configuration file of a project or a user. opencode reads all of them; we change one that exists. */
export function configFile(folder: string): string {
  const existing = NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
  return existing ?? join(folder, 'opencode.json');
}

/**
 * The plugin's entry, and with `server` also the MCP server's, in one file.
 * @param plugin its address; undefined only to remove the plugin
 * @param found the major version of the host on this machine, which decides if the file's form does not
 */
export function opencodePlugin(
  path: string,
  plugin: string | undefined,
  server: { program: ProgramCommand; group: string | undefined } | undefined,
  found: () => OpencodeMajor,
): ConfigTarget {
  const tools = { 1: serverOf(opencodeServer), 2: serverOf(opencodeServer2) };
  let foundMajor: OpencodeMajor | undefined;

  function serverOf(entry: typeof opencodeServer): ConfigTarget {
    return entry(path, server?.program ?? [''], server?.group, FRESH);
  }
  function withoutOurs(text: string): string {
    return Object.values(LISTS).reduce((left, list) => removeEntries(left, [list], isOurs), text);
  }
  /** Which form the file has, apart from our own entries. */
  function majorOf(text: string): OpencodeMajor {
    const others = withoutOurs(text);
    for (const major of [2, 1] as const) if (entries(others, LISTS[major]).length > 0) return major;
    foundMajor ??= found();
    return foundMajor;
  }

  return {
    path,
    format: 'jsonc',
    fresh: FRESH,
    has: (text) => {
      const major = majorOf(text);
      const ours = Object.values(LISTS).flatMap((list) => entries(text, list).filter(isOurs));
      // opencode 1 also takes the file that an earlier release wrote, perhaps with options of the user's.
      const addresses = major === 1 ? [plugin, `${plugin}.js`] : [plugin];
      const isThere =
        ours.length === 1 && entries(text, LISTS[major]).some((entry) => addresses.includes(String(specOf(entry))));
      return isThere && (!server || tools[major].has(text));
    },
    add: (text) => {
      const major = majorOf(text);
      const added = plugin === undefined ? text : appendItem(text, [LISTS[major]], plugin);
      return server ? tools[major].add(added) : added;
    },
    remove: (text) => {
      const left = withoutOurs(text);
      return server ? tools[2].remove(tools[1].remove(left)) : left;
    },
  };
}

/** True if the file also contains our MCP server. */
export function hasServer(path: string): boolean {
  try {
    const text = readText(path) ?? '';
    return [opencodeServer, opencodeServer2].some((of) => of(path, [''], undefined, FRESH).remove(text) !== text);
  } catch {
    // Faults of the file are reported when it is changed.
    return false;
  }
}

/** Our plugin in a configuration: the address it is loaded from, and the memory that its options name. */
export interface InstalledPlugin {
  readonly address: string;
  readonly group: string | undefined;
}

/** Of opencode 1 (`plugin`) and 2 (`plugins`). @throws InvalidInputError when the text cannot be read as JSON */
export function installedPlugins(text: string): InstalledPlugin[] {
  const ours = ['plugin', 'plugins'].flatMap((list) => entries(text, list)).filter(isOurs);
  return ours.map((entry) => ({ address: String(specOf(entry)), group: groupOf(entry) }));
}

function groupOf(entry: unknown): string | undefined {
  const options = Array.isArray(entry) ? entry[1] : (entry as { options?: unknown }).options;
  const { group } = (options ?? {}) as { group?: unknown };
  return typeof group === 'string' ? group : undefined;
}

const entries = (text: string, list: string): readonly unknown[] => [valueAt(text, [list]) ?? []].flat(1);

/** An entry is a name or a path; with options it is a list in opencode 1 and an object in OpenCode 2. */
function specOf(entry: unknown): unknown {
  if (Array.isArray(entry)) return entry[0];
  return typeof entry === 'object' && entry !== null && 'package' in entry ? entry.package : entry;
}

/** By name, or as the file or folder of any copy of this package. */
const isOurs = (entry: unknown): boolean =>
  /^memory-manager(?:@|\/|$)|^(?:file:|\.\/).*\/dist\/.*opencode[^/]*$/.test(String(specOf(entry)));
