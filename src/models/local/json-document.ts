import { datesIn } from '../../english/dates.ts';
import { classifyWord, isPackageName } from './code-names.ts';
import type { Gathering } from './gathering.ts';
import { type NamedThing, normalised } from './named-thing.ts';
import { screaming } from './relations.ts';
import { versionName } from './versions.ts';
import { WELL_KNOWN_PRODUCTS } from './vocabulary.ts';

/** Deeper parts of a document are not read. */
const DEEPEST = 8;
const LONGEST_VALUE_NAME = 60;
const LONGEST_FACT = 600;
const NAME_KEYS = ['name', 'title', 'id', 'key', 'slug', 'username', 'login', 'label'];
/** Where an object has no name of its own, what it belongs to stands for it. */
const OWNER_KEYS = [
  'project',
  'service',
  'repository',
  'repo',
  'package',
  'app',
  'component',
  'user',
  'person',
  'author',
  'file',
  'path',
];
const DATE_KEYS =
  /^(?:at|on|date|time|timestamp|since|valid_?(?:at|from)|(?:created|updated|released?|started?)(?:_?(?:at|on|date))?)$/i;
const LABELS = new Map(
  [
    'Person',
    'Product',
    'Package',
    'File',
    'Organization',
    'Place',
    'Project',
    'Service',
    'Team',
    'Tool',
    'Company',
  ].map((label) => [label.toLowerCase(), label]),
);

type Properties = Record<string, unknown>;

/** Where in the document we are: who the values belong to, by which keys, since when. */
interface Place {
  readonly owner: NamedThing | null;
  readonly path: readonly string[];
  readonly depth: number;
  readonly validAt: Date;
}

/** Undefined when the text is no JSON object or list. */
export function parsedDocument(content: string): object | undefined {
  try {
    const document: unknown = JSON.parse(content);
    return typeof document === 'object' && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}

export function readDocument(document: object, gathering: Gathering, reference: Date): void {
  readValue(document, { owner: null, path: [], depth: 0, validAt: reference }, gathering);
}

function readValue(value: unknown, place: Place, gathering: Gathering): void {
  if (gathering.isFull || place.depth > DEEPEST) return;
  if (Array.isArray(value)) {
    for (const element of value) {
      if (gathering.isFull) return;
      readValue(element, { ...place, depth: place.depth + 1 }, gathering);
    }
  } else if (typeof value === 'object' && value !== null) {
    readObject(value as Properties, place, gathering);
  } else {
    readScalar(value, place, gathering);
  }
}

function readObject(object: Properties, place: Place, gathering: Gathering): void {
  const nameKey = keyAmong(object, NAME_KEYS) ?? (place.owner ? undefined : keyAmong(object, OWNER_KEYS));
  const own = nameKey === undefined ? null : thingCalled(String(object[nameKey]), object);
  const validAt = dateIn(object, place.validAt);
  if (own && place.owner) addFact(gathering, place.owner, own, place.path, own.name, validAt);
  else if (own) gathering.addThing(own);
  const isOwnerKey = nameKey !== undefined && !NAME_KEYS.includes(nameKey.toLowerCase());
  const path = own && !isOwnerKey ? [] : place.path;
  const owner = own ?? place.owner ?? (hasScalars(object) ? unnamedOwner(place.path) : null);
  for (const [key, value] of Object.entries(object)) {
    if (key === nameKey || (own && isLabel(key, value)) || (DATE_KEYS.test(key) && asDate(value))) continue;
    const inner = owner && !own && !place.owner ? [words(key)] : [...path, words(key)];
    readValue(value, { owner, path: inner.slice(-3), depth: place.depth + 1, validAt }, gathering);
  }
}

function readScalar(value: unknown, place: Place, gathering: Gathering): void {
  if (place.owner === null || value === null || value === '') return;
  const text = String(value).replace(/\s+/g, ' ').trim();
  const target = valueName(value, text) ?? versionOf(place, text);
  // A number or a sentence is no thing; the text of the document tells it.
  if (!target) return;
  addFact(gathering, place.owner, target, place.path, text, place.validAt);
}

function addFact(
  gathering: Gathering,
  source: NamedThing,
  target: NamedThing,
  path: readonly string[],
  value: string,
  validAt: Date,
): void {
  const property = path.join(' ');
  const fact = `${source.name}${property && ` ${property}`}: ${value}`.slice(0, LONGEST_FACT);
  const relation = screaming(path) ?? 'RELATES_TO';
  gathering.addFact({ source, target, relation, fact, validAt, invalidAt: null });
}

function versionOf({ owner, path }: Place, value: string): NamedThing | null {
  if (!owner || path.at(-1) !== 'version' || !/^v?\d/.test(value)) return null;
  return { name: versionName(owner.name, value.slice(0, 30)), type: 'Version' };
}

/** Numbers, dates, links and long texts are told by the fact; only short words are things of their own. */
function valueName(value: unknown, text: string): NamedThing | null {
  if (typeof value !== 'string' || text.length > LONGEST_VALUE_NAME || text.length < 2) return null;
  if (!/\p{L}/u.test(text) || /:\/\//.test(text) || asDate(value) || /^(?:true|false|null|none|n\/a)$/i.test(text))
    return null;
  if (/^[0-9a-f-]{16,}$/i.test(text)) return null;
  return thingCalled(text, {});
}

function thingCalled(name: string, object: Properties): NamedThing | null {
  const short = name.replace(/\s+/g, ' ').trim().slice(0, LONGEST_VALUE_NAME);
  if (normalised(short) === '') return null;
  const label = LABELS.get(String(object.type ?? object.kind ?? '').toLowerCase());
  if (label) return { name: short, type: label };
  if (WELL_KNOWN_PRODUCTS.has(short.toLowerCase())) return { name: short, type: 'Product' };
  return classifyWord(short) ?? { name: short, type: isPackageName(short) ? 'Package' : 'Entity' };
}

function isLabel(key: string, value: unknown): boolean {
  return /^(?:type|kind)$/i.test(key) && LABELS.has(String(value).toLowerCase());
}

function keyAmong(object: Properties, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = object[key];
    if ((typeof value === 'string' && value.trim() !== '') || typeof value === 'number') return key;
  }
  return undefined;
}

/** Of a document without a name nothing can be said. */
function unnamedOwner(path: readonly string[]): NamedThing | null {
  const name = path.at(-1);
  return name === undefined ? null : { name, type: 'Entity' };
}

function hasScalars(object: Properties): boolean {
  return Object.values(object).some((value) => value !== null && typeof value !== 'object');
}

function dateIn(object: Properties, otherwise: Date): Date {
  for (const [key, value] of Object.entries(object)) {
    const date = DATE_KEYS.test(key) ? asDate(value) : null;
    if (date) return date;
  }
  return otherwise;
}

function asDate(value: unknown): Date | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d(?:[T ]|$)/.test(value)) return null;
  return datesIn(value, new Date(0))[0]?.at ?? null;
}

/** "baseUrl" and "base_url" read "base url". */
function words(key: string): string {
  return key
    .slice(0, LONGEST_VALUE_NAME)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase()
    .trim();
}
