import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import { readOptionalFile } from '../../git.ts';
import type { HostConfig } from '../host.ts';
import { filledMemoryCommand, MEMORY_COMMAND } from '../memory-command.ts';
import type { Command, PluginContext } from './host.ts';

const NAMES = ['command', 'commands'] as const;
const FILES = ['opencode.json', 'opencode.jsonc'];
const MOST_FILES = 500;
const MOST_FOLDERS = 30;

/**
 * The slash commands of the user and the project, from their files and from `opencode.json`. OpenCode 2 tells a plugin the names of
 * commands, but not their texts.
 * @param directory of the session; the folders above it count too
 */
export function readCommands(directory: string, environment: Readonly<Record<string, string | undefined>>): HostConfig {
  const user = join(environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config'), 'opencode');
  const above = upwards(directory);
  const folders = [user, ...above.map((folder) => join(folder, '.opencode'))];
  const files = folders.flatMap((folder) => NAMES.flatMap((name) => markdownBelow(join(folder, name))));
  const fromFiles = files.slice(0, MOST_FILES).map((file) => [file, { template: readOptionalFile(file) }] as const);
  const configured = [...folders, ...above].flatMap((folder) => FILES.map((name) => join(folder, name)));
  return { command: Object.fromEntries([...fromFiles, ...configured.flatMap(commandsIn)]) };
}

/** Whether the user or the project has a command of this name, in a file or in a configuration. */
export const hasCommand = ({ command = {} }: HostConfig, name: string): boolean =>
  Object.keys(command).some((key) => key.endsWith(`/${name}.md`) || key.endsWith(` ${name}`));

/** `/memory`, which says its text in the user's place. */
export function registeredMemoryCommand({ session }: PluginContext): Command {
  return {
    name: 'memory',
    description: MEMORY_COMMAND.description,
    async execute({ sessionID, prompt, delivery }) {
      const text = filledMemoryCommand(prompt.text);
      await session.prompt?.({ sessionID, text, ...(delivery !== undefined && { delivery }) });
    },
  };
}

function upwards(directory: string): string[] {
  const folders = [directory];
  while (folders.length < MOST_FOLDERS) {
    const parent = dirname(folders.at(-1) ?? '');
    if (parent === folders.at(-1)) break;
    folders.push(parent);
  }
  return folders;
}

function markdownBelow(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.md')).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** In the form of either major version. */
function commandsIn(path: string): (readonly [name: string, command: { template?: unknown }])[] {
  const text = readOptionalFile(path);
  if (text === undefined) return [];
  const config = (parse(text, [], { allowTrailingComma: true }) ?? {}) as Record<string, unknown>;
  return NAMES.flatMap((name) =>
    Object.entries(config[name] ?? {}).map(([key, command]) => [`${path} ${key}`, command ?? {}] as const),
  );
}
