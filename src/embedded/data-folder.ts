import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { LOOPBACK } from './await-ready.ts';
import { workingFolderOf } from './process-identity.ts';

/** The settings in the configuration file of one server. */
export interface ServerConfiguration {
  port: number;
  dataFolder: string;
  appendfsync: 'everysec' | 'always';
  password?: string;
  /** Path of `falkordb.so`; undefined for a plain server. */
  module?: string;
}

/** Where a running server keeps its process id, inside its data folder. */
export const PID_FILE = 'server.pid';

/**
 * The server's configuration file. Data is stored in the append-only file only. Snapshots are off, because FalkorDB is known to lose data
 * around them. Nothing is evicted. FalkorDB's own defaults set no limit on a query's time.
 */
export function configurationText(configuration: ServerConfiguration): string {
  const { port, dataFolder, appendfsync, password, module } = configuration;
  const lines = [
    ['bind', LOOPBACK],
    ['port', String(port)],
    ['protected-mode', 'yes'],
    ['daemonize', 'no'],
    ['dir', dataFolder],
    ['pidfile', join(dataFolder, PID_FILE)],
    ['appendonly', 'yes'],
    ['appendfsync', appendfsync],
    ['save', ''],
    ['maxmemory-policy', 'noeviction'],
  ];
  if (password !== undefined) lines.push(['requirepass', password]);
  // FalkorDB would keep the texts of the last queries in a stream, including texts that were forgotten since.
  if (module !== undefined) lines.push(['loadmodule', module, 'CMD_INFO', 'no']);
  return lines
    .map(([name, ...values]) => `${name} ${values.map((value) => JSON.stringify(value)).join(' ')}\n`)
    .join('');
}

/** Where a server keeps its data, its log and its configuration. */
export interface DataFolder {
  path: string;
  /** True if we created the folder; it is removed when the server stops. */
  isTemporary: boolean;
}

/**
 * Prepares the folder; without a path, a new temporary folder.
 * @throws ConfigError if a running server uses the folder (two servers would corrupt the data), or if it belongs to another user
 */
export async function openDataFolder(path: string | undefined): Promise<DataFolder> {
  if (path === undefined) {
    return { path: await realpath(await mkdtemp(join(tmpdir(), 'memory-manager-'))), isTemporary: true };
  }
  await mkdir(path, { recursive: true, mode: 0o700 });
  const folder = { path: await realpath(path), isTemporary: false };
  await closeToOthers(folder.path);
  const pid = await runningIn(folder.path);
  if (pid !== undefined) throw new ConfigError(`The server with process id ${pid} already uses ${folder.path}.`);
  return folder;
}

/** An existing folder, and files in it, may be accessible to other users. @throws ConfigError */
async function closeToOthers(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  if (process.getuid && uid !== process.getuid())
    throw new ConfigError(`The folder ${path} belongs to another user of this machine; use one of your own.`);
  if ((mode & 0o077) !== 0) await chmod(path, 0o700);
}

export async function removeIfTemporary(folder: DataFolder): Promise<void> {
  if (folder.isTemporary) await rm(folder.path, { recursive: true, force: true });
}

/** The process id of the server that runs in a data folder. The process must have this working folder, because process ids are reused. */
async function runningIn(folder: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder, PID_FILE), 'utf8').catch(() => ''));
  if (!(pid > 0)) return undefined;
  return (await workingFolderOf(pid)) === folder ? pid : undefined;
}
