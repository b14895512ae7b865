import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RecordedSession, SessionHistory, SessionHistoryOptions } from './history.ts';
import { openDatabase } from './opencode-database.ts';
import { sessionsInFiles } from './opencode-files.ts';
import { readTemplates } from './opencode-templates.ts';

const DATABASE = /^opencode(?:-[\w.-]+)?\.db$/;

/** A session and the name under which it may be in several places. */
export interface OpencodeRecord extends RecordedSession {
  readonly id: string;
}

/**
 * The sessions of opencode 1: in a database (`opencode.db`), in earlier versions in files (`storage/`). The files stay when opencode copies them into its
 * database, so that a session in both is read from the database.
 */
export function opencodeHistory({ environment, now }: SessionHistoryOptions): SessionHistory {
  const home = environment.HOME || homedir();
  const folder = join(environment.XDG_DATA_HOME || join(home, '.local', 'share'), 'opencode');
  const configFolder = join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode');
  const templatesOf = readTemplates(configFolder);
  const databases = namesIn(folder)
    .filter((name) => DATABASE.test(name))
    .map((name) => openDatabase(join(folder, name), now, templatesOf));
  const storage = join(folder, 'storage');
  const inFiles = existsSync(storage) ? sessionsInFiles(storage, now, templatesOf) : [];
  const byId = new Map([...inFiles, ...databases.flatMap(({ sessions }) => sessions)].map((one) => [one.id, one]));
  const sessions = [...byId.values()].sort((a, b) => a.endedAt - b.endedAt || (a.id < b.id ? -1 : 1));
  return {
    places: [folder],
    sessions,
    notices: databases.flatMap(({ notices }) => notices),
    close: () => {
      for (const database of databases) database.close();
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Not there, or not for this user.
    return [];
  }
}
