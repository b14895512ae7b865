import { isTakenOver } from './doer.ts';
import { endsOwn } from './own-move.ts';
import type { PropertyValue } from './property-value.ts';
import type { StatedChange } from './stated-change.ts';
import { isNumber, termKey, UNITS } from './words.ts';

const PLACES = new Set(
  'stand liv sit bas locat host run use be|on be|in be|at be|with stor keep deploy build serv send go writ render keep call lie manag measur back sent resid hold publish track'.split(
    ' ',
  ),
);
const DUTIES = new Set(
  'lead own maintain manag head chair moderat coordinat supervis responsibl work be handl run review sign driv'.split(
    ' ',
  ),
);

/** Whether a later change ends this value of a property. */
export function endsStatement(change: StatedChange, propertyValue: PropertyValue): boolean {
  const { terms, value } = propertyValue;
  const holds = (some: readonly string[]) => some.every((term) => terms.has(term));
  if (
    change.newValue.length > 0 &&
    value.length > 0 &&
    termKey(change.newValue.filter((it) => value.includes(it))) === termKey(value)
  )
    return false;
  if (change.oldValue.length > 0) {
    if (!holds(change.oldValue) || !holds(particular(change.subject))) return false;
    if (!isWholeValue(change.oldValue, propertyValue)) return false;
    if (change.endsWhat === 'person')
      return termKey(propertyValue.subject) === termKey(change.oldValue) ||
        (propertyValue.kind === 'person' && termKey(value) === termKey(change.oldValue))
        ? DUTIES.has(propertyValue.verb) && isInRole(change.context, propertyValue)
        : false;
    if (change.endsWhat === 'name') return isNameOf(change.oldValue, propertyValue);
    if (change.subject.length > 0 || change.everywhere)
      return change.everywhere ? isAbout(change.oldValue, propertyValue) : true;
    if (change.oldValue.length > 1 && change.oldValue.length >= terms.size - 1) return true;
    return change.context.length === 0
      ? isAbout(change.oldValue, propertyValue)
      : some(change.context, propertyValue, false);
  }
  if (change.subject.length === 0) return isOtherVersion(change, propertyValue);
  if (!holds(change.subject) || value.length === 0) return false;
  if (change.endsWhat === 'own') return endsOwn(change, propertyValue);
  if (change.endsWhat === 'role') return isRoleOf(change.subject, propertyValue);
  if (change.endsWhat === 'release') return isEarlierRelease(change, propertyValue);
  if (change.endsWhat === 'version' && isOlderNumber(change, propertyValue)) return true;
  const subject = propertyValue.subject.filter((term) => term !== 'default');
  if (!subject.every((term) => change.subject.includes(term)) && propertyValue.kind !== 'number') return false;
  const numbers = change.newValue.filter(isNumber);
  const shared = value.filter((term) => !isNumber(term) && change.newValue.includes(term));
  // "The infra team" and "the data team" share only what they both are.
  const isSameHead =
    value.length > 1 && shared.length === 1 && value.at(-1) === shared[0] && change.newValue.at(-1) === shared[0];
  const sameName = shared.length > 0 && !isSameHead;
  if (propertyValue.kind === 'version' && numbers.length > 0 && sameName) return true;
  if (
    change.endsWhat === 'place' &&
    numbers.length > 0 &&
    value.some(isNumber) &&
    change.newValue.some((term) => !isNumber(term) && terms.has(term))
  )
    return true;
  if (change.endsWhat === 'number')
    return (
      propertyValue.kind === 'date' ||
      (propertyValue.kind === 'number' && propertyValue.isSingle && sameUnit(value, change.newValue))
    );
  if (change.endsWhat === 'version' || propertyValue.kind === 'number' || propertyValue.kind === 'date') return false;
  return PLACES.has(propertyValue.verb.replace(' ', '|')) && !sameName;
}

/** Whether it says what something is called. "Fennmoor is the map renderer" and "Fennmoor calls Brinewick" hold under a new name too. */
function isNameOf(renamed: readonly string[], propertyValue: PropertyValue): boolean {
  const { verb, value, kind, terms } = propertyValue;
  const isValue = termKey(value) === termKey(renamed);
  if (terms.has('call')) return isValue || verb !== 'call';
  return isKnownByName(renamed, propertyValue) || (verb === 'be' && kind !== 'person' && isValue);
}

/** "The default branch is master": the value is the name of what was renamed. */
function isKnownByName(renamed: readonly string[], { verb, subject, form, kind, isSingle }: PropertyValue): boolean {
  const isName = verb === 'be' && kind === 'name' && isSingle && form !== 'quality';
  return isName && /^(?:branch|channel|bucket)$/.test(subject.at(-1) ?? '') && termKey(subject) === termKey(renamed);
}

