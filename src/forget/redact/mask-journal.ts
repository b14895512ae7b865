import type { MaskedEpisode } from '../../graph/commit-changes.ts';
import type { Param } from '../../graph/query-text.ts';
import { maskSupport } from '../../ingest/claims.ts';
import type { NewEntry } from '../../journal/entry.ts';
import { parseJson } from '../../json.ts';
import { redactEntry } from '../redact-journal.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { learnSecretsIn, maskValue } from './mask-values.ts';

export interface JournalMask {
  readonly known: KnownSecrets;
  /** Exact texts with their replacements; see `RedactionPlan`. */
  readonly replacements: ReadonlyMap<string, string>;
  /** For each episode, entity and fact the secrets that are hidden there only. */
  readonly ownSecrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** For each entity and saga the secrets that are hidden in its summaries. */
  readonly summarySecrets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Masked episodes by uuid. */
  readonly masked: ReadonlyMap<string, MaskedEpisode>;
}

const UUID_OR_TIME =
  /^([a-z]+:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|^\d{4}-\d\d-\d\dT[\d:.+Z-]+$/;
/** Fields without text, or with words in which nothing is recognised; those of masked episodes are replaced as a whole. */
const WORDS = new Set([
  'terms',
  'key',
  'subject',
  'value',
  'now',
  'beside',
  'scope',
  'kind',
  'role',
  'version',
  'mark',
  'after',
]);
/** Those of them that may have a secret of the row's element. */
const REMEMBERED_WORDS = new Set(['terms', 'key', 'subject', 'value', 'beside']);
const PLAIN = new Set(['label', 'group', 'group_id', 'use', 'source']);
const JSON_TEXTS = new Set(['metadata', 'told']);
/** Of entities and sagas: the new one and the one before. */
const SUMMARIES = new Set(['summary', 'was']);
const NAMES = ['name', 'fact', 'alias'] as const;

type Row = Readonly<Record<string, Param>>;
type Secrets = ReadonlySet<string>;
const NO_SECRETS: Secrets = new Set();

/**
 * Masks secrets in an entry. Uuids, times and the structure stay, so that the entry can be replayed. Vectors of changed texts become
 * vectors without meaning: the entry of the redaction itself sets the right ones.
 */
export function maskEntry(entry: NewEntry, mask: JournalMask): NewEntry {
  const { masked } = mask;
  const redactions = { removed: NO_SECRETS, resummarized: NO_SECRETS, reworded: NO_SECRETS, words: NO_SECRETS, masked };
  const after = redactEntry(entry, redactions);
  return { ...after, params: maskParam('', after.params as Row, mask, NO_SECRETS) as NewEntry['params'] };
}

/** @param own secrets that are hidden in the element of the row only */
function maskParam(name: string, value: Param, mask: JournalMask, own: Secrets): Param {
  if (typeof value === 'string') return maskField(name, value, mask, own);
  if (Array.isArray(value)) {
    if (typeof value[0] === 'number') return value;
    if (name === 'supports') return value.map((support) => maskOneSupport(String(support), mask, own));
    return value.map((item) => maskParam(name, item, mask, own));
  }
  if (value === null || typeof value !== 'object') return value;
  if (name === 'attributes') return maskAttributes(value, mask, own) as Param;
  const row = value as Row;
  const rowOwn = ownSecretsOf(row, mask) ?? own;
  const ofSummary = mask.summarySecrets.get(String(row.uuid ?? row.saga)) ?? rowOwn;
  const after = Object.fromEntries(
    Object.entries(row).map(([inner, field]) => [
      inner,
      maskParam(inner, field, mask, SUMMARIES.has(inner) ? ofSummary : rowOwn),
    ]),
  );
  const isReworded = NAMES.some((field) => after[field] !== row[field]);
  return isReworded && Array.isArray(row.embedding) ? { ...after, embedding: blankVector(row.embedding) } : after;
}

/** Those of the element that a row is about; undefined if the row does not say, or the element has none. */
function ownSecretsOf({ uuid, key, entity, alias }: Row, { ownSecrets }: JournalMask): Secrets | undefined {
  if (typeof uuid === 'string') return ownSecrets.get(uuid);
  if (typeof alias === 'string' && typeof entity === 'string') return ownSecrets.get(entity);
  return typeof key === 'string' ? ownSecrets.get(key.replace(/^(?:fact|episode):/, '')) : undefined;
}

/** Not all zeros, which would have no distance. */
const blankVector = (vector: readonly Param[]): Param => vector.map((_, place) => (place === 0 ? 1 : 0));

function maskField(name: string, text: string, mask: JournalMask, own: Secrets): Param {
  const { known, replacements } = mask;
  if (PLAIN.has(name) || UUID_OR_TIME.test(text)) return text;
  if (WORDS.has(name))
    return replacements.get(text) ?? known.replaceKnown(text, REMEMBERED_WORDS.has(name) ? own : NO_SECRETS);
  if (!JSON_TEXTS.has(name)) return maskText(text, mask, own);
  const value = parseJson(text);
  if (value === null || typeof value !== 'object') return maskText(text, mask, own);
  const after = JSON.stringify(
    name === 'metadata'
      ? maskValue(value, (inner) => maskText(inner, mask, own), own)
      : maskAttributes(value, mask, own),
  );
  return after === JSON.stringify(value) ? text : after;
}

/** Also hides values that are secrets because of their names. */
function maskAttributes(value: unknown, mask: JournalMask, own: Secrets): unknown {
  const all = new Set([...own, ...learnSecretsIn(mask.known, value)]);
  return maskValue(value, (text) => maskText(text, mask, all), all);
}

const maskOneSupport = (support: string, mask: JournalMask, own: Secrets): string =>
  maskSupport(support, (text, episode) => maskText(text, mask, mask.ownSecrets.get(episode) ?? own));

const maskText = (text: string, { known, replacements }: JournalMask, own: Secrets): string =>
  replacements.get(text) ?? known.mask(text, own);
