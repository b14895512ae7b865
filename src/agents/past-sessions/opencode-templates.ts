import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonc, plainValue } from '../install/jsonc.ts';
import { openCommandTemplates } from '../opencode/command-templates.ts';
import type { HostConfig } from '../opencode/host.ts';

/** Gives the test whether a message has words of a slash command's template, for sessions of a project's folder. */
export type TemplatesOf = (worktree: string) => (text: string) => boolean;

type Commands = NonNullable<HostConfig['command']>;

/** The commands of the user's and the project's configuration, as they are now: the plugin gets them from opencode itself. */
export function readTemplates(configFolder: string): TemplatesOf {
  const own = commandsIn(configFolder);
  const known = new Map<string, (text: string) => boolean>();
  return (worktree) => {
    let isTemplate = known.get(worktree);
    if (!isTemplate) {
      const templates = openCommandTemplates();
      const ofProject = [worktree, join(worktree, '.opencode')].map(commandsIn);
      templates.read({ command: Object.assign({}, own, ...ofProject) });
      isTemplate = templates.isIn;
      known.set(worktree, isTemplate);
    }
    return isTemplate;
  };
}

function commandsIn(folder: string): Commands {
  const inConfig = ['opencode.json', 'opencode.jsonc'].map((name) => configured(join(folder, name)));
  const inFiles = ['command', 'commands'].map((name) => markdownCommands(join(folder, name)));
  return Object.assign({}, ...inConfig, ...inFiles);
}

function configured(path: string): Commands {
  try {
    const config = plainValue(parseJsonc(readFileSync(path, 'utf8'))) as HostConfig | undefined;
    return config?.command ?? {};
  } catch {
    // Missing, or not readable for opencode either.
    return {};
  }
}

const FRONT_MATTER = /^---\n[\s\S]*?\n---\n/;

function markdownCommands(folder: string): Commands {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
    return Object.fromEntries(
      names.map((name) => {
        const path = join(folder, name);
        return [path, { template: readFileSync(path, 'utf8').replace(FRONT_MATTER, '') }];
      }),
    );
  } catch {
    return {};
  }
}
