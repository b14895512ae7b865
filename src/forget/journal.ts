import type { MaskedEpisode } from '../graph/changes.ts';
import type { Param } from '../graph/codec.ts';
import { withoutMentions } from '../ingest/mentions.ts';
import { sameKey } from '../ingest/names.ts';
import type { NewEntry } from '../journal/entry.ts';

/** What must not stand in a journal any more. */
export interface Unsaid {
  /** uuids of all that is gone. */
  readonly gone: ReadonlySet<string>;
  /** uuids of entities and sagas whose summaries are others from now on. */
  readonly retold: ReadonlySet<string>;
  /** uuids of facts and entities that stay, with other words, names or attributes from now on. */
  readonly reworded: ReadonlySet<string>;
  /** Other words of facts that stay, and names of entities that stay, as they are compared (`sameKey`). */
  readonly words: ReadonlySet<string>;
  /** What is left of episodes that stay without some sentences, by uuid. */
  readonly masked: ReadonlyMap<string, MaskedEpisode>;
}

const UUID = /^([a-z]+:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
/** What says what kind of thing it is, or to which graph it belongs. */
const KINDS = new Set(['label', 'group_id']);
const JSON_TEXTS = new Set(['metadata', 'use', 'told', 'unread']);
const TOLD_ANEW = new Set(['summary', 'was']);
const SAID_ANEW = new Set(['fact', 'relation', 'embedding', 'name', 'attributes']);

type Row = Readonly<Record<string, Param>>;

/**
 * An entry without the words of what is forgotten: uuids, times and the shape of everything stay, so that it can be replayed. What
 * it makes then is taken away again by the entry of the forgetting itself, or is told anew there.
 */
export function withoutWords(entry: NewEntry, unsaid: Unsaid): NewEntry {
  const params = changed(entry.params as Row, unsaid) as NewEntry['params'];
  return params === entry.params ? entry : { ...entry, params };
}

/** The same object where nothing in it changes. */
function changed(value: Param, unsaid: Unsaid): Param {
  if (Array.isArray(value)) {
    if (typeof value[0] === 'number') return value;
    const all = value.map((it) => changed(it, unsaid));
    return all.some((it, place) => it !== value[place]) ? all : value;
  }
  if (value === null || typeof value !== 'object') return value;
  const row = value as Row;
  const pairs = Object.entries(row).map(([name, it]) => [name, inRow(row, name, it, unsaid)] as const);
  return pairs.some(([name, it]) => it !== row[name]) ? Object.fromEntries(pairs) : row;
}

function inRow(row: Row, name: string, value: Param, unsaid: Unsaid): Param {
  const uuid = uuidOf(row);
  if (unsaid.gone.has(uuid) || isOfGone(row, unsaid)) return blank(name, value, uuid);
  const left = unsaid.masked.get(uuid);
  if (left && isMade(name)) return left[name] as Param;
  // The vector of a passage that may be of the whole text; those of what is left come with the entry of the forgetting.
  if (name === 'embedding' && unsaid.masked.has(String(row.episode))) return blank(name, value, uuid);
  if (unsaid.retold.has(uuid) && TOLD_ANEW.has(name)) return blank(name, value, uuid);
  if (unsaid.reworded.has(uuid) && SAID_ANEW.has(name)) return blank(name, value, uuid);
  if (name === 'told' && typeof value === 'string') return withoutMentions(value, unsaid.gone);
  if (name === 'supports' && Array.isArray(value)) return unsupported(value as string[], unsaid);
  if (name === 'wordings' && Array.isArray(value) && value.some((it) => unsaid.words.has(String(it))))
    return value.filter((it) => !unsaid.words.has(String(it)));
  if (typeof row.alias === 'string' && unsaid.words.has(sameKey(row.alias)) && name !== 'entity')
    return name === 'key' ? `alias:${String(row.entity)}` : String(row.entity);
  return changed(value, unsaid);
}

const MADE_OF_TEXT = ['content', 'metadata', 'passages', 'statements'] as const;
const isMade = (name: string): name is (typeof MADE_OF_TEXT)[number] => MADE_OF_TEXT.some((it) => it === name);

/** What a row is about: itself, the fact that its key names, the entity of an alias, or a saga whose summary is written. */
function uuidOf({ uuid, key, entity, alias, saga, name }: Row): string {
  if (typeof uuid === 'string') return uuid;
  if (typeof key === 'string' && key.startsWith('fact:')) return key.slice('fact:'.length);
  if (typeof alias === 'string' && typeof entity === 'string') return entity;
  return typeof saga === 'string' && name === undefined ? saga : '';
}

/** A community is told from all that is known of its members, the vector of a passage from its episode. */
function isOfGone({ members, episode }: Row, { gone, retold, reworded }: Unsaid): boolean {
  if (typeof episode === 'string' && gone.has(episode)) return true;
  if (!Array.isArray(members)) return false;
  return members.some((member) => [gone, retold, reworded].some((some) => some.has(uuidOf(member as Row))));
}

function blank(name: string, value: Param, uuid: string): Param {
  if (typeof value === 'string') {
    if (KINDS.has(name) || UUID.test(value) || TIME.test(value)) return value;
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

/** `ingest/claims.ts` says what stands where. */
const plainSupport = (support: string): string => support.split(' ').slice(0, 4).join(' ');

function unsupported(supports: readonly string[], { gone }: Unsaid): Param {
  const all = supports.map((it) => (gone.has(it.split(' ', 1)[0] ?? '') ? plainSupport(it) : it));
  return all.some((it, place) => it !== supports[place]) ? all : supports;
}
