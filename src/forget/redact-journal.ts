import type { MaskedEpisode } from '../graph/commit-changes.ts';
import { aliasKey } from '../graph/meta-keys.ts';
import type { Param } from '../graph/query-text.ts';
import { withoutMentions } from '../ingest/mention-notes.ts';
import { canonicalKey } from '../ingest/name-keys.ts';
import type { NewEntry } from '../journal/entry.ts';

/** The content that must be removed from a journal. */
export interface Redactions {
  /** uuids of everything that is removed. */
  readonly removed: ReadonlySet<string>;
  /** uuids of entities and sagas with a new summary. */
  readonly resummarized: ReadonlySet<string>;
  /** uuids of facts and entities that stay with a new wording, name or attributes. */
  readonly reworded: ReadonlySet<string>;
  /** Removed wordings of facts and names of entities that stay, as compared keys (`canonicalKey`). */
  readonly words: ReadonlySet<string>;
  /** The remaining text of episodes that lost sentences, by uuid. */
  readonly masked: ReadonlyMap<string, MaskedEpisode>;
}

const UUID = /^([a-z]+:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
/** Fields that contain no remembered text. */
const PUBLIC_FIELDS = new Set(['label', 'group_id']);
const JSON_TEXTS = new Set(['metadata', 'use', 'told', 'unread']);
const SUMMARY_FIELDS = new Set(['summary', 'was']);
const WORDING_FIELDS = new Set(['fact', 'relation', 'embedding', 'name', 'attributes']);

type Row = Readonly<Record<string, Param>>;

/**
 * Removes forgotten text from an entry. Uuids, times and the structure stay, so that the entry can be replayed; the forget task's own
 * entry then removes or replaces what the replay created.
 *
 * An entry's parameters are rows, possibly nested. A row is about the element of its uuid (`uuidOf`), which decides for each field:
 * 1. The element, or what it is derived from, is removed: all text is blanked.
 * 2. Sentences of the episode were masked: its text, and what is derived from it, becomes the remaining text; vectors are blanked.
 * 3. The element got a new summary, wording or name: the fields with the old one are blanked.
 * 4. The element stays, but names something that is removed: that part of its mentions, supports, wordings or aliases is removed.
 * 5. Otherwise the same holds for the rows in the field.
 */
export function redactEntry(entry: NewEntry, redactions: Redactions): NewEntry {
  const params = redactValue(entry.params as Row, redactions) as NewEntry['params'];
  return params === entry.params ? entry : { ...entry, params };
}

/** Returns the same object if nothing in it changes. */
function redactValue(value: Param, redactions: Redactions): Param {
  if (Array.isArray(value)) {
    if (isVector(value)) return value;
    return unlessSame(
      value,
      value.map((item) => redactValue(item, redactions)),
    );
  }
  if (value === null || typeof value !== 'object') return value;
  const row = value as Row;
  const fields = Object.entries(row).map(([name, field]) => [name, redactField(row, name, field, redactions)] as const);
  return fields.some(([name, field]) => field !== row[name]) ? Object.fromEntries(fields) : row;
}

function redactField(row: Row, name: string, value: Param, redactions: Redactions): Param {
  const { removed, masked, resummarized, reworded } = redactions;
  const uuid = uuidOf(row);
  if (removed.has(uuid) || belongsToRemoved(row, redactions)) return blank(name, value, uuid);
  const remainingText = masked.get(uuid);
  if (remainingText && isDerived(name)) return remainingText[name] as Param;
  // The vector may be of the whole text; the vectors of the remaining text are in the forget task's entry.
  if (name === 'embedding' && masked.has(String(row.episode))) return blank(name, value, uuid);
  if (resummarized.has(uuid) && SUMMARY_FIELDS.has(name)) return blank(name, value, uuid);
  if (reworded.has(uuid) && WORDING_FIELDS.has(name)) return blank(name, value, uuid);
  return redactReferences(row, name, value, redactions);
}

/** Removed elements and words that an element names which stays. */
function redactReferences(row: Row, name: string, value: Param, redactions: Redactions): Param {
  const { removed, words } = redactions;
  if (name === 'told' && typeof value === 'string') return withoutMentions(value, removed);
  if (name === 'supports' && Array.isArray(value)) return redactSupports(value as string[], removed);
  if (name === 'wordings' && Array.isArray(value) && value.some((wording) => words.has(String(wording))))
    return value.filter((wording) => !words.has(String(wording)));
  if (typeof row.alias === 'string' && words.has(canonicalKey(row.alias)) && name !== 'entity')
    return name === 'key' ? aliasKey(String(row.entity)) : String(row.entity);
  return redactValue(value, redactions);
}

const DERIVED_FIELDS = ['content', 'metadata', 'passages', 'statements'] as const;
const isDerived = (name: string): name is (typeof DERIVED_FIELDS)[number] =>
  DERIVED_FIELDS.some((field) => field === name);

/** The uuid that a row is about: its own, that of the fact in its key, of an alias' entity, or of a saga with a new summary. */
function uuidOf({ uuid, key, entity, alias, saga, name }: Row): string {
  if (typeof uuid === 'string') return uuid;
  if (typeof key === 'string' && key.startsWith('fact:')) return key.slice('fact:'.length);
  if (typeof alias === 'string' && typeof entity === 'string') return entity;
  return typeof saga === 'string' && name === undefined ? saga : '';
}

/** A community is derived from its members, the vector of a passage from its episode. */
function belongsToRemoved({ members, episode }: Row, { removed, resummarized, reworded }: Redactions): boolean {
  if (typeof episode === 'string' && removed.has(episode)) return true;
  if (!Array.isArray(members)) return false;
  const changed = [removed, resummarized, reworded];
  return members.some((member) => changed.some((uuids) => uuids.has(uuidOf(member as Row))));
}

/** The value without text, in the same structure. */
function blank(name: string, value: Param, uuid: string): Param {
  if (typeof value === 'string') return blankText(name, value, uuid);
  if (Array.isArray(value)) return blankList(name, value, uuid);
  if (value === null || typeof value !== 'object') return value;
  if (name === 'attributes') return {};
  const row = value as Row;
  return Object.fromEntries(Object.entries(row).map(([inner, field]) => [inner, blank(inner, field, uuid)]));
}

function blankText(name: string, text: string, uuid: string): Param {
  if (PUBLIC_FIELDS.has(name) || UUID.test(text) || TIME.test(text)) return text;
  if (JSON_TEXTS.has(name)) return null;
  return name === 'key' ? aliasKey(uuid) : uuid;
}

function blankList(name: string, list: readonly Param[], uuid: string): Param {
  // A vector of the same length that is not all zeros, which would have no distance.
  if (isVector(list)) return list.map((_, place) => (place === 0 ? 1 : 0));
  if (name === 'supports') return list.map((support) => plainSupport(String(support)));
  const hasRows = list.some((item) => typeof item === 'object');
  if (name !== 'members' && hasRows) return list.map((item) => blank(name, item, uuid));
  return list.every((item) => typeof item !== 'string' || UUID.test(item)) ? list : [];
}

const isVector = (list: readonly Param[]): boolean => typeof list[0] === 'number';

/** See `supportText` in `ingest/claims.ts` for the format. */
const plainSupport = (support: string): string => support.split(' ').slice(0, 4).join(' ');

function redactSupports(supports: readonly string[], removed: ReadonlySet<string>): Param {
  const episodeOf = (support: string) => support.split(' ', 1)[0] ?? '';
  return unlessSame(
    supports,
    supports.map((support) => (removed.has(episodeOf(support)) ? plainSupport(support) : support)),
  );
}

/** The first list if both hold the same items. */
function unlessSame(before: readonly Param[], after: readonly Param[]): Param {
  return after.some((item, place) => item !== before[place]) ? after : before;
}
