import type { DateMention } from '../../english/dates.ts';
import { stanceOf } from '../../english/stance.ts';
import { stem } from '../../english/words.ts';
import { statedChanges } from '../../statements/stated-change.ts';
import type { NounPhrase, Predicate } from './chunks.ts';
import type { Clause } from './clauses.ts';
import { hasSameName, type TypedName } from './spelling.ts';
import { IRREGULAR_PAST } from './vocabulary.ts';

/** A relation that a clause states between two entities. */
export interface Relation {
  readonly source: TypedName;
  readonly target: TypedName;
  /** In capital letters: `KEEPS_IN`. */
  readonly relation: string;
}

/** Prepositions of comparisons, times and circumstances, which do not name the object of the verb. */
const ADJUNCT_PREPOSITIONS = new Set(
  'than without against before after about around per until since within between during'.split(' '),
);
/** "prefers tabs over spaces" */
const CHOICE = /^(?:prefer|choose|chose|pick|favou?r|like|want|take|took|select)/;
/** Verbs that mean nothing without the rest of the sentence. */
const EMPTY_VERBS =
  /^(?:does|do|did|has|have|had|got|gets|get|makes|made|let|lets|seems|means|happens|says|said|tells|told|thinks|looks|comes|came|brings|brought|needs|wants|wanted|wait|waits|let's|answer|answers|show|shows|hopes|tries|tried|helps|becomes)$/;
/** Verbs whose subject is only the tool or the occasion: "migration 0042 renamed a to b". */
const TRANSFORMS = /^(?:renam|mov|migrat|chang|convert|switch|upgrad|downgrad|port|pin|bump|cop(?:y|ied))/;
/** "die" has no object in English. With one it is the German article. */
const DIES = /^die$/;
const MAX_WORDS = 6;

/**
 * The relations that a clause states for certain, named by its verb and preposition as in ReVerb (Fader, Soderland and Etzioni 2011,
 * "Identifying Relations for Open Information Extraction").
 * @param subject the entity that the clause's subject refers to; null if unknown, then only actions on objects are read
 */
export function relationsOf(clause: Clause, subject: TypedName | null): Relation[] {
  const { predicates, gapped = [] } = clause;
  if (!subject) return predicates.flatMap((predicate) => objectRelations(predicate, clause.isImperative === true));
  const isNamed = clause.subject === null || typeof clause.subject === 'string' || clause.subject.isNamed;
  const own = predicates.flatMap((predicate) =>
    predicate.isCopula
      ? copulaRelations(subject, predicate, isNamed)
      : verbRelations(subject, predicate, isNamed, clause.subject === 'speaker'),
  );
  const [first] = predicates;
  const same = gapped.flatMap((one) =>
    first && !first.isCopula
      ? makeRelation(one.subject.mention.entity, [...first.verb, one.preposition], one.phrase)
      : [],
  );
  return [...own, ...same];
}

function verbRelations(subject: TypedName, predicate: Predicate, isNamed: boolean, isSpeaker: boolean): Relation[] {
  const { verb, isPassive, isFuture, objects, prepositional } = predicate;
  const main = verb[0] ?? '';
  if (DIES.test(main) && objects.length > 0) return [];
  const goal =
    TRANSFORMS.test(main) &&
    !isPassive &&
    prepositional.find(({ preposition, phrase }) => /^(?:in)?to$/.test(preposition) && phrase.isNamed);
  if (goal && objects.length === 1) return objectRelations({ ...predicate, prepositional: [goal] }, false);
  if (EMPTY_VERBS.test(main) && verb.length === 1 && !objects.some((object) => object.isNamed)) return [];
  const words = [
    ...(isFuture ? ['will', ...(isPassive ? ['be'] : [])] : []),
    ...(isSpeaker ? [thirdPerson(main), ...verb.slice(1)] : verb),
  ];
  const usable = prepositional.filter(({ preposition, phrase }, place) => {
    if (isAdjunct(predicate, preposition)) return false;
    if (!phrase.isNamed && isPassive && place === 0 && /^(?:from|of|by|with)$/.test(preposition)) return true;
    if (!phrase.isNamed)
      return place === 0 && objects.length === 0 && isNamed && !isSpeaker && !/^(?:for|in)$/.test(preposition);
    return (
      place === 0 ||
      objects.length === 0 ||
      isPassive ||
      preposition === 'to' ||
      preposition === prepositional[0]?.preposition
    );
  });
  const hasPlace = usable.some(({ phrase }) => phrase.isNamed);
  const direct = (isPassive && !/^(?:called|named)$/.test(main) ? [] : objects).filter(
    (object) => object.isNamed || (!hasPlace && (isNamed || prepositional.length === 0)),
  );
  return [
    ...direct.flatMap((object) => makeRelation(subject, words, object)),
    ...usable.flatMap(({ preposition, phrase }) =>
      makeRelation(subject, [...words, ...objectWords(objects), preposition], phrase),
    ),
  ];
}

/** "opened a lab in Ghent" is OPENED_LAB_IN: OPENED_IN would mean something else. "keeps its sessions in Redis" is KEEPS_IN. */
function objectWords([object, ...others]: readonly NounPhrase[]): string[] {
  if (!object || others.length > 0 || object.isNamed || object.isOwn) return [];
  return object.mention.entity.name.split(' ');
}

function isAdjunct({ verb, prepositional }: Predicate, preposition: string): boolean {
  if (ADJUNCT_PREPOSITIONS.has(preposition) || (preposition === 'over' && CHOICE.test(verb[0] ?? ''))) return true;
  if (preposition === 'of') return verb[0] !== 'made';
  return preposition === 'from' && prepositional.some((one) => one.preposition === 'to');
}

/**
 * What was done to an object: "upgraded React in apps/web" is React UPGRADED_IN apps/web, "copy .env to .env.local" is .env COPY_TO
 * .env.local.
 */
function objectRelations(predicate: Predicate, isOrder: boolean): Relation[] {
  const { verb, isPassive, isCopula, isFuture, objects, prepositional } = predicate;
  const main = verb[0] ?? '';
  const [object, ...others] = objects;
  if (!object || others.length > 0 || isPassive || isCopula || isFuture || EMPTY_VERBS.test(main)) return [];
  if (!isOrder && !/ed$/.test(main)) return [];
  if (!object.isNamed && !object.mention.entity.name.includes(' ')) return [];
  return prepositional
    .filter(({ preposition, phrase }) => phrase.isNamed && !isAdjunct(predicate, preposition))
    .slice(0, 1)
    .flatMap(({ preposition, phrase }) => makeRelation(object.mention.entity, [...verb, preposition], phrase));
}

/** "Mira is tech lead of Harbor", "Harbor is a service", "Harbor is in Oslo". */
function copulaRelations(
  subject: TypedName,
  { verb, objects, prepositional }: Predicate,
  isNamed: boolean,
): Relation[] {
  const [object] = objects;
  const [first, ...others] = prepositional;
  const main = verb.at(-1) ?? '';
  const is = /^becom|^became$/.test(main) ? main : 'is';
  if (!object) {
    const isPlace = first && /^(?:in|on|at|from|with|by|behind|under)$/.test(first.preposition);
    const isParticular = first?.phrase.isNamed || (isNamed && first?.phrase.mention.entity.name.includes(' '));
    return isPlace && isParticular ? makeRelation(subject, [is, first.preposition], first.phrase) : [];
  }
  if (!first) return makeRelation(subject, [is], object);
  if (object.isNamed || others.length > 0 || !/^(?:of|at|in|for|on|from)$/.test(first.preposition)) return [];
  if (first.phrase.isNamed)
    return makeRelation(subject, [is, ...object.mention.entity.name.split(' '), first.preposition], first.phrase);
  return first.preposition === 'of' ? makeRelation(subject, [is], object) : [];
}

function makeRelation(source: TypedName, words: readonly string[], { mention }: NounPhrase): Relation[] {
  const name = relationName(words);
  return name ? [{ source, target: mention.entity, relation: name }] : [];
}

/** "I prefer" and "Mira prefers" are the same relation. */
function thirdPerson(verb: string): string {
  if (/(?:ed|s)$/.test(verb) || IRREGULAR_PAST.has(verb)) return verb;
  if (verb === 'have') return 'has';
  if (/[^aeiou]y$/.test(verb)) return verb.replace(/y$/, 'ies');
  return /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
}

/** The name of a relation, such as `KEEPS_IN`; null without letters. */
export function relationName(words: readonly string[]): string | null {
  const name = words
    .join(' ')
    .normalize('NFD')
    .replace(/[\u0300-\u036f'’]/g, '')
    .split(/[^A-Za-z\d]+/)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS)
    .join('_')
    .toUpperCase();
  return /^[A-Z]/.test(name) ? name : null;
}

/** The end of a relation: "Harbor replaced Redis by Valkey". The sentence names the holder and the removed entity. */
export interface RelationEnd {
  readonly holder: TypedName;
  readonly removed: TypedName;
  readonly successor: TypedName | null;
  /** Between the holder and its successor; without a successor, between the holder and the removed entity. */
  readonly relation: string;
}

/**
 * @param entities those that the sentence names or is about
 * @param self the speaker who says "we"
 */
export function relationEndIn(
  text: string,
  dates: readonly DateMention[],
  entities: readonly TypedName[],
  self: TypedName | null,
): RelationEnd | null {
  if (stanceOf(text) !== 'states' || /^(?:they|it|he|she|this|that)\b/i.test(text)) return null;
  for (const change of statedChanges(text, dates)) {
    if (change.endsWhat === 'person' || change.endsWhat === 'name') continue;
    const among = (stems: readonly string[]) =>
      entities.find(({ name }) => name.split(/\s+/).every((word) => stems.includes(stem(word)))) ?? null;
    const isSelf = change.subject.length === 0 && /^we\b/i.test(text);
    const holder = among(change.subject) ?? (isSelf ? self : null);
    const removed = among(change.oldValue) ?? lastWord(change.oldValue, text);
    if (!holder || !removed || hasSameName(holder, removed)) continue;
    const successor = among(change.newValue);
    const verb = /\bno longer (\p{L}+)/iu.exec(text)?.[1] ?? 'uses';
    return { holder, removed, successor, relation: successor ? 'USES' : (relationName(['no', 'longer', verb]) ?? '') };
  }
  return null;
}

/** "coffee" in "no longer drinks coffee": the last word of the sentence. */
function lastWord(stems: readonly string[], text: string): TypedName | null {
  const word = /(\p{Ll}{3,})[.!]?$/u.exec(text)?.[1];
  const isMeant = word && stems.length <= 2 && !stems.some((one) => /\d/.test(one)) && stems.at(-1) === stem(word);
  return isMeant ? { name: word, type: 'Entity' } : null;
}
