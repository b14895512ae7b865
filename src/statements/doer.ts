import { stem } from '../english/words.ts';
import { DETERMINERS, PREPOSITIONS, PRESENT_FORMS_OF_BE, wordSet } from './verbs.ts';
import { isDate, isNumber, type Word } from './words.ts';

/*
 * Sentences in which the subject is the value: "Priya reviews the releases" says who reviews them. Another one who does it now takes the
 * place of the first. Verbs are stems.
 */

const stemSet = (list: string): ReadonlySet<string> => new Set([...wordSet(list)].map(stem));
/** What a person or team does alone or as the one in charge. */
const DUTIES = stemSet(`
  lead own maintain manage head chair moderate coordinate supervise oversee administer run handle review approve sign triage organize
  organise operate direct staff answer cover teach mentor facilitate audit plan prepare release deploy curate edit monitor test`);
/** Duties of the one who takes something over. */
const TAKEN_OVER = stemSet(`
  lead own maintain manage head chair moderate coordinate supervise responsible charge oversee administer run handle organize organise
  operate direct triage curate facilitate`);
/** What a program does. */
const SERVICES = stemSet(`
  hold store cache keep carry collect terminate power build render serve host generate process publish send deliver issue validate format
  lint bundle compile schedule route balance monitor track show display encrypt authenticate index queue scan print stream transcode sync
  create provision rotate write sign handle run review deploy test trigger gather measure back`);
/** Several may do it, or it says something about the subject and not about the object. */
const NOT_EXCLUSIVE = stemSet(`
  use need require depend support accept contain include provide offer speak read know understand like love hate want prefer mean
  think believe hope say tell ask find see make do have get take give help let put set add remove change move replace end start begin stop
  open close cost last fit weigh allow permit forbid prevent ignore skip break fail fix call return expect assume visit meet join leave miss
  pay buy sell drop reach cross hit pass win lose follow lack resemble cite mention quote describe discuss work listen cause affect come go
  block exceed violate match equal precede contradict confirm document`);
const POSSESSIVE = /^(?:its|their|his|her)$/;
const NO_SUBJECT =
  /^(?:it|this|that|these|those|there|he|she|they|we|i|you|who|which|what|everyone|everybody|anyone|someone|somebody|nobody|nothing|everything|one|each|every|any|all|some|most|many|both|either|neither|no|also|not|only|never|if|when|while|and|or|but|nor|than|where|how|why)$/;
const FINITE =
  /^(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|must|shall|should|will|would|to)$|n['’]t$/;

export interface DoerClause {
  readonly verb: string;
  /** Who or what does it. */
  readonly doer: readonly Word[];
  readonly object: readonly Word[];
  readonly kind: 'person' | 'name';
}

/** Null if the clause does not say who or what does something, or if several may do it. */
export function doerOf(words: readonly Word[]): DoerClause | null {
  if (words.some(({ lower }) => FINITE.test(lower))) return null;
  for (const [at, word] of words.entries()) {
    if (at === 0 || at > 6) continue;
    const doer = words.slice(0, at);
    const object = words.slice(at + 1);
    if (!isVerb(word, doer, object)) continue;
    if (!isDoer(doer) || !isObject(object)) return null;
    const isDefinite = /^(?:the|our|my|your)$/.test(object[0]?.lower ?? '');
    const isCalled = doer.every(({ isName }) => isName);
    const isDuty = DUTIES.has(word.stem);
    if (isDuty && (isDefinite || isCalled || !SERVICES.has(word.stem)))
      return { verb: word.stem, doer, object, kind: 'person' };
    const isOfOne = isDefinite || object.some(({ lower }) => /^(?:for|of)$/.test(lower));
    return isCalled && isOfOne ? { verb: word.stem, doer, object, kind: 'name' } : null;
  }
  return null;
}

/** "Paul is the owner of Heron" says who the owner is. Null for other clauses. */
export function holderOf(words: readonly Word[]): Pick<DoerClause, 'doer' | 'object'> | null {
  const at = words.findIndex(({ lower }) => lower === 'is' || lower === 'are');
  const [doer, object] = [words.slice(0, at), words.slice(at + 1)];
  if (at < 1 || object.length < 2 || !/^(?:the|our)$/.test(object[0]?.lower ?? '')) return null;
  if (!doer.every(({ isName }) => isName) || doer.length > 3 || !isDoer(doer) || !isObject(object)) return null;
  return object.some(({ lower }) => FINITE.test(lower)) ? null : { doer, object: object.slice(1) };
}

/** "The importer belongs to Sam" says who owns it. Null for other clauses. */
export function ownerOf(words: readonly Word[]): DoerClause | null {
  const at = words.findIndex(({ lower }) => lower === 'belongs' || lower === 'belong');
  const [object, doer] = [words.slice(0, at), words.slice(at + 2)];
  if (at < 1 || words[at + 1]?.lower !== 'to' || object.length === 0 || doer.length > 3) return null;
  if (!doer.at(-1)?.isName || !isDoer(doer) || NO_SUBJECT.test(object[0]?.lower ?? '')) return null;
  return { verb: 'own', doer, object, kind: 'person' };
}

export const isTakenOver = (verb: string): boolean => TAKEN_OVER.has(verb);

function isVerb({ lower, stem: root }: Word, before: readonly Word[], after: readonly Word[]): boolean {
  if (!/^\p{Ll}+$/u.test(lower) || NOT_EXCLUSIVE.has(root)) return false;
  const [last, next] = [before.at(-1), after[0]];
  if (!last || !next || DETERMINERS.has(last.lower) || last.isParted) return false;
  const isListed = DUTIES.has(root) || SERVICES.has(root);
  if (/[^su]s$/.test(lower)) return isListed || DETERMINERS.has(next.lower) || (before.length === 1 && next.isName);
  // "the admins review the releases"
  return isListed && /[^s]s$/.test(last.lower) && !last.isName && !/(?:ing|ed)$/.test(lower);
}

function isDoer(words: readonly Word[]): boolean {
  const [first] = words;
  return (
    words.length <= 4 &&
    first !== undefined &&
    !words.some(
      ({ lower, stem: root, isParted }) =>
        NO_SUBJECT.test(lower) ||
        PREPOSITIONS.has(lower) ||
        PRESENT_FORMS_OF_BE.test(lower) ||
        isParted ||
        isDate(root),
    )
  );
}

/** Not a number or a version, which are values of the subject, and not a possession of the subject. */
function isObject(words: readonly Word[]): boolean {
  const [first] = words;
  if (!first || POSSESSIVE.test(first.lower) || PREPOSITIONS.has(first.lower) || NO_SUBJECT.test(first.lower))
    return false;
  if (words.some(({ lower }) => /^(?:and|or|because|which|who|that|if|when|while|but|so)$/.test(lower))) return false;
  return !words.slice(0, 4).some(({ stem: root }) => isNumber(root) || isDate(root));
}
