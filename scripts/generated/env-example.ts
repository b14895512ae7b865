import type { Setting } from '../../src/setting.ts';
import { SETTINGS } from '../../src/settings.ts';

const HEAD = `# Every setting with its default. Copy this file to .env and change what you need. docs/configuration.md explains each setting.
# Docker Compose reads .env automatically. For the command line: set -a; . ./.env; set +a
`;

/** `.env.example`, from the table of settings. */
export function envExample(): string {
  const settings: readonly [string, Setting<never>][] = Object.entries(SETTINGS) as never;
  const entries = settings.map(([name, { about, fallback = '' }]) => `# ${about}\n#${name}=${quoted(fallback)}\n`);
  return [HEAD, ...entries].join('\n');
}

/** So that a shell and Docker Compose read the same. */
const quoted = (value: string): string => (/^[\w./:=,-]*$/.test(value) ? value : `'${value}'`);
