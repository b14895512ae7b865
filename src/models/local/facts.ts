import { type Validity, validity } from '../../english/dates.ts';
import type { FoundFact, Gathering } from './gathering.ts';
import type { Mention } from './mentions.ts';
import { isSame, normalised } from './named-thing.ts';
import { type Pairs, pairsOf } from './pairs.ts';
import type { Sentence } from './reading.ts';
import { FALLBACK_RELATION, relationTo } from './relation.ts';
import type { Topic } from './topics.ts';

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
const FIRST_PERSON = /\b(?:I|i|[Ww]e|[Mm]y|[Oo]ur|me|us|mine)\b/;

/** Adds what one sentence states. */
export function addFacts(
  gathering: Gathering,
  sentence: Sentence,
  topic: Topic | null,
  known: ReadonlySet<string>,
  reference: Date,
): void {
  const pairs = pairsOf(sentence, topic, known);
  if (!pairs || pairs.targets.length === 0) return;
  const when = validity(sentence.dates, topic?.date ?? reference);
  const fact = textOf(sentence, pairs, topic);
  if (topic?.isRelease) addRelease(gathering, topic, when);
  for (const target of pairs.targets) {
    const relation = relationOf(sentence, pairs, target, topic);
    gathering.addFact({ source: pairs.source.thing, target: target.thing, relation, fact, ...when });
  }
  addNamed(gathering, pairs.named, when);
  const { ending } = pairs;
  if (ending) gathering.addEnding(ending.holder.thing, ending.gone.thing, when.validAt ?? reference);
}

/** What is named beside the facts is remembered too, and a version with its package. */
function addNamed(gathering: Gathering, named: readonly Mention[], when: Validity): void {
  for (const { thing, wider, isWeak } of named) {
    if (isWeak || gathering.isFull) continue;
    gathering.addThing(thing);
    if (wider) gathering.addFact({ source: thing, target: wider, ...versionFact(thing.name, wider.name), ...when });
  }
}

function addRelease(gathering: Gathering, topic: Topic, when: Validity): void {
  const { thing, wider, date } = topic;
  if (!wider || isSame(thing, wider)) return;
  const day = date?.toISOString().slice(0, 10);
  const text = day ? `${thing.name} was released on ${day}.` : `${thing.name} is a version of ${wider.name}.`;
  const fact = { ...versionFact(thing.name, wider.name), fact: text, validAt: date ?? when.validAt, invalidAt: null };
  gathering.addFact({ source: thing, target: wider, ...fact });
}

function versionFact(version: string, product: string): Pick<FoundFact, 'relation' | 'fact'> {
  return { relation: 'VERSION_OF', fact: `${version} is a version of ${product}.` };
}

function relationOf(sentence: Sentence, pairs: Pairs, target: Mention, topic: Topic | null): string {
  const { source, ending } = pairs;
  if (pairs.by === 'speaker' && hasSubject(sentence)) return FALLBACK_RELATION;
  if (pairs.by === 'topic') return topicRelation(sentence, target, topic);
  if (ending?.successor === target && !/^(?:Place|Person)$/.test(target.thing.type)) return 'USES';
  if (ending && target !== ending.gone && target !== ending.successor)
    return laterRelation(sentence, ending.successor ?? ending.gone, target);
  if (source.wider && isSame(source.wider, target.thing)) return 'VERSION_OF';
  return relationTo(sentence.tokens, source, target) ?? (ending ? 'NO_LONGER_USES' : FALLBACK_RELATION);
}

/** What "the group has made me happy" does is not what the speaker does. */
function hasSubject(sentence: Sentence): boolean {
  const verb = sentence.tokens.findIndex((token) => token.tags.has('Verb'));
  return sentence.tokens.slice(0, Math.max(0, verb)).some((token) => token.tags.has('Noun') || token.technical);
}

/** The verb of an ending ("replaced") says nothing about what else the sentence names. */
function laterRelation(sentence: Sentence, replaced: Mention, target: Mention): string {
  const between = sentence.tokens.slice(replaced.last + 1, Math.max(0, target.first));
  const hasVerb = between.some((token) => token.tags.has('Verb'));
  return (hasVerb && relationTo(sentence.tokens, replaced, target)) || FALLBACK_RELATION;
}

function topicRelation(sentence: Sentence, target: Mention, topic: Topic | null): string {
  const given = sentence.leadIn?.section ?? sentence.block.section;
  if (given && given.relation !== 'CHANGES') return given.relation;
  const change = changeSaid(sentence);
  if (change || given) return change ?? given?.relation ?? FALLBACK_RELATION;
  if (topic?.isRelease && target.first < 0) return 'CHANGES';
  return relationTo(sentence.tokens, null, target) ?? FALLBACK_RELATION;
}

/** "Added …", "Support for … was added" */
function changeSaid(sentence: Sentence): string | undefined {
  for (const [index, token] of sentence.tokens.entries()) {
    if (index > 0 && !token.tags.has('Verb')) continue;
    const change = CHANGE_VERBS.find(([pattern]) => pattern.test(token.lower));
    if (change) return change[1];
  }
  return undefined;
}

/** The sentence, after whatever it takes to understand it alone: the release and section, the feature, the speaker. */
function textOf(sentence: Sentence, pairs: Pairs, topic: Topic | null): string {
  const parts: string[] = [];
  const says = (name: string) => normalised(sentence.text).includes(normalised(name));
  if (topic && pairs.by === 'topic' && !says(topic.thing.name)) {
    const section = sentence.leadIn?.section ?? sentence.block.section;
    parts.push(section ? `${topic.thing.name}, ${section.title}` : topic.thing.name);
  }
  const speaks = sentence.speaker && (FIRST_PERSON.test(sentence.text) || isSame(pairs.source.thing, sentence.speaker));
  if (sentence.speaker && speaks) parts.push(sentence.speaker.name);
  if (sentence.leadIn && sentence.leadIn.title !== '') parts.push(sentence.leadIn.title);
  return [...parts, sentence.text].join(': ');
}
