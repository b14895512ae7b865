import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A message as opencode stores it. */
export interface StoredMessage {
  readonly id: string;
  readonly data: Record<string, unknown>;
  readonly parts: readonly Record<string, unknown>[];
}

export interface StoredSession {
  readonly id: string;
  readonly directory: string;
  readonly parent?: string;
  readonly project?: string;
  readonly messages: readonly StoredMessage[];
}

/** Builders for the messages of a session. Each call's message is a second later than the one before. */
export function opencodeMessages(session: string, begin = '2026-11-21T09:00:00.000Z') {
  let [clock, count] = [Date.parse(begin), 0];
  const messages: StoredMessage[] = [];
  let prompt = '';

  function add(data: Record<string, unknown>, parts: readonly Record<string, unknown>[]): string {
    count += 1;
    clock += 1_000;
    const id = `msg_${session}_${String(count).padStart(3, '0')}`;
    messages.push({ id, data: { time: { created: clock, completed: clock + 500 }, ...data }, parts });
    return id;
  }
  const answer = (parts: readonly Record<string, unknown>[], data: Record<string, unknown> = {}) =>
    add(
      {
        ...{ role: 'assistant', parentID: prompt, mode: 'build', providerID: 'stub', modelID: 'stub', finish: 'stop' },
        ...{ tokens: { input: 100, output: 10 }, ...data },
      },
      parts,
    );

  return {
    messages,
    end: () => clock,
    user(text: string, more: readonly Record<string, unknown>[] = []): string {
      prompt = add({ role: 'user', time: { created: clock + 1_000 }, agent: 'build' }, [
        { type: 'text', text },
        ...more,
      ]);
      return prompt;
    },
    /** A message written by the host itself, for example after a compaction. */
    host: (part: Record<string, unknown>) => {
      prompt = add({ role: 'user', time: { created: clock + 1_000 } }, [part]);
    },
    says: (text: string, data: Record<string, unknown> = {}) =>
      answer([{ type: 'step-start' }, { type: 'text', text, time: { start: 1, end: 2 } }], data),
    uses: (tool: string, input: object, output: string) =>
      answer([{ type: 'tool', tool, callID: 'c', state: { status: 'completed', input, output, title: tool } }], {
        finish: 'tool-calls',
      }),
    /** An interrupted answer. */
    beginsToSay: (text: string) =>
      answer([{ type: 'text', text }], { time: { created: clock + 1_000 }, finish: undefined }),
    summary: (text: string) => answer([{ type: 'text', text }], { summary: true, mode: 'compaction' }),
  };
}

/** Writes sessions as files, as opencode versions without a database do. */
export function writeFiles(data: string, sessions: readonly StoredSession[]): void {
  const storage = join(data, 'opencode', 'storage');
  const write = (path: string, value: unknown) => {
    mkdirSync(dirname(join(storage, path)), { recursive: true });
    writeFileSync(join(storage, path), JSON.stringify(value, null, 2));
  };
  for (const { id, directory, parent, project = 'global', messages } of sessions) {
    write(`project/${project}.json`, { id: project, worktree: directory });
    const time = timesOf(messages);
    write(`session/${project}/${id}.json`, {
      id,
      directory,
      projectID: project,
      time,
      ...(parent && { parentID: parent }),
    });
    for (const message of messages) {
      write(`message/${id}/${message.id}.json`, { id: message.id, sessionID: id, ...message.data });
      for (const [index, part] of message.parts.entries()) {
        const name = partId(message.id, index);
        write(`part/${message.id}/${name}.json`, { id: name, messageID: message.id, sessionID: id, ...part });
      }
    }
  }
}

/** Writes sessions into a database with those tables of opencode 1.18 that the import reads. */
export function writeDatabase(data: string, sessions: readonly StoredSession[]): string {
  const sqlite = process.getBuiltinModule('node:sqlite');
  const path = join(data, 'opencode', 'opencode.db');
  mkdirSync(dirname(path), { recursive: true });
  const database = new sqlite.DatabaseSync(path);
  database.exec(`
    CREATE TABLE IF NOT EXISTS project (id text PRIMARY KEY, worktree text NOT NULL);
    CREATE TABLE IF NOT EXISTS session (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, directory text NOT NULL,
      title text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL);
    CREATE TABLE IF NOT EXISTS message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL, data text NOT NULL);
    CREATE TABLE IF NOT EXISTS part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, data text NOT NULL);
    CREATE TABLE IF NOT EXISTS session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, data text NOT NULL);`);
  for (const { id, directory, parent = null, project = 'global', messages } of sessions) {
    const { created, updated } = timesOf(messages);
    database.prepare('INSERT OR IGNORE INTO project VALUES (?, ?)').run(project, directory);
    database
      .prepare('INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(id, project, parent, directory, '', created, updated);
    for (const message of messages) {
      const { created } = message.data.time as { created: number };
      database
        .prepare('INSERT INTO message VALUES (?, ?, ?, ?)')
        .run(message.id, id, created, JSON.stringify(message.data));
      for (const [index, part] of message.parts.entries())
        database
          .prepare('INSERT INTO part VALUES (?, ?, ?, ?)')
          .run(partId(message.id, index), message.id, id, JSON.stringify(part));
    }
  }
  database.close();
  return path;
}

const partId = (message: string, index: number): string => `${message.replace('msg', 'prt')}_${index}`;

function timesOf(messages: readonly StoredMessage[]): { created: number; updated: number } {
  const times = messages.map(({ data }) => (data.time as { created: number }).created);
  return { created: Math.min(...times), updated: Math.max(...times) };
}
