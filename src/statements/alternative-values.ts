import type { PropertyValue } from './property-value.ts';
import { wordSet } from './verbs.ts';
import { isNumber, stemsOf, termKey, type Word } from './words.ts';

/*
 * Other readings of a value, under keys that sentences in other words share. Verbs are stems.
 */

/** Verbs that say where something is kept. */
const HOSTING = wordSet('be|on be|in be|at be|behind liv sit stand resid host stor keep locat bas publish track');
/** Verbs that say where the one place of something is. */
const STANDING = wordSet('be|in be|at run liv sit stand resid host locat bas stor keep');
/** Verbs that several versioned names may follow: "uses Node 22 and React 19". */
const SEVERAL = wordSet('use need requir support depend target have includ contain be');

export function alternativeValues(stated: PropertyValue, words: readonly Word[]): PropertyValue[] {
  const named = nameOf(stated, words);
  return [
    placeOf(named ?? stated),
    named,
    siteOf(stated, words),
    versionOf(stated),
    ...inEnvironment(stated, words),
    portOf(stated),
  ].flatMap((value) => (value ? [{ ...value, isAlternative: true }] : []));
}

/** Where something is, whatever the verb: "lives on Confluence" and "is on Confluence". */
function placeOf(stated: PropertyValue): PropertyValue | null {
  const { verb, kind, form, preposition, key } = stated;
  if (!HOSTING.has(verb.replace(' ', '|')) || kind !== 'name' || form !== 'named' || key === '') return null;
  if (!/^(?:on|in|at|behind)$/.test(preposition)) return null;
  return {
    ...stated,
    key: termKey([...key.split(' ').filter((term) => term !== verb), `=${preposition}`]),
    isSingle: false,
  };
}

/** "stores its data in MySQL 8" without the version, since the next one may be "in PostgreSQL 16". */
function nameOf(stated: PropertyValue, words: readonly Word[]): PropertyValue | null {
  const { verb, kind, form, preposition, key, value } = stated;
  if (kind === 'name') return keepsItsOwn(words) && form === 'named' ? { ...stated, isSingle: true } : null;
  if (kind !== 'version' || preposition === '' || SEVERAL.has(verb) || key === '') return null;
  const name = value.filter((term) => !isNumber(term));
  const frame = key.split(' ').filter((term) => !name.includes(term));
  return { ...stated, kind: 'name', value: name, key: termKey(frame), isSingle: keepsItsOwn(words) };
}

/** "uses Rails 6" and "is on Rails 7" */
function versionOf(stated: PropertyValue): PropertyValue | null {
  const { verb, kind, key } = stated;
  if (kind !== 'version' || !/^(?:use|run|be|be on)$/.test(verb) || key === '') return null;
  const frame = key.split(' ').filter((term) => term !== verb);
  return frame.length < 2 ? null : { ...stated, key: termKey([...frame, '=version']) };
}

/** "stores its data in …": all of it is in one place. */
function keepsItsOwn(words: readonly Word[]): boolean {
  const at = words.findIndex(({ stem }) => stem === 'stor' || stem === 'keep' || stem === 'persist');
  return at > 0 && /^(?:its|their|his|her)$/.test(words[at + 1]?.lower ?? '');
}

/** "runs in the data centre of Bremen": something stands in one place of a kind. */
function siteOf(stated: PropertyValue, words: readonly Word[]): PropertyValue | null {
  if (!STANDING.has(stated.verb.replace(' ', '|'))) return null;
  const at = words.findIndex(({ lower }, place) => /^(?:in|at)$/.test(lower) && words[place + 1]?.lower === 'the');
  const of = words.findIndex(({ lower }, place) => place > at + 2 && place < at + 6 && lower === 'of');
  const site = words.slice(of + 1);
  if (at < 1 || of < 0 || site.length === 0 || site.length > 3 || !site.every(({ isName }) => isName)) return null;
  if (words.slice(at + 2, of).some(({ isName, isParted }) => isName || isParted)) return null;
  const value = stemsOf(site);
  const frame = stemsOf(words).filter((term) => !value.includes(term) && term !== 'be');
  return { ...stated, kind: 'name', value, key: termKey(frame), isSingle: true, form: 'named', preposition: 'of' };
}

/** "Kubernetes 1.28 runs in production" as "production runs Kubernetes 1.28". */
function inEnvironment(stated: PropertyValue, words: readonly Word[]): PropertyValue[] {
  const [name, number, verb] = words;
  const { value, preposition, isSingle, terms } = stated;
  const isOfOne = name?.isName && !name.isParted && number && isNumber(number.stem) && verb?.stem === 'run';
  const isAll = terms.size === 4 && value.length === 1 && /^(?:prod|production|stag)$/.test(value[0] ?? '');
  if (!isOfOne || !isAll || preposition !== 'in' || isSingle) return [];
  const parts = {
    ...stated,
    subject: value,
    value: [name.stem, number.stem],
    kind: 'version',
    preposition: '',
  } as const;
  return [
    [...value, 'run'],
    [...value, '=version'],
  ].map((frame) => ({
    ...parts,
    key: termKey([...frame, name.stem]),
    isSingle: true,
    form: 'named',
  }));
}

/** "listens on 9090" is "listens on port 9090". */
function portOf(stated: PropertyValue): PropertyValue | null {
  const { verb, kind, key, value, isSingle } = stated;
  const frame = key.split(' ');
  if (verb !== 'listen' || kind !== 'number' || !isSingle || frame.includes('port')) return null;
  if (value.length !== 1 || !/^\d{2,5}$/.test(value[0] ?? '') || stated.preposition !== 'on') return null;
  return { ...stated, key: termKey([...frame, 'port']) };
}
