import type { Redis } from 'ioredis';
import type { GraphJournal } from '../graph/group-graph.ts';
import type { JournalKey } from '../settings.ts';
import { MINUTE } from '../time.ts';
import { appendToChangeLog, changeLogKey, closeGap, hasSuccessor, readGap, recordGap } from './change-log.ts';
import type { JournalEntry, NewEntry } from './entry.ts';
import { isAuthentic } from './hmac.ts';
import { checkLoss, confirmChange, groupsWithLossKey, lacksTail, readLoss } from './lost-changes.ts';
import { redactEntries } from './redact-entries.ts';
import { entryFields, journalKey, lastId, storedEntriesOf } from './stream.ts';

/** How much of a group's changes Valkey keeps in addition to the graph. */
export interface JournalSize {
  readonly entries: number;
  /** Time of the oldest entry. */
  readonly since: Date | null;
  readonly bytes: number;
  /** Since when the journal lacks changes that the graph has, as after a crash of Valkey; null for none. A tested archive closes it. */
  readonly gap: Date | null;
}

/** The changes of every group's graph, stored before they are made; with an archive they rebuild a lost graph. */
export interface Journal extends GraphJournal {
  append(group: string, entry: NewEntry): Promise<string>;
  /** Entries in order. @param after id before the first @param until id of the last */
  entries(group: string, after?: string, until?: string): AsyncGenerator<JournalEntry>;
  /**
   * Removes the entries that a tested archive covers. Some minutes before the archive's position are kept, since episodes are
   * recorded while it is written. Nothing is removed for an archive of another journal, such as that of a group of the same name in
   * another installation, nor while the graph lacks changes that only the journal has.
   * @param position of the archive's manifest
   * @returns the number of removed entries
   */
  trim(group: string, position: string): Promise<number>;
  size(group: string): Promise<JournalSize>;
  /** Id of the first entry after the graph lost changes; null for no loss. */
  lost(group: string): Promise<string | null>;
  /** Removes changes to a graph that had lost others, once those were restored. */
  abandon(group: string, ids: readonly string[]): Promise<void>;
  /**
   * Rewrites every entry under its own id while other processes append. Entries that cannot be read are removed, since their content is
   * unknown, and leave a gap; entries that are not authentic stay so.
   * @returns how many entries changed
   */
  rewrite(group: string, change: (entry: JournalEntry) => NewEntry): Promise<number>;
}

/** Longer than any write may take: an older entry's change was made, or is appended again. */
export const WRITE_MARGIN = 10 * MINUTE;

export interface JournalOptions {
  /** Called when the journal lacks changes that the graph has, so that only a new archive is complete. */
  readonly onGap?: (group: string) => void;
  /** From `parseJournalKey`; default: entries are neither signed nor checked. */
  readonly key?: JournalKey | undefined;
  /** Called when a loss of changes of the graph is first noticed. */
  readonly onLoss?: (group: string) => void;
}

export function openJournal(valkey: Redis, { onGap = () => {}, onLoss = () => {}, key }: JournalOptions = {}): Journal {
  return {
    async append(group, entry) {
      if (typeof entry.params.mark !== 'string')
        return (await valkey.xadd(journalKey(valkey, group), '*', ...entryFields(group, entry, key))) as string;
      const appended = await appendToChangeLog(valkey, group, entry, key);
      if (appended === 'lost') return '';
      const { id, isContinuous } = appended;
      if (!isContinuous) {
        await recordGap(valkey, group, id);
        onGap(group);
      }
      return id;
    },
    async removeRefused(group, id, mark) {
      if (!(await hasSuccessor(valkey, group, id, mark))) await valkey.xdel(journalKey(valkey, group), id);
    },
    async confirm(group, id, { params }) {
      if (await confirmChange(valkey, group, id, params)) onLoss(group);
    },
    checkLoss: (group, graph) => checkLoss(valkey, group, graph),
    async lacksTail(group, graph) {
      const state = await lacksTail(valkey, group, graph);
      if (state === 'found') onLoss(group);
      return state !== 'no';
    },
    position: (group) => lastId(valkey, group),
    async *entries(group, after, until) {
      for await (const { id, entry, packed, hmac } of storedEntriesOf(valkey, group, after, until)) {
        const nothing = { id, query: '', params: {} };
        if (!isAuthentic(group, packed, hmac, entryTime(id), key)) yield { ...nothing, refused: 'is not authentic' };
        else yield entry ? { id, ...entry } : { ...nothing, refused: 'cannot be read' };
      }
    },
    async trim(group, position) {
      const key = journalKey(valkey, group);
      if ((await readLoss(valkey, group)) !== null) return 0;
      if ((await valkey.xrange(key, position, position)).length === 0) return 0;
      const trimmed = await valkey.xtrim(key, 'MINID', '=', firstEntryForArchive(position));
      await closeGap(valkey, group, position);
      return trimmed;
    },
    async size(group) {
      const key = journalKey(valkey, group);
      const [entries, [first], bytes, gap] = await Promise.all([
        valkey.xlen(key),
        valkey.xrange(key, '-', '+', 'COUNT', 1),
        valkey.memory('USAGE', key),
        readGap(valkey, group),
      ]);
      const date = (id: string | undefined | null) => (id ? new Date(entryTime(id)) : null);
      return { entries, since: date(first?.[0]), bytes: bytes ?? 0, gap: date(gap) };
    },
    lost: (group) => readLoss(valkey, group),
    async abandon(group, ids) {
      if (ids.length > 0) await valkey.xdel(journalKey(valkey, group), ...ids);
    },
    rewrite: (group, change) => redactEntries(valkey, group, change, key),
  };
}

/** The id of the first entry that an archive of that position needs. */
export const firstEntryForArchive = (position: string): string =>
  `${Math.max(0, entryTime(position) - WRITE_MARGIN)}-0`;

/** Milliseconds since 1970. */
export const entryTime = (id: string): number => Number(id.split('-')[0]);

/**
 * Removes a group's journal up to an entry, and its change log, before the graph is deleted. Called under the group's lease, so that no
 * fenced change happens meanwhile; entries of episodes that are recorded meanwhile stay.
 * @param last id of the last entry to remove
 * @returns the number of removed entries
 */
export async function forgetJournal(valkey: Redis, group: string, last: string): Promise<number> {
  const key = journalKey(valkey, group);
  const [time = '0', place = '0'] = last.split('-');
  const removed = await valkey.xtrim(key, 'MINID', '=', `${time}-${Number(place) + 1}`);
  if ((await valkey.xlen(key)) === 0) await valkey.unlink(key);
  await valkey.unlink(changeLogKey(valkey, group));
  await valkey.srem(groupsWithLossKey(valkey), group);
  return removed;
}
