import { type Validity, validity } from '../../english/dates.ts';
import { stanceOf, withoutQuotations } from '../../english/stance.ts';
import { isEnglish, isGerman, stem } from '../../english/words.ts';
import { changesOf } from '../../statements/change.ts';
import { type Clause, clauseOf } from './clauses.ts';
import type { FoundFact, Gathering } from './gathering.ts';
import { type Mention, mentionsIn } from './mentions.ts';
import { isSame, type NamedThing, normalised } from './named-thing.ts';
import type { Sentence } from './reading.ts';
import { type Relation, relationsOf, screaming } from './relations.ts';
import type { Topic } from './topics.ts';

/** A sentence gives at most this many facts. */
const MOST = 4;
const USER: NamedThing = { name: 'user', type: 'Entity' };
const CHANGE_VERBS: readonly (readonly [RegExp, string])[] = [
  [/^(?:add|introduc|implement|expos|creat|allow|enabl)/, 'ADDS'],
  [/^(?:fix|correct|resolv|repair|prevent|restor)/, 'FIXES'],
  [/^(?:remov|drop|delet)/, 'REMOVES'],
  [/^deprecat/, 'DEPRECATES'],
  [/^revert/, 'REVERTS'],
  [/^(?:updat|bump|upgrad|refresh)/, 'UPDATES'],
  [/^renam/, 'RENAMES'],
  [/^(?:improv|enhanc|optimi|reduc)/, 'IMPROVES'],
  [/^document/, 'DOCUMENTS'],
];
/** "Decision: …" */
const LABEL = /^(?:[\p{L}\d-]+ ){0,3}[\p{L}\d-]+: (?=\S)/u;
const FIRST_PERSON = /\b(?:I|i|[Ww]e|[Mm]y|[Oo]ur|me|us|mine)\b/;

/** Adds what one sentence names, and what it surely states. @param known names seen where no doubt was possible */
export function addFacts(
  gathering: Gathering,
  sentence: Sentence,
  topic: Topic | null,
  known: ReadonlySet<string>,
  reference: Date,
): void {
  const mentions = mentionsIn(sentence.tokens, known, isGerman(sentence.text));
  const when = validity(sentence.dates, topic?.date ?? reference);
  if (topic?.isRelease) addRelease(gathering, sentence, topic, mentions, when);
  else if (isEnglish(sentence.text))
    addStated(
      gathering,
      sentence,
      topic,
      mentions.filter(({ isWeak }) => !isWeak),
      when,
      reference,
    );
  addNamed(gathering, mentions, when);
}

function addStated(
  gathering: Gathering,
  sentence: Sentence,
  topic: Topic | null,
  mentions: readonly Mention[],
  when: Validity,
  reference: Date,
): void {
  const { text, tokens, speaker } = sentence;
  const own = withoutQuotations(text);
  // What is sure to come is told as such.
  if (own !== text || stanceOf(text.replace(/\bwill\b/gi, '')) === 'none') return;
  const add = (relation: Relation) =>
    gathering.addFact({ ...relation, fact: textOf(sentence, relation.source, topic), ...when });
  const self = speaker ?? USER;
  const clause =
    clauseOf(tokens, mentions, LABEL.exec(text)?.[0].trim().split(/\s+/).length) ??
    aboutTopic(sentence, topic, mentions);
  const ended = endingIn(sentence, thingsOf(mentions, clause), self);
  if (ended) {
    const { holder, gone, successor } = ended;
    const at = when.validAt ?? reference;
    gathering.addEnding(holder, gone, at);
    if (successor && !/^(?:Place|Person)$/.test(successor.type))
      add({ source: holder, target: successor, relation: 'USES' });
    else if (!successor) add({ source: holder, target: gone, relation: noLonger(text) });
    return;
  }
  if (!clause) return;
  const isTool = speaker?.name === 'assistant' || speaker?.name === 'tool';
  const relations = relationsOf(clause, clause.subject === null && topic && !speaker ? USER : self);
  // Of what has a date, such as "the launch of Aquila", it is remembered whose or where it is.
  const { subject, attribute } = clause;
  if (
    relations.length === 0 &&
    sentence.dates.length > 0 &&
    subject &&
    subject !== 'speaker' &&
    attribute?.phrase.isNamed
  )
    relations.push({
      source: subject.mention.thing,
      target: attribute.phrase.mention.thing,
      relation: attribute.preposition.toUpperCase(),
    });
  for (const relation of relations.slice(0, MOST)) {
    const isNamed = mentions.some(({ thing }) => isSame(thing, relation.target));
    if (isTool && isSame(relation.source, self) && !isNamed) continue;
    if (clause.subject === null && !isNamed) continue;
    add(relation);
  }
}

/** "Uses Redis for sessions" below the heading "Harbor". */
function aboutTopic({ tokens, block }: Sentence, topic: Topic | null, mentions: readonly Mention[]) {
  const isPlain = tokens[0]?.tags.has('PresentTense') && /s$/.test(tokens[0].lower);
  if (!topic || !block.isItem || !isPlain) return null;
  const clause = clauseOf(
    [{ ...(tokens[0] as (typeof tokens)[number]), text: 'i', lower: 'i' }, ...tokens],
    mentions.map((it) => ({ ...it, first: it.first + 1, last: it.last + 1 })),
  );
  return (
    clause && { ...clause, subject: { mention: { thing: topic.thing, first: -1, last: -1 }, isNamed: true, next: 0 } }
  );
}

