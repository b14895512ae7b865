import { type Ending, endingIn } from './ended.ts';
import type { Mention } from './mentions.ts';
import { mentionsIn } from './mentions.ts';
import { isSame, type NamedThing } from './named-thing.ts';
import { measures, nounPhrases } from './noun-phrases.ts';
import type { Sentence } from './reading.ts';
import type { Topic } from './topics.ts';

/** A sentence gives at most this many facts, one for each other end. */
const MOST_TARGETS = 4;
const USER: NamedThing = { name: 'user', type: 'Entity' };

/** Who a sentence is about and what it connects that with. */
export interface Pairs {
  readonly source: Mention;
  readonly targets: readonly Mention[];
  /** Everything the sentence names, connected or not. */
  readonly named: readonly Mention[];
  readonly ending: Ending | null;
  /** Nothing in the sentence itself is connected with the target. */
  readonly by: 'sentence' | 'topic' | 'speaker';
}

export function pairsOf(sentence: Sentence, topic: Topic | null, known: ReadonlySet<string>): Pairs | null {
  const mentions = mentionsIn(sentence.tokens, known);
  const named = mentions.filter((mention) => !isVocative(sentence, mention));
  const phrases = nounPhrases(sentence.tokens, mentions);
  if (topic?.isRelease) return withTopic(sentence, topic, named, phrases);
  if (!hasVerb(sentence)) return topic && sentence.block.isItem ? withTopic(sentence, topic, named, phrases) : null;
  const self = selfOf(sentence, named);
  const ending = endingIn(sentence, named, self) ?? endingIn(sentence, [...named, ...phrases], self);
  if (ending) return withEnding(ending, named);
  const strong = named.filter((mention) => !mention.isWeak);
  if (self)
    return connect(self, named.length ? named : phrases.filter((phrase) => hasVerb(sentence, -1, phrase.first)), named);
  const [first, ...others] = strong;
  if (first && others.length) return connect(first, others, named);
  if (topic) return withTopic(sentence, topic, named, phrases);
  if (sentence.leadIn?.thing) return connect(aside(sentence.leadIn.thing), named.length ? named : phrases, named);
  return first ? aroundOne(sentence, first, phrases) : withoutNames(sentence, phrases);
}

/** "I prefer tabs", "my editor is Vim", but not "our CI runs on GitHub": the speaker is meant, or the user where nobody is known to speak. */
function selfOf(sentence: Sentence, named: readonly Mention[]): Mention | null {
  const end = named[0]?.first ?? sentence.tokens.length;
  const isMeant = sentence.tokens.slice(0, end).some((token, index) => {
    const isOwner = /^(?:my|our)$/.test(token.lower) && !(index + 1 === end && named.length > 1);
    return isOwner || /^(?:i|we)$/.test(token.lower);
  });
  return isMeant || isRule(sentence) ? aside(sentence.speaker ?? USER) : null;
}

function withTopic(sentence: Sentence, topic: Topic, named: readonly Mention[], phrases: readonly Mention[]): Pairs {
  const feature = sentence.leadIn?.thing ? [aside(sentence.leadIn.thing)] : [];
  const others = [...feature, ...named.filter((mention) => !mention.isWeak)].filter(({ thing }) => {
    return !isSame(thing, topic.thing) && !(topic.wider && isSame(thing, topic.wider));
  });
  const rest = topic.wider ? [aside(topic.wider)] : [...named, ...phrases].slice(0, 1);
  const targets = (others.length ? others : rest).slice(0, MOST_TARGETS);
  return { source: aside(topic.thing), targets, named, ending: null, by: 'topic' };
}

function withEnding(ending: Ending, named: readonly Mention[]): Pairs {
  const { holder, gone, successor } = ending;
  const others = named.filter((mention) => mention !== holder && mention !== gone && mention !== successor);
  const targets = [successor ?? gone, ...others.filter((mention) => !mention.isWeak)].slice(0, MOST_TARGETS);
  return { source: holder, targets, named, ending, by: 'sentence' };
}

