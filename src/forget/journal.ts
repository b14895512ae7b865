import type { MaskedEpisode } from '../graph/changes.ts';
import type { Param } from '../graph/codec.ts';
import { withoutMentions } from '../ingest/mentions.ts';
import { sameKey } from '../ingest/names.ts';
import type { NewEntry } from '../journal/entry.ts';

/** What must be removed from a journal. */
export interface Redactions {
  /** uuids of everything that is removed. */
  readonly removed: ReadonlySet<string>;
  /** uuids of entities and sagas with a new summary. */
  readonly resummarized: ReadonlySet<string>;
  /** uuids of facts and entities that stay with a new wording, name or attributes. */
  readonly reworded: ReadonlySet<string>;
  /** Removed wordings of facts and names of entities that stay, as compared keys (`sameKey`). */
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
 */
export function redactEntry(entry: NewEntry, redactions: Redactions): NewEntry {
  const params = redactValue(entry.params as Row, redactions) as NewEntry['params'];
  return params === entry.params ? entry : { ...entry, params };
}

/** Returns the same object if nothing in it changes. */
function redactValue(value: Param, redactions: Redactions): Param {
  if (Array.isArray(value)) {
    if (typeof value[0] === 'number') return value;
    const all = value.map((it) => redactValue(it, redactions));
    return all.some((it, place) => it !== value[place]) ? all : value;
  }
  if (value === null || typeof value !== 'object') return value;
  const row = value as Row;
  const pairs = Object.entries(row).map(([name, it]) => [name, redactField(row, name, it, redactions)] as const);
  return pairs.some(([name, it]) => it !== row[name]) ? Object.fromEntries(pairs) : row;
}

function redactField(row: Row, name: string, value: Param, redactions: Redactions): Param {
  const uuid = uuidOf(row);
  if (redactions.removed.has(uuid) || belongsToRemoved(row, redactions)) return blank(name, value, uuid);
  const left = redactions.masked.get(uuid);
  if (left && isDerived(name)) return left[name] as Param;
  // The vector may be of the whole text; the vectors of the remaining text are in the forget task's entry.
  if (name === 'embedding' && redactions.masked.has(String(row.episode))) return blank(name, value, uuid);
  if (redactions.resummarized.has(uuid) && SUMMARY_FIELDS.has(name)) return blank(name, value, uuid);
  if (redactions.reworded.has(uuid) && WORDING_FIELDS.has(name)) return blank(name, value, uuid);
  if (name === 'told' && typeof value === 'string') return withoutMentions(value, redactions.removed);
  if (name === 'supports' && Array.isArray(value)) return redactSupports(value as string[], redactions);
  if (name === 'wordings' && Array.isArray(value) && value.some((it) => redactions.words.has(String(it))))
    return value.filter((it) => !redactions.words.has(String(it)));
  if (typeof row.alias === 'string' && redactions.words.has(sameKey(row.alias)) && name !== 'entity')
    return name === 'key' ? `alias:${String(row.entity)}` : String(row.entity);
  return redactValue(value, redactions);
}

const DERIVED_FIELDS = ['content', 'metadata', 'passages', 'statements'] as const;
const isDerived = (name: string): name is (typeof DERIVED_FIELDS)[number] => DERIVED_FIELDS.some((it) => it === name);

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
  return members.some((member) => [removed, resummarized, reworded].some((some) => some.has(uuidOf(member as Row))));
}

function blank(name: string, value: Param, uuid: string): Param {
  if (typeof value === 'string') {
    if (PUBLIC_FIELDS.has(name) || UUID.test(value) || TIME.test(value)) return value;
    if (JSON_TEXTS.has(name)) return null;
    return name === 'key' ? `alias:${uuid}` : uuid;
  }
  if (Array.isArray(value)) {
    if (typeof value[0] === 'number') return value.map((_, place) => (place === 0 ? 1 : 0));
    if (name === 'supports') return value.map((it) => plainSupport(String(it)));
    if (name !== 'members' && value.some((it) => typeof it === 'object'))
      return value.map((it) => blank(name, it, uuid));
    return value.every((it) => typeof it !== 'string' || UUID.test(it)) ? value : [];
  }
  if (value === null || typeof value !== 'object') return value;
  if (name === 'attributes') return {};
  return Object.fromEntries(Object.entries(value as Row).map(([inner, it]) => [inner, blank(inner, it, uuid)]));
}

/** See `supportText` in `ingest/claims.ts` for the format. */
const plainSupport = (support: string): string => support.split(' ').slice(0, 4).join(' ');

function redactSupports(supports: readonly string[], { removed }: Redactions): Param {
  const all = supports.map((it) => (removed.has(it.split(' ', 1)[0] ?? '') ? plainSupport(it) : it));
  return all.some((it, place) => it !== supports[place]) ? all : supports;
}
