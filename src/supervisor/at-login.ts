import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ConfigError } from '../errors.ts';
import { homeFolder } from '../home.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where and how `up` is started when its user logs in. */
export interface LoginItem {
  readonly file: string;
  readonly text: string;
  /** With systemd, the link that `systemctl --user enable` would make. */
  readonly link: string | undefined;
  /** The program that starts it, for messages. */
  readonly starter: 'systemd' | 'launchd';
  /** The file with settings that it reads, if that exists. */
  readonly settingsFile: string;
}

/** The program to start, both as absolute paths. */
export interface NodeScript {
  readonly node: string;
  readonly script: string;
}

/** A file without this line is not ours. */
const MARK = 'Written by `memory-manager up --at-login`; `memory-manager up --no-at-login` removes it.';

/**
 * The unit of systemd or the agent of launchd for the home of this environment. Each home has its own.
 * @throws ConfigError on a system with neither
 */
export function loginItem(environment: Environment, program: NodeScript, platform: NodeJS.Platform): LoginItem {
  const home = homeFolder(environment);
  const isDefault = home === homeFolder({ ...environment, MEMORY_HOME: undefined });
  const suffix = isDefault ? '' : `-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
  const user = environment.HOME || homedir();
  const configuration = environment.XDG_CONFIG_HOME || join(user, '.config');
  const settingsFile = join(configuration, `memory-manager${suffix}.env`);
  const variables = { MEMORY_HOME: home, ...(environment.PATH && { PATH: environment.PATH }) };
  if (platform === 'linux') {
    const units = join(configuration, 'systemd', 'user');
    const name = `memory-manager${suffix}.service`;
    return {
      file: join(units, name),
      text: systemdUnit(program, variables, settingsFile),
      link: join(units, 'default.target.wants', name),
      starter: 'systemd',
      settingsFile,
    };
  }
  if (platform === 'darwin') {
    const label = `memory-manager${suffix}`;
    return {
      file: join(user, 'Library', 'LaunchAgents', `${label}.plist`),
      text: launchAgent(label, program, variables, { settingsFile, log: join(home, 'login.log') }),
      link: undefined,
      starter: 'launchd',
      settingsFile,
    };
  }
  throw new ConfigError(`--at-login needs systemd (Linux) or launchd (macOS); this system is ${platform}.`);
}

function systemdUnit({ node, script }: NodeScript, variables: Readonly<Record<string, string>>, settingsFile: string) {
  const command = (name: string) =>
    `${[node, script].map((path) => quoted(path).replaceAll('$', '$$$$')).join(' ')} ${name}`;
  return `# ${MARK}
[Unit]
Description=memory-manager: Valkey, FalkorDB and a worker

[Service]
Type=oneshot
RemainAfterExit=yes
${Object.entries(variables)
  .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`)
  .join('\n')}
EnvironmentFile=-${settingsFile.replaceAll('%', '%%')}
ExecStart=${command('up')}
ExecStop=${command('down')}

[Install]
WantedBy=default.target
`;
}

/** As one word of a unit file. */
const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;

function launchAgent(
  label: string,
  { node, script }: NodeScript,
  variables: Readonly<Record<string, string>>,
  { settingsFile, log }: { readonly settingsFile: string; readonly log: string },
): string {
  // launchd reads no file with settings; a shell does.
  const start = 'set -a; [ ! -r "$1" ] || . "$1"; set +a; exec "$2" "$3" up';
  const words = ['/bin/sh', '-c', start, 'memory-manager', settingsFile, node, script];
  const pairs = Object.entries(variables).map(
    ([name, value]) => `    <key>${name}</key><string>${xml(value)}</string>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${MARK.replaceAll('--', '- -')} -->
<plist version="1.0">
<dict>
  <key>Label</key><string>${label}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${xml(word)}</string>`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${pairs.join('\n')}
  </dict>
  <key>RunAtLoad</key><true/>
  <key>AbandonProcessGroup</key><true/>
  <key>StandardOutPath</key><string>${xml(log)}</string>
  <key>StandardErrorPath</key><string>${xml(log)}</string>
</dict>
</plist>
`;
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Writes the file and, with systemd, the link that enables it. @throws ConfigError if the file is not ours */
export async function writeLoginItem(item: LoginItem): Promise<void> {
  refuseForeign(item);
  await mkdir(dirname(item.file), { recursive: true });
  await writeFileAtomic(item.file, item.text, { mode: 0o600 });
  if (item.link === undefined || isThere(item.link)) return;
  await mkdir(dirname(item.link), { recursive: true });
  await symlink(item.file, item.link);
}

/** Removes what was written. @returns the removed files; empty if there were none @throws ConfigError if the file is not ours */
export async function removeLoginItem(item: LoginItem): Promise<readonly string[]> {
  refuseForeign(item);
  const files = [item.link, item.file].filter((file) => file !== undefined && isThere(file)) as string[];
  for (const file of files) await rm(file, { force: true });
  return files;
}

/**
 * What is wrong with a login item that was written earlier: a program that no longer exists where it is called.
 * @param item the present one, for its place; the programs are those of the file
 * @returns paths that do not exist; undefined where nothing was written
 */
export function missingPrograms({ file, starter }: Pick<LoginItem, 'file' | 'starter'>): readonly string[] | undefined {
  const text = readOptional(file);
  if (text === undefined || !isOurs(text)) return undefined;
  return programsIn(text, starter).filter((path) => !existsSync(path));
}

/** The paths of Node and the script, which come last before `up`. */
function programsIn(text: string, starter: LoginItem['starter']): string[] {
  if (starter === 'launchd') {
    const list = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text)?.[1] ?? '';
    const words = Array.from(list.matchAll(/<string>([^<]*)<\/string>/g), ([, word = '']) => unescapedXml(word));
    return words.slice(-2);
  }
  const command = /^ExecStart=(.*) up$/m.exec(text)?.[1] ?? '';
  return Array.from(command.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = '']) =>
    word.replaceAll('$$', '$').replaceAll('%%', '%').replace(/\\(.)/g, '$1'),
  );
}

const unescapedXml = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

function refuseForeign({ file }: LoginItem): void {
  const text = readOptional(file);
  if (text !== undefined && !isOurs(text))
    throw new ConfigError(`${file} was not written by memory-manager; remove or rename that file, then try again.`);
}

const readOptional = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const isOurs = (text: string): boolean => text.replaceAll('- -', '--').includes(MARK);

/** True also for a link to nothing. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** What was written and what to type, line by line. @param settings the names of settings that only this shell knows */
export function loginNotices(
  item: LoginItem,
  settings: readonly string[],
  hasSystemd = existsSync('/run/systemd/system'),
) {
  const { file, link, starter, settingsFile } = item;
  const lines = ['At each login `up` is started by this file:', `  ${file}`];
  if (link !== undefined) lines.push('which this link enables:', `  ${link}`);
  if (starter === 'systemd') {
    if (!hasSystemd) lines.push('systemd does not run on this machine; without it the file has no effect.');
    lines.push('To start at boot, before any login, type once: loginctl enable-linger "$USER"');
  }
  if (settings.length > 0)
    lines.push(
      `Settings of this shell that \`up\` does not see at login; put them into ${settingsFile} (NAME=value, chmod 600):`,
      `  ${settings.join(', ')}`,
    );
  return lines;
}
