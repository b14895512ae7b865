import type { PropertyValue } from './property-value.ts';
import { parseSentences } from './sentence.ts';
import { areOfOneKind } from './software-kinds.ts';
import type { Statement } from './statement.ts';
import { isNumber, termKey } from './words.ts';

type HeldValue = Statement & { readonly kind: 'holds' };

/** Whether a later value with the same key takes the place of an earlier one, and is not one more value or a value of another property. */
export function isOtherValue(statement: HeldValue, old: PropertyValue): boolean {
  const isOfOne = old.isSingle && statement.isSingle;
  return (isOfOne || !isAddition(statement, old)) && isComparable(statement, old);
}

/** Verbs of which another value is one more, also if it is new: "the SDK supports Python 3.13 now". Stems. */
const ADDITIVE = new Set(
  'support ship offer provid contain requir need accept includ know depend speak understand rely'.split(' '),
);

function isAddition({ verb, text }: HeldValue, { kind, value }: PropertyValue): boolean {
  if (!ADDITIVE.has(verb) || kind === 'number' || /\b(?:only|instead|no longer)\b/i.test(text)) return false;
  return kind !== 'version' || verb === 'support' || value.length === 0;
}

/** Verbs of which something has a value for each kind: "uses Kong and OpenTelemetry". Stems. */
const OF_MANY_KINDS = new Set(['use', 'run', 'build', 'hav', 'have']);

/**
 * Of a change only the subject is known: "Redis was bumped to 7.2" says nothing about "Redis is our fastest store", nor "the cache was moved to
 * Valkey" about "the cache has 4 GB".
 */
function isOfChangedProperty(next: PropertyValue, old: PropertyValue): boolean {
  if (old.kind === 'number' && !next.value.some(isNumber)) return false;
  return (old.verb !== 'be' && old.verb !== 'have') || old.isSingle || old.form === 'named';
}

/** "listens on 8080", not "on all interfaces" or "on 10.0.0.5" */
const isPort = (value: readonly string[]): boolean => /^\d{2,5}$/.test(value.join(' '));

/**
 * Whether two values can be values of one property. "Redshift" and "in Dublin", "at 02:00" and "on Kubernetes", "eu-west-1" and "three
 * zones", "Redshift" and "slow" cannot; "Loki and S3" includes "Loki".
 */
function isComparable(statement: HeldValue, old: PropertyValue): boolean {
  if (statement.verb === 'listen' && isPort(old.value) !== isPort(statement.value)) return false;
  const isWord = ({ kind }: PropertyValue) => kind === 'name' || kind === 'person';
  if (isWord(old) && old.value.length > 0 && old.value.every((term) => statement.value.includes(term))) return false;
  // "Nora" after "Nora Ek"
  if (old.kind === 'person' && statement.value.every((term) => old.value.includes(term))) return false;
  if (OF_MANY_KINDS.has(statement.verb)) {
    const isOneKind = areOfOneKind(statement.value, old.value);
    // "We use Kafka now" does not say for what.
    const isForNothing = statement.key === statement.verb;
    if (isForNothing ? !isOneKind : isOneKind === false && !/\binstead\b/i.test(statement.text)) return false;
  }
  const { text: content, saidAt: referenceTime } = statement;
  const next = parseSentences({ content, source: 'text', referenceTime })
    .flatMap(({ propertyValues }) => propertyValues)
    .find(({ key, value }) => key === statement.key && termKey(value) === termKey(statement.value));
  if (next?.isAfterChange) return isOfChangedProperty(next, old);
  if (!next || !(isWord(old) || isWord(next))) return true;
  if (next.preposition !== old.preposition) return false;
  if (next.kind !== old.kind) return true;
  if (old.verb.startsWith('be ') && old.form === 'named' && next.form === 'other') return false;
  const forms = [old.form, next.form];
  return (
    next.form === old.form || forms.includes('other') || forms.every((form) => form === 'time' || form === 'counted')
  );
}
