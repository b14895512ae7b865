import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';
import type { MessagePart } from '../opencode/host.ts';
import type { OpencodeRecord } from './opencode.ts';
import { parseMessageInfo } from './opencode-database.ts';
import { type OpencodeMessage, type OpencodeSession, sessionContentOf } from './opencode-session.ts';
import type { TemplatesOf } from './opencode-templates.ts';

const info = z.looseObject({
  directory: z._default(z.string(), ''),
  parentID: z.optional(z.string()),
  time: z.looseObject({ created: z.number(), updated: z.optional(z.number()) }),
});
const project = z.looseObject({ worktree: z.optional(z.string()) });
const part = z.looseObject({ type: z.string() });

/**
 * Sessions in files, as opencode stored them before it had a database: `session/<project>/<session>.json`, `message/<session>/<message>.json`,
 * `part/<message>/<part>.json`. The names are read from the paths, as opencode itself does when it copies them.
 */
export function sessionsInFiles(storage: string, now: number, templatesOf: TemplatesOf): OpencodeRecord[] {
  return foldersIn(join(storage, 'session')).flatMap((projectId) => {
    const worktree = project.safeParse(jsonIn(join(storage, 'project', `${projectId}.json`))).data?.worktree;
    const folder = join(storage, 'session', projectId);
    return jsonFilesIn(folder).map((name) => {
      const [id, place] = [basename(name, '.json'), join(folder, name)];
      const { data } = info.safeParse(jsonIn(place));
      if (!data) return { id, place, endedAt: 0, read: () => nothing(place) };
      const { created, updated = created } = data.time;
      const session: OpencodeSession = {
        ...{ id, directory: data.directory || worktree || '', parent: data.parentID, project: projectId, worktree },
        ...{ createdAt: created, updatedAt: updated },
      };
      const read = () => {
        const { messages, damaged } = messagesOf(storage, id);
        return sessionContentOf(session, messages, damaged, now, templatesOf(worktree ?? session.directory));
      };
      return { id, place, endedAt: updated, read };
    });
  });
}

const nothing = (place: string) => ({ isSubAgent: false, items: [], damaged: [place], running: 0 });

function messagesOf(storage: string, session: string): { messages: OpencodeMessage[]; damaged: string[] } {
  const damaged: string[] = [];
  const messages: OpencodeMessage[] = [];
  const folder = join(storage, 'message', session);
  for (const name of jsonFilesIn(folder)) {
    const id = basename(name, '.json');
    const value = jsonIn(join(folder, name));
    const info = parseMessageInfo(typeof value === 'object' ? { ...value, id, sessionID: session } : undefined);
    if (info) messages.push({ info, parts: partsOf(join(storage, 'part', id), id, session, damaged) });
    else damaged.push(join(folder, name));
  }
  messages.sort((a, b) => itemTime(a) - itemTime(b) || (a.info.id < b.info.id ? -1 : 1));
  return { messages, damaged };
}

const itemTime = ({ info }: OpencodeMessage): number => info.time?.created ?? 0;

function partsOf(folder: string, message: string, session: string, damaged: string[]): MessagePart[] {
  return jsonFilesIn(folder).flatMap((name) => {
    const { data } = part.safeParse(jsonIn(join(folder, name)));
    if (data) return [{ ...data, id: basename(name, '.json'), messageID: message, sessionID: session } as MessagePart];
    damaged.push(join(folder, name));
    return [];
  });
}

function jsonIn(path: string): unknown {
  try {
    return parseJson(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const jsonFilesIn = (folder: string): string[] =>
  namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();

const foldersIn = (folder: string): string[] => namesIn(folder);

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