interface Ending {
  readonly holder: NamedThing;
  readonly gone: NamedThing;
  readonly successor: NamedThing | null;
}

/** "Harbor replaced Redis by Valkey", where what had it and what is gone are things that the sentence names. */
function endingIn({ text, dates }: Sentence, things: readonly NamedThing[], self: NamedThing): Ending | null {
  if (stanceOf(text) !== 'states' || /^(?:they|it|he|she|this|that)\b/i.test(text)) return null;
  for (const change of changesOf(text, dates)) {
    if (change.of === 'person' || change.of === 'name') continue;
    const among = (stems: readonly string[]) =>
      things.find(({ name }) => name.split(/\s+/).every((word) => stems.includes(stem(word)))) ?? null;
    const isSelf = change.subject.length === 0 && /^we\b/i.test(text);
    const [holder, gone] = [
      among(change.subject) ?? (isSelf ? self : null),
      among(change.gone) ?? common(change.gone, text),
    ];
    if (holder && gone && !isSame(holder, gone)) return { holder, gone, successor: among(change.now) };
  }
  return null;
}

/** What a sentence names and is about, the longer names first. */
function thingsOf(mentions: readonly Mention[], clause: Clause | null): NamedThing[] {
  const phrases = clause ? [clause.subject, ...clause.predicates.flatMap(({ objects }) => objects)] : [];
  const common = phrases.flatMap((it) => (it && it !== 'speaker' ? [it.mention.thing] : []));
  const longest = (some: readonly NamedThing[]) => [...some].sort((a, b) => b.name.length - a.name.length);
  return [...longest(mentions.map(({ thing }) => thing)), ...longest(common)];
}

/** "coffee" in "no longer drinks coffee": one word that the sentence ends with. */
function common(stems: readonly string[], text: string): NamedThing | null {
  const word = /(\p{Ll}{3,})[.!]?$/u.exec(text)?.[1];
  return word && stems.length <= 2 && !stems.some((it) => /\d/.test(it)) && stems.at(-1) === stem(word)
    ? { name: word, type: 'Entity' }
    : null;
}

function noLonger(text: string): string {
  const verb = /\bno longer (\p{L}+)/iu.exec(text)?.[1];
  return screaming(['no', 'longer', verb ?? 'uses']) ?? 'NO_LONGER_USES';
}

/** What is named is remembered without a fact too, and a version with its package. */
function addNamed(gathering: Gathering, mentions: readonly Mention[], when: Validity): void {
  for (const { thing, wider, isWeak } of mentions) {
    if (isWeak || gathering.isFull) continue;
    gathering.addThing(thing);
    if (wider) gathering.addFact({ source: thing, target: wider, ...versionFact(thing.name, wider.name), ...when });
  }
}

/** An item of a release's notes: what it adds, fixes or removes. */
function addRelease(
  gathering: Gathering,
  sentence: Sentence,
  topic: Topic,
  mentions: readonly Mention[],
  when: Validity,
): void {
  const { thing, wider, date } = topic;
  if (wider && !isSame(thing, wider)) {
    const day = date?.toISOString().slice(0, 10);
    const fact = day ? `${thing.name} was released on ${day}.` : `${thing.name} is a version of ${wider.name}.`;
    gathering.addFact({
      source: thing,
      target: wider,
      ...versionFact(thing.name, wider.name),
      fact,
      validAt: date ?? when.validAt,
      invalidAt: null,
    });
  }
  const feature = sentence.leadIn?.thing ? [sentence.leadIn.thing] : [];
  const named = mentions.filter(({ isWeak }) => !isWeak).map((it) => it.thing);
  const targets = [...feature, ...named].filter((it) => !isSame(it, thing) && !(wider && isSame(it, wider)));
  const section = sentence.leadIn?.section ?? sentence.block.section;
  const relation =
    section && section.relation !== 'CHANGES' ? section.relation : (changeSaid(sentence) ?? section?.relation);
  for (const target of relation ? targets.slice(0, MOST) : [])
    gathering.addFact({
      source: thing,
      target,
      relation: relation ?? '',
      fact: textOf(sentence, thing, topic),
      ...when,
    });
}

function versionFact(version: string, product: string): Pick<FoundFact, 'relation' | 'fact'> {
  return { relation: 'VERSION_OF', fact: `${version} is a version of ${product}.` };
}

/** "Added …", "Support for … was added" */
function changeSaid({ tokens }: Sentence): string | undefined {
  for (const [index, token] of tokens.entries()) {
    if (index > 0 && !token.tags.has('Verb')) continue;
    const change = CHANGE_VERBS.find(([pattern]) => pattern.test(token.lower));
    if (change) return change[1];
  }
  return undefined;
}

/** The sentence, after whatever it takes to understand it alone: the release and section, the feature, the speaker. */
function textOf(sentence: Sentence, source: NamedThing, topic: Topic | null): string {
  const parts: string[] = [];
  const says = (name: string) => normalised(sentence.text).includes(normalised(name));
  if (topic && isSame(source, topic.thing) && !says(topic.thing.name)) {
    const section = sentence.leadIn?.section ?? sentence.block.section;
    parts.push(section ? `${topic.thing.name}, ${section.title}` : topic.thing.name);
  }
  const speaks = sentence.speaker && (FIRST_PERSON.test(sentence.text) || isSame(source, sentence.speaker));
  if (sentence.speaker && speaks) parts.push(sentence.speaker.name);
  if (sentence.leadIn && sentence.leadIn.title !== '') parts.push(sentence.leadIn.title);
  return [...parts, sentence.text].join(': ');
}
