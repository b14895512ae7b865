import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import type { MessagePart } from '../opencode/host.ts';
import type { OpencodeRecord } from './opencode.ts';
import { type OpencodeMessage, type OpencodeSession, sessionContentOf } from './opencode-session.ts';
import type { TemplatesOf } from './opencode-templates.ts';

export interface OpencodeDatabase {
  readonly sessions: readonly OpencodeRecord[];
  readonly notices: readonly string[];
  close(): void;
}

const text = z.nullish(z.string());
const sessionRow = z.looseObject({
  id: z.string(),
  directory: z.string(),
  parent_id: text,
  project_id: z.string(),
  worktree: text,
  time_created: z.number(),
  time_updated: z.number(),
});

/** Reads a database of opencode without changing it. Rows that cannot be read become notices. */
export function openDatabase(path: string, now: number, templatesOf: TemplatesOf): OpencodeDatabase {
  const sqlite = loadSqlite();
  if (!sqlite)
    return unreadable(`${path} cannot be read by this version of Node (${process.version}); use Node 22.18 or later.`);
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(path, { readOnly: true });
    return readable(database, path, now, templatesOf);
  } catch (error) {
    database?.close();
    return unreadable(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

const unreadable = (notice: string): OpencodeDatabase => ({ sessions: [], notices: [notice], close: () => {} });

function readable(database: DatabaseSync, path: string, now: number, templatesOf: TemplatesOf): OpencodeDatabase {
  const rows = database
    .prepare('SELECT s.*, p.worktree FROM session s LEFT JOIN project p ON p.id = s.project_id ORDER BY s.time_created')
    .all();
  const sessions = rows.flatMap((row) => sessionOf(row) ?? []);
  const notices: string[] = [];
  const damaged = rows.length - sessions.length;
  if (damaged > 0) notices.push(`${path} has ${damaged} sessions that cannot be read.`);
  const later = countOfLaterVersion(database);
  if (later > 0)
    notices.push(`${path} has ${later} sessions in the format of OpenCode 2, which this version does not read.`);
  return {
    notices,
    sessions: sessions.map((session) => ({
      id: session.id,
      place: `${path} (${session.id})`,
      endedAt: session.updatedAt,
      read() {
        const { messages, damaged } = messagesOf(database, path, session);
        return sessionContentOf(session, messages, damaged, now, templatesOf(session.worktree ?? session.directory));
      },
    })),
    close: () => database.close(),
  };
}

function sessionOf(row: unknown): OpencodeSession | undefined {
  const { data } = sessionRow.safeParse(row);
  return (
    data && {
      id: data.id,
      directory: data.directory,
      parent: data.parent_id ?? undefined,
      project: data.project_id,
      worktree: data.worktree ?? undefined,
      createdAt: data.time_created,
      updatedAt: data.time_updated,
    }
  );
}

/** Sessions with messages of OpenCode 2 only. Earlier databases have no table for them. */
function countOfLaterVersion(database: DatabaseSync): number {
  try {
    const row = database
      .prepare(
        `SELECT count(DISTINCT session_id) AS sessions FROM session_message
         WHERE session_id NOT IN (SELECT session_id FROM message)`,
      )
      .get();
    return Number(row?.sessions ?? 0);
  } catch {
    return 0;
  }
}

function messagesOf(
  database: DatabaseSync,
  path: string,
  { id }: OpencodeSession,
): { messages: OpencodeMessage[]; damaged: string[] } {
  const damaged: string[] = [];
  const parts = new Map<string, MessagePart[]>();
  for (const row of database
    .prepare('SELECT id, message_id, data FROM part WHERE session_id = ? ORDER BY id')
    .iterate(id)) {
    const [part, message] = [String(row.id), String(row.message_id)];
    const data = objectIn(row.data);
    if (!data) damaged.push(`${path} (part ${part})`);
    else append(parts, message, { ...data, id: part, messageID: message, sessionID: id } as MessagePart);
  }
  const messages: OpencodeMessage[] = [];
  const query = 'SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id';
  for (const row of database.prepare(query).iterate(id)) {
    const message = String(row.id);
    const info = parseMessageInfo({ ...objectIn(row.data), id: message, sessionID: id });
    if (!info) damaged.push(`${path} (message ${message})`);
    else messages.push({ info, parts: parts.get(message) ?? [] });
  }
  return { messages, damaged };
}

function append(parts: Map<string, MessagePart[]>, message: string, part: MessagePart): void {
  const known = parts.get(message);
  if (known) known.push(part);
  else parts.set(message, [part]);
}

const objectIn = (json: unknown): object | undefined => {
  const value = typeof json === 'string' ? parseJson(json) : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
};

const time = z.looseObject({ created: z.number() });
const info = z.union([
  z.looseObject({ id: z.string(), role: z.literal('user'), time }),
  z.looseObject({ id: z.string(), role: z.literal('assistant'), parentID: z.string(), time }),
]);

/** Undefined for a message that cannot be read. */
export function parseMessageInfo(value: unknown): OpencodeMessage['info'] | undefined {
  return info.safeParse(value).data as OpencodeMessage['info'] | undefined;
}

/** Node's own SQLite, without the warning that it is experimental, which would be printed among the command's sentences. */
function loadSqlite(): typeof import('node:sqlite') | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule?.('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
