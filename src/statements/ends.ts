import type { Change } from './change.ts';
import type { Claim } from './claim.ts';
import { isNumber, keyOf, UNITS } from './word.ts';

const PLACES = new Set(
  'stand liv sit bas locat host run use be|on be|in be|at be|with stor keep deploy build serv send go writ render keep call lie manag measur back sent resid'.split(
    ' ',
  ),
);
const DUTIES = new Set(
  'lead own maintain manag head chair moderat coordinat supervis responsibl work be handl run review sign driv'.split(
    ' ',
  ),
);

/** Whether a change, told later, ends what a claim says. */
export function ends(change: Change, claim: Claim): boolean {
  const { terms, value } = claim;
  const holds = (some: readonly string[]) => some.every((term) => terms.has(term));
  if (
    change.now.length > 0 &&
    value.length > 0 &&
    keyOf(change.now.filter((it) => value.includes(it))) === keyOf(value)
  )
    return false;
  if (change.gone.length > 0) {
    if (!holds(change.gone) || !holds(particular(change.subject))) return false;
    if (!isWholeValue(change.gone, claim)) return false;
    if (change.of === 'person')
      return keyOf(claim.subject) === keyOf(change.gone) ||
        (claim.kind === 'person' && keyOf(value) === keyOf(change.gone))
        ? DUTIES.has(claim.verb) && some(change.beside, claim, true)
        : false;
    if (change.of === 'name')
      return claim.verb === 'call' || terms.has('call') || (claim.verb === 'be' && keyOf(value) === keyOf(change.gone));
    if (change.subject.length > 0 || change.everywhere) return change.everywhere ? isAbout(change.gone, claim) : true;
    if (change.gone.length > 1 && change.gone.length >= terms.size - 1) return true;
    return change.beside.length === 0 ? isAbout(change.gone, claim) : some(change.beside, claim, false);
  }
  if (change.subject.length === 0) return isOtherVersion(change, claim);
  if (!holds(change.subject) || value.length === 0) return false;
  if (change.of === 'role') return claim.kind === 'person';
  const subject = claim.subject.filter((term) => term !== 'default');
  if (!subject.every((term) => change.subject.includes(term)) && claim.kind !== 'number') return false;
  const numbers = change.now.filter(isNumber);
  const sameName = value.some((term) => !isNumber(term) && change.now.includes(term));
  if (claim.kind === 'version' && numbers.length > 0 && sameName) return true;
  if (
    change.of === 'place' &&
    numbers.length > 0 &&
    value.some(isNumber) &&
    change.now.some((term) => !isNumber(term) && terms.has(term))
  )
    return true;
  if (change.of === 'number')
    return claim.kind === 'date' || (claim.kind === 'number' && claim.isSingle && sameUnit(value, change.now));
  if (change.of === 'version' || claim.kind === 'number' || claim.kind === 'date') return false;
  return PLACES.has(claim.verb.replace(' ', '|')) && !sameName;
}

/** "the bookings database" may be called bookings elsewhere. */
function particular(subject: readonly string[]): readonly string[] {
  const left = subject.filter((term) => !GENERIC.has(term));
  return left.length > 0 ? left : subject;
}

const GENERIC = new Set('databas db servic server system app application store layer stack setup backend'.split(' '));

/** "React is now 19", "uses React 19", after which somebody is back on React 18. */
function isOtherVersion({ now }: Change, { kind, value, subject }: Claim): boolean {
  const [name = '', number = ''] = [now.find((term) => !isNumber(term)), now.find(isNumber)];
  if (value.includes(number)) return false;
  return (kind === 'version' && value.includes(name)) || (kind === 'number' && keyOf(subject) === name);
}

/** "React" is not "React Native"; "Postgres" is what "Postgres 15" speaks of. */
function isWholeValue(gone: readonly string[], { value }: Claim): boolean {
  const inValue = value.filter((term) => gone.includes(term));
  return inValue.length === 0 || value.every((term) => gone.includes(term) || isNumber(term) || UNITS.has(term));
}

function isAbout(gone: readonly string[], { value, subject }: Claim): boolean {
  const key = keyOf(gone);
  if (value.length > 0 && value.every((term) => gone.includes(term))) return true;
  return key === keyOf(value) || key === keyOf(value.filter((term) => !isNumber(term))) || key === keyOf(subject);
}

function some(beside: readonly string[], claim: Claim, whenNone: boolean): boolean {
  return beside.length === 0 ? whenNone : beside.some((term) => claim.terms.has(term) && !claim.value.includes(term));
}

function sameUnit(one: readonly string[], other: readonly string[]): boolean {
  const unit = (terms: readonly string[]) => terms.find((term) => UNITS.has(term));
  const [a, b] = [unit(one), unit(other)];
  return !a || !b || a === b || (TIMES.has(a) && TIMES.has(b)) || (SIZES.has(a) && SIZES.has(b));
}

const TIMES = new Set('m ms s sec second minute min hour h day week month year'.split(' '));
const SIZES = new Set('kb mb gb tb kib mib gib byte'.split(' '));