function aroundOne(sentence: Sentence, only: Mention, phrases: readonly Mention[]): Pairs | null {
  const after = phrases.find((phrase) => phrase.first > only.last && hasVerb(sentence, only.last, phrase.first));
  const before =
    phrases.find((phrase) => phrase.last < only.first && hasVerb(sentence, phrase.last, only.first)) ??
    phrases.findLast((phrase) => phrase.last < only.first);
  const other = after ?? (sentence.speaker ? null : (before ?? phrases[0] ?? restOf(sentence, only)));
  if (other && other.first >= 0 && other.first < only.first) return connect(other, [only], [only]);
  if (other) return connect(only, [other], [only]);
  if (sentence.speaker) return connect(aside(sentence.speaker), [only], [only], 'speaker');
  return isImperative(sentence) ? connect(aside(USER), [only], [only]) : null;
}

/** A version is of a package; anything else may have a weak version or a measure. */
function restOf(sentence: Sentence, only: Mention): Mention | null {
  if (only.wider) return aside(only.wider);
  const weak = mentionsIn(sentence.tokens, new Set()).findLast((mention) => mention.isWeak);
  return weak ?? measures(sentence.tokens).find((measure) => measure.first > only.last) ?? null;
}

/** "Use pnpm, not npm" */
function isRule(sentence: Sentence): boolean {
  return /^(?:please )?(?:always |never |don't |do not )?(?:use|run|prefer|avoid|write|keep|call|check|ask|ensure)\b/i.test(
    sentence.text,
  );
}

/** "Always run `npm test`": whoever reads is told what to do. */
function isImperative(sentence: Sentence): boolean {
  const verb = sentence.tokens.find((token) => !/^(?:always|never|please|do|don't|not|)$/.test(token.lower));
  return verb?.tags.has('Infinitive') === true && !verb.technical;
}

function withoutNames(sentence: Sentence, phrases: readonly Mention[]): Pairs | null {
  if (sentence.speaker) return connect(aside(sentence.speaker), phrases.slice(0, 1), [], 'speaker');
  const [subject] = phrases;
  if (!subject) return null;
  const objects = [...phrases.slice(1), ...measures(sentence.tokens)];
  const object = objects.find((phrase) => hasVerb(sentence, subject.last, phrase.first));
  if (object) return connect(subject, [object], []);
  return isImperative(sentence) ? connect(aside(USER), [subject], []) : null;
}

function connect(
  source: Mention,
  targets: readonly Mention[],
  named: readonly Mention[],
  by: Pairs['by'] = 'sentence',
): Pairs | null {
  const others = targets.filter((target) => !isSame(target.thing, source.thing));
  const most = others.some((target) => named.includes(target)) ? MOST_TARGETS : 2;
  if (others.length === 0) return null;
  return { source, targets: others.slice(0, most), named, ending: null, by };
}

/** "Thanks, Melanie": spoken to, not about. */
function isVocative(sentence: Sentence, mention: Mention): boolean {
  if (sentence.speaker === null || /\d/.test(mention.thing.name)) return false;
  const { tokens } = sentence;
  const isAtStart =
    mention.first === 0 ||
    /^(?:hey|hi|hello|thanks|yeah|yep|yes|ok|okay|no|wow)$/.test(tokens[mention.first - 1]?.lower ?? '');
  const isAtEnd = mention.last === tokens.length - 1;
  const isApart = (isAtStart || tokens[mention.first - 1]?.isParted) && (isAtEnd || tokens[mention.last]?.isParted);
  const isListed = tokens.slice(0, mention.first).some((token) => /^(?:and|or|,)$/.test(token.lower)) && isAtEnd;
  return (
    Boolean(isApart) && !isListed && (mention.thing.type === 'Person' || (isAtEnd && mention.thing.type === 'Entity'))
  );
}

function hasVerb(sentence: Sentence, from = -1, to = sentence.tokens.length): boolean {
  return sentence.tokens.slice(from + 1, to).some((token) => token.tags.has('Verb') && !token.technical);
}

/** Something that the sentence is about without naming it in its words. */
function aside(thing: NamedThing): Mention {
  return { thing, first: -1, last: -1 };
}
