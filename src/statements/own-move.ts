import { isStopword, stem } from '../english/words.ts';
import type { ChangeParts } from './patterns.ts';
import type { PropertyValue } from './property-value.ts';
import { areOfOneKind, areStores } from './software-kinds.ts';
import type { StatedChange } from './stated-change.ts';
import { isNumber, termKey } from './words.ts';

/*
 * "Harbor moved its sessions to Valkey": where something has a thing of its own. The old value is not named, so the earlier sentence must be
 * about this thing of this owner and nothing else, and both values must be of one sort.
 */

/** "Valkey 8", "GitHub Actions", "eu-west-1"; but not "a new format" or "Valkey for the load test". */
const NAME = /^(?:[\p{Lu}\d][^\s,]*(?: [\p{Lu}\dv][^\s,]*){0,3}|[a-z]+-[a-z]+-\d)$/u;
const NO_PLACE_TO_MOVE_TO =
  /^(?:@|\d|(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|(?:json|yaml|xml|toml|csv|parquet|avro|protobuf|markdown|html|pdf|utc|utf-?8|https?)\b)|\b(?:team|group|squad|branch)\b/i;
/** "Harbor had moved its …", "Harbor never moved its …", "it moved its …" name no owner, or no change. */
const NO_OWNER =
  /^(?:it|he|she|they|we|i|you|this|that|who|which|everyone|nobody|someone|since|from|as|after|before|when|if)\b|[,:;]|\b(?:had|was|were|be|been|being|not|never|almost|nearly|once|who|which|that|and|or)$/i;

/** What the clause "<owner> moved its <thing> to <name>" changes; nothing if the owner or the new value is not a name. */
export function ownMove(owner = '', thing = '', value = ''): ChangeParts {
  const words = value.split(' ');
  const isListed = words.length === 1 && isKnown([stem(value)]);
  if (NO_OWNER.test(owner) || NO_PLACE_TO_MOVE_TO.test(value) || !(NAME.test(value) || isListed)) return {};
  if (/\b(?:and|or|from|of|for|in)\b/i.test(thing)) return {};
  return { subject: `${owner} ${thing}`, newValue: value, endsWhat: 'own' };
}

/** Verbs after which only the thing's place can stand. Stems. */
const KEEPING = new Set(['keep', 'stor', 'store', 'hold', 'persist', 'sav']);
/** Verbs that also say with what or by whom something is done. Stems. */
const PLACING = new Set(
  'host|liv|stand|sit|resid|locat|bas|run|use|be on|be in|be at|be with|go|send|build|deploy|publish|render|writ|track|manag|serv|process|handl|lie'.split(
    '|',
  ),
);
/** In another clause: "but went back to Redis", "then rolled back". Stems. */
const UNDONE = new Set('go mov roll revert return undo undon fail abort'.split(' '));
const REGION = /^[a-z]+-[a-z]+-\d[a-z]?$/;
const PLACES = new Set(
  `frankfurt berlin hamburg munich cologne bremen kiel leipzig dresden stuttgart nuremberg falkenstein helsinki stockholm oslo copenhagen
  dublin london manchester edinburgh amsterdam rotterdam utrecht delft brussels ghent leuven antwerp paris lyon nice marseille madrid
  barcelona lisbon porto milan rome turin zurich geneva bern basel vienna graz linz prague warsaw krakow budapest bucharest sofia athens
  istanbul moscow kyiv riga tallinn vilnius tokyo osaka seoul singapore mumbai delhi bangalore hyderabad jakarta sydney melbourne auckland
  toronto montreal vancouver boston chicago dallas denver seattle portland austin houston atlanta miami oregon ohio virginia california
  texas ireland germany france spain italy poland sweden norway finland denmark netherlands belgium switzerland austria europe asia america
  africa australia canada brazil mexico india japan china korea usa uk eu us sao`
    .split(/\s+/)
    .map(stem),
);
const isPlace = (value: readonly string[]): boolean => value.some((term) => PLACES.has(term) || REGION.test(term));

/** Whether "Harbor moved its sessions to Valkey" ends "Harbor keeps its sessions in Redis 7". */
export function endsOwn({ subject, newValue, context }: StatedChange, old: PropertyValue): boolean {
  const { terms, value, verb, kind, form, preposition } = old;
  if ((kind !== 'name' && kind !== 'version') || form !== 'named') return false;
  const ofVerb = new Set([...value, ...verb.split(' ')]);
  const isOfThis = [...terms].every((term) => ofVerb.has(term) || isStopword(term) || subject.includes(term));
  if (!isOfThis || context.some((term) => UNDONE.has(term) || value.includes(term))) return false;
  if (isSameName(newValue, value)) return false;
  const isKept = KEEPING.has(verb);
  if (isPlace(newValue) !== isPlace(value) || !(isKept || PLACING.has(verb))) return false;
  if (areOfOneKind(newValue, value) === true) return true;
  if ((isKept || isOld(old)) && areStores(newValue, value)) return true;
  // "moved its metrics to OpenMetrics", after "keeps its metrics in InfluxDB"
  if (isKnown(newValue) || isKnown(value)) return false;
  if (isKept) return /^(?:in|on|at|with)$/.test(preposition);
  return (isPlace(value) && /^(?:in|at)$/.test(preposition)) || isOld(old);
}

const isKnown = (value: readonly string[]): boolean => areOfOneKind(value, value) === true;

/** The value after an earlier move of the same thing. */
const isOld = ({ isAfterChange, value }: PropertyValue): boolean =>
  isAfterChange === true && value.some((term) => !isNumber(term));

/** "Valkey" and "Redis Cluster" after "Valkey 8" and "Redis 7" may be the same; "Valkey 9" is another one. */
function isSameName(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [one, other].map((value) => value.filter((term) => !isNumber(term)));
  if (!a?.some((term) => b?.includes(term))) return false;
  return termKey(a) !== termKey(b ?? []) || !one.some(isNumber) || !other.some(isNumber);
}
