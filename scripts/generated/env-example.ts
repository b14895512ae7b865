import { SETTINGS, type Setting } from '../../src/settings.ts';

const HEAD = `# Every setting with its default. Copy this file to .env, and set what differs; docs/configuration.md says more.
# Docker Compose reads .env by itself. For the command line: set -a; . ./.env; set +a
`;

/** `.env.example`, from the table of settings. */
export function envExample(): string {
  const settings: readonly [string, Setting<never>][] = Object.entries(SETTINGS) as never;
  const entries = settings.map(([name, { about, fallback = '' }]) => `# ${about}\n#${name}=${quoted(fallback)}\n`);
  return [HEAD, ...entries].join('\n');
}

/** So that a shell and Docker Compose read the same. */
const quoted = (value: string): string => (/^[\w./:=,-]*$/.test(value) ? value : `'${value}'`);