const GROUPS = new Set('compan company firm team group board project role post'.split(' '));

/** "Omar stepped down as CTO", after "Omar is the CTO". */
function isInRole(context: readonly string[], propertyValue: PropertyValue): boolean {
  if (context.length === 0) return true;
  return context.every((term) => propertyValue.terms.has(term) || GENERIC.has(term) || GROUPS.has(term));
}

/** Who took over the checkout service took over nothing else of it. */
function isRoleOf(about: readonly string[], { kind, verb, subject }: PropertyValue): boolean {
  return (
    kind === 'person' &&
    (verb === 'be' || isTakenOver(verb)) &&
    particular(subject).every((term) => about.includes(term))
  );
}

const VERSION = new Set(['version', 'releas', 'release', 'current', 'latest', 'newest', 'stabl', 'stable']);
const withoutVersion = (terms: readonly string[]) => termKey(terms.filter((term) => !VERSION.has(term)));

/** "Postgres is at version 13" after "Postgres was bumped to 16"; "We run Kubernetes 1.28" after "Kubernetes was upgraded to 1.31". */
function isOlderNumber({ subject, newValue }: StatedChange, propertyValue: PropertyValue): boolean {
  const { kind, value, verb, terms } = propertyValue;
  if (!newValue.some(isNumber) || newValue.some((term) => !isNumber(term) && !VERSION.has(term))) return false;
  if (kind === 'version')
    return propertyValue.subject.length === 0 && termKey(value.filter((term) => !isNumber(term))) === termKey(subject);
  const isVersion = terms.has('version') || terms.has('releas') || /^(?:be at|be on|pin|run|use)$/.test(verb);
  return (
    kind === 'number' &&
    isVersion &&
    value.every(isNumber) &&
    withoutVersion(propertyValue.subject) === withoutVersion(subject)
  );
}

/** "The current version is 0.9" after "We released version 1.0.0", but not after a later release of an older line. */
function isEarlierRelease({ subject, newValue }: StatedChange, propertyValue: PropertyValue): boolean {
  const [before, after] = [propertyValue.value, newValue].map((value) => value.find(isNumber)?.replace(/^v/, ''));
  if (!before || !after || propertyValue.verb !== 'be' || !propertyValue.subject.some((term) => VERSION.has(term)))
    return false;
  return (
    withoutVersion(propertyValue.subject) === withoutVersion(subject) &&
    before.localeCompare(after, 'en', { numeric: true }) < 0
  );
}

/** "the bookings database" may be called bookings elsewhere, and "the atlas project" Atlas. */
function particular(subject: readonly string[]): readonly string[] {
  const left = subject.filter((term) => !GENERIC.has(term));
  return left.length > 0 ? left : subject;
}

const GENERIC = new Set(
  'databas db servic server system app application store layer stack setup backend project repo repository codebas monorepo'.split(
    ' ',
  ),
);

/** "React is now 19", "uses React 19", after which a project is back on React 18. */
function isOtherVersion({ newValue }: StatedChange, { kind, value, subject }: PropertyValue): boolean {
  const [name = '', number = ''] = [newValue.find((term) => !isNumber(term)), newValue.find(isNumber)];
  if (value.includes(number)) return false;
  return (kind === 'version' && value.includes(name)) || (kind === 'number' && termKey(subject) === name);
}

/** "React" is not "React Native", but "Postgres" is "Postgres 15". */
function isWholeValue(oldValue: readonly string[], { value }: PropertyValue): boolean {
  const inValue = value.filter((term) => oldValue.includes(term));
  return inValue.length === 0 || value.every((term) => oldValue.includes(term) || isNumber(term) || UNITS.has(term));
}

function isAbout(oldValue: readonly string[], { value, subject }: PropertyValue): boolean {
  const key = termKey(oldValue);
  if (value.length > 0 && value.every((term) => oldValue.includes(term))) return true;
  return key === termKey(value) || key === termKey(value.filter((term) => !isNumber(term))) || key === termKey(subject);
}

function some(context: readonly string[], propertyValue: PropertyValue, whenNone: boolean): boolean {
  return context.length === 0
    ? whenNone
    : context.some((term) => propertyValue.terms.has(term) && !propertyValue.value.includes(term));
}

function sameUnit(one: readonly string[], other: readonly string[]): boolean {
  const unit = (terms: readonly string[]) => terms.find((term) => UNITS.has(term));
  const [a, b] = [unit(one), unit(other)];
  return !a || !b || a === b || (TIMES.has(a) && TIMES.has(b)) || (SIZES.has(a) && SIZES.has(b));
}

const TIMES = new Set('m ms s sec second minute minut min hour h day week month year'.split(' '));
const SIZES = new Set('kb mb gb tb kib mib gib byte'.split(' '));
