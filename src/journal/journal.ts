import type { Redis } from 'ioredis';
import type { ChangeLog } from '../graph/group-graph.ts';
import { MINUTE } from '../time.ts';
import type { JournalEntry, NewEntry } from './entry.ts';
import { rewrite } from './rewrite.ts';
import { entriesOf, fieldsOf, journalKey, lastId } from './stream.ts';

/** How much of a group's changes Valkey keeps beside the graph. */
export interface JournalSize {
  readonly entries: number;
  /** When the oldest was noted. */
  readonly since: Date | null;
  readonly bytes: number;
}

/** The changes of every group's graph, noted before they are made; with an archive they give it back when it is lost. */
export interface Journal extends ChangeLog {
  note(group: string, entry: NewEntry): Promise<string>;
  /** Entries in the order in which they were noted. @param after id behind which it begins @param until id of the last */
  entries(group: string, after?: string, until?: string): AsyncGenerator<JournalEntry>;
  /**
   * Removes what an archive holds that was found whole, and gives how many entries that were. A while before the archive's
   * position is kept, since episodes are recorded while it is written.
   * @param position of the archive's manifest
   */
  trim(group: string, position: string): Promise<number>;
  size(group: string): Promise<JournalSize>;
  /** Gives every entry anew, under its own id, while others go on noting; tells how many of them changed. */
  rewrite(group: string, change: (entry: JournalEntry) => NewEntry): Promise<number>;
}

/** Longer than any write is waited for: who noted a change before that has made it, or notes it again. */
export const MARGIN = 10 * MINUTE;

export function openJournal(valkey: Redis): Journal {
  return {
    note: async (group, entry) => (await valkey.xadd(journalKey(group), '*', ...fieldsOf(entry))) as string,
    async strike(group, id) {
      await valkey.xdel(journalKey(group), id);
    },
    position: (group) => lastId(valkey, group),
    entries: (group, after, until) => entriesOf(valkey, group, after, until),
    trim: (group, position) => valkey.xtrim(journalKey(group), 'MINID', '=', before(position)),
    async size(group) {
      const key = journalKey(group);
      const [entries, [first], bytes] = await Promise.all([
        valkey.xlen(key),
        valkey.xrange(key, '-', '+', 'COUNT', 1),
        valkey.memory('USAGE', key),
      ]);
      return { entries, since: first ? new Date(timeOf(first[0])) : null, bytes: bytes ?? 0 };
    },
    rewrite: (group, change) => rewrite(valkey, group, change),
  };
}

/** The id from which on entries are needed beside an archive of that position. */
export const before = (position: string): string => `${Math.max(0, timeOf(position) - MARGIN)}-0`;

/** Milliseconds since 1970. */
export const timeOf = (id: string): number => Number(id.split('-')[0]);
