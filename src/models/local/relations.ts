import type { Clause } from './clauses.ts';
import type { NamedThing } from './named-thing.ts';
import type { Phrase } from './phrases.ts';
import type { Predicate } from './predicates.ts';

/** What a clause says of two things. */
export interface Relation {
  readonly source: NamedThing;
  readonly target: NamedThing;
  readonly relation: string;
}

/** After these stands what the verb is not about, or when and how long. */
const ASIDE = new Set([
  'than',
  'without',
  'against',
  'before',
  'after',
  'about',
  'around',
  'per',
  'until',
  'since',
  'within',
  'between',
  'during',
]);
/** "prefers tabs over spaces" */
const CHOICE = /^(?:prefer|choose|chose|pick|favou?r|like|want|take|took|select)/;
/** Verbs of which the grammatical subject tells nothing, or which need the rest of the sentence to be true. */
const EMPTY_VERBS =
  /^(?:does|do|did|has|have|had|got|gets|get|makes|made|let|lets|seems|means|happens|says|said|tells|told|thinks|looks|comes|came|needs|wants|wanted|wait|waits|goes|go|went|let's|answer|answers|show|shows|hopes|tries|helps|becomes)$/;
const MOST_WORDS = 5;

/** The relations of a clause that are sure. @param self who speaks, or is spoken to */
export function relationsOf(clause: Clause, self: NamedThing): Relation[] {
  const { subject, predicates, others = [] } = clause;
  const isSelf = subject === null || subject === 'speaker';
  const source = isSelf ? self : subject.mention.thing;
  const isKnown = isSelf || subject.isNamed;
  const [first] = predicates;
  const same = others.flatMap((it) =>
    first && !first.isCopula ? relation(it.subject.mention.thing, [...first.verb, it.preposition], it.phrase) : [],
  );
  const own = predicates.flatMap((predicate) =>
    predicate.isCopula ? copula(source, predicate) : verbal(source, predicate, subject, isKnown),
  );
  return [...own, ...same];
}

function verbal(source: NamedThing, predicate: Predicate, subject: Clause['subject'], isKnown: boolean): Relation[] {
  const { verb, isPassive, isFuture, objects, led } = predicate;
  const main = verb[0] ?? '';
  const named = [
    ...(isFuture ? ['will', ...(isPassive ? ['be'] : [])] : []),
    ...(subject === 'speaker' ? [thirdPerson(main), ...verb.slice(1)] : verb),
  ];
  const found: Relation[] = [];
  const add = (words: readonly string[], { mention }: Phrase) => {
    const relation = screaming(words);
    if (relation) found.push({ source, target: mention.thing, relation });
  };
  if (
    EMPTY_VERBS.test(main) &&
    verb.length === 1 &&
    objects.every(({ isNamed }) => !isNamed) &&
    !/^(?:go|goe|went)/.test(main)
  )
    return [];
  // An order is followed for its object only.
  if (subject === null) {
    for (const object of objects) if (object.isNamed) add(named, object);
    return found;
  }
  const usable = led.filter(({ preposition, phrase }, place) => {
    if (ASIDE.has(preposition) || (preposition === 'over' && CHOICE.test(main))) return false;
    if (
      (preposition === 'of' && !/^made$/.test(main)) ||
      (preposition === 'from' && led.some((it) => it.preposition === 'to'))
    )
      return false;
    if (!phrase.isNamed && isPassive && place === 0 && /^(?:from|of|by|with)$/.test(preposition)) return true;
    if (!phrase.isNamed)
      return (
        place === 0 &&
        objects.length === 0 &&
        isKnown &&
        subject !== 'speaker' &&
        preposition !== 'for' &&
        preposition !== 'in'
      );
    return (
      place === 0 || objects.length === 0 || isPassive || preposition === led[0]?.preposition || preposition === 'to'
    );
  });
  const isPlace = usable.some(({ phrase }) => phrase.isNamed);
  for (const object of isPassive ? [] : objects)
    if (object.isNamed || (!isPlace && (isKnown || led.length === 0))) add(named, object);
  for (const { preposition, phrase } of usable) add([...named, preposition], phrase);
  return found;
}

/** "Mira is tech lead of Harbor", "Harbor is a service", "Harbor is in Oslo". */
function copula(source: NamedThing, { verb, objects, led }: Predicate): Relation[] {
  const [object] = objects;
  const [first, ...others] = led;
  const is = /^becom|^became$/.test(verb.at(-1) ?? '') ? (verb.at(-1) ?? '') : 'is';
  if (!object)
    return first?.phrase.isNamed && /^(?:in|on|at|from|with|by|behind|under)$/.test(first.preposition)
      ? relation(source, [is, first.preposition], first.phrase)
      : [];
  const what = object.mention.thing.name;
  if (
    first &&
    /^(?:of|at|in|for|on|from)$/.test(first.preposition) &&
    first.phrase.isNamed &&
    others.length === 0 &&
    !object.isNamed
  )
    return relation(source, [is, ...what.split(' '), first.preposition], first.phrase);
  if (first && !(first.preposition === 'of' && others.length === 0 && !object.isNamed)) return [];
  return relation(source, [is], object);
}

function relation(source: NamedThing, words: readonly string[], { mention }: Phrase): Relation[] {
  const name = screaming(words);
  return name ? [{ source, target: mention.thing, relation: name }] : [];
}

/** "I prefer" and "Mira prefers" are one relation. */
function thirdPerson(verb: string): string {
  if (/(?:ed|s)$/.test(verb) || PAST.has(verb)) return verb;
  if (verb === 'have') return 'has';
  if (/[^aeiou]y$/.test(verb)) return verb.replace(/y$/, 'ies');
  return /(?:s|x|z|ch|sh|o)$/.test(verb) ? `${verb}es` : `${verb}s`;
}

const PAST = new Set(
  'began broke brought built came chose did drew drove fell felt found gave got had held kept knew left led lost made met moved paid put ran said sat saw sent spent spoke stood took told thought went won wrote'.split(
    ' ',
  ),
);

/** A relation's name: `KEEPS_IN`. */
export function screaming(words: readonly string[]): string | null {
  const name = words
    .join(' ')
    .normalize('NFD')
    .replace(/[\u0300-\u036f'’]/g, '')
    .split(/[^A-Za-z\d]+/)
    .filter((word) => word !== '')
    .slice(0, MOST_WORDS)
    .join('_')
    .toUpperCase();
  return /^[A-Z]/.test(name) ? name : null;
}
