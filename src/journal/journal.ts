import type { Redis } from 'ioredis';
import type { ChangeLog } from '../graph/group-graph.ts';
import type { JournalKey } from '../settings.ts';
import { MINUTE } from '../time.ts';
import { isAuthentic } from './authentic.ts';
import { closeGap, isFollowed, noteGap, noteInChain, readGap } from './chain.ts';
import type { JournalEntry, NewEntry } from './entry.ts';
import { checkLoss, confirmTaken, readLoss } from './loss.ts';
import { rewrite } from './rewrite.ts';
import { fieldsOf, journalKey, lastId, storedEntriesOf } from './stream.ts';

/** How much of a group's changes Valkey keeps beside the graph. */
export interface JournalSize {
  readonly entries: number;
  /** When the oldest was noted. */
  readonly since: Date | null;
  readonly bytes: number;
  /** Since when it lacks something that the graph has, as after a crash of Valkey; null for nothing. An archive that is proven ends it. */
  readonly gap: Date | null;
}

/** The changes of every group's graph, noted before they are made; with an archive they give it back when it is lost. */
export interface Journal extends ChangeLog {
  note(group: string, entry: NewEntry): Promise<string>;
  /** Entries in the order in which they were noted. @param after id behind which it begins @param until id of the last */
  entries(group: string, after?: string, until?: string): AsyncGenerator<JournalEntry>;
  /**
   * Removes what an archive holds that was found whole, and gives how many entries that were. A while before the archive's
   * position is kept, since episodes are recorded while it is written. Nothing goes for an archive of another journal, such as
   * that of a group of the same name elsewhere, nor while the graph lacks changes that only the journal holds.
   * @param position of the archive's manifest
   */
  trim(group: string, position: string): Promise<number>;
  size(group: string): Promise<JournalSize>;
  /** Id from which on it tells of a graph that had lost changes; null for none. */
  lost(group: string): Promise<string | null>;
  /** Removes changes to a graph that had lost others, after these were brought back. */
  abandon(group: string, ids: readonly string[]): Promise<void>;
  /**
   * Gives every entry anew, under its own id, while others go on noting; tells how many of them changed. Entries that cannot be read are
   * removed, since nobody knows what stands in them, and leave a gap; those that are not authentic stay so.
   */
  rewrite(group: string, change: (entry: JournalEntry) => NewEntry): Promise<number>;
}

/** Longer than any write is waited for: who noted a change before that has made it, or notes it again. */
export const MARGIN = 10 * MINUTE;

export interface JournalOptions {
  /** Told that the journal lacks something that the graph has, so that only a new archive holds all. */
  readonly onGap?: (group: string) => void;
  /** `parseJournalKey`; default: entries are neither made authentic nor asked whether they are. */
  readonly key?: JournalKey | undefined;
  /** Told that the graph had lost changes before it took the last one. */
  readonly onLoss?: (group: string) => void;
}

export function openJournal(valkey: Redis, { onGap = () => {}, onLoss = () => {}, key }: JournalOptions = {}): Journal {
  return {
    async note(group, entry) {
      if (typeof entry.params.mark !== 'string')
        return (await valkey.xadd(journalKey(valkey, group), '*', ...fieldsOf(group, entry, key))) as string;
      const { id, follows } = await noteInChain(valkey, group, entry, key);
      if (!follows) {
        await noteGap(valkey, group, id);
        onGap(group);
      }
      return id;
    },
    async strike(group, id, mark) {
      if (!(await isFollowed(valkey, group, id, mark))) await valkey.xdel(journalKey(valkey, group), id);
    },
    async confirm(group, id, { params }) {
      if (await confirmTaken(valkey, group, id, params)) onLoss(group);
    },
    checkLoss: (group, graph) => checkLoss(valkey, group, graph),
    position: (group) => lastId(valkey, group),
    async *entries(group, after, until) {
      for await (const { id, entry, packed, code } of storedEntriesOf(valkey, group, after, until)) {
        const nothing = { id, query: '', params: {} };
        if (!isAuthentic(group, packed, code, timeOf(id), key)) yield { ...nothing, refused: 'is not authentic' };
        else yield entry ? { id, ...entry } : { ...nothing, refused: 'cannot be read' };
      }
    },
    async trim(group, position) {
      const key = journalKey(valkey, group);
      if ((await readLoss(valkey, group)) !== null) return 0;
      if ((await valkey.xrange(key, position, position)).length === 0) return 0;
      const trimmed = await valkey.xtrim(key, 'MINID', '=', before(position));
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
      const date = (id: string | undefined | null) => (id ? new Date(timeOf(id)) : null);
      return { entries, since: date(first?.[0]), bytes: bytes ?? 0, gap: date(gap) };
    },
    lost: (group) => readLoss(valkey, group),
    async abandon(group, ids) {
      if (ids.length > 0) await valkey.xdel(journalKey(valkey, group), ...ids);
    },
    rewrite: (group, change) => rewrite(valkey, group, change, key),
  };
}

/** The id from which on entries are needed beside an archive of that position. */
export const before = (position: string): string => `${Math.max(0, timeOf(position) - MARGIN)}-0`;

/** Milliseconds since 1970. */
export const timeOf = (id: string): number => Number(id.split('-')[0]);
