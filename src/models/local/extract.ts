import { datesIn, type Validity, validity } from '../../english/dates.ts';
import { type Paragraph, prose, ROLES } from '../../english/prose.ts';
import { sentenceRanges } from '../../english/sentences.ts';
import { stanceOf, withoutQuotations } from '../../english/stance.ts';
import { isEnglish, isGerman } from '../../english/words.ts';
import type { EpisodeText, Extraction } from '../language-model.ts';
import { type NounPhrase, nounPhraseAt } from './chunks.ts';
import { type Clause, clausesIn } from './clauses.ts';
import { Collection } from './collection.ts';
import { markedWords, plainWords, withoutCode } from './markdown.ts';
import { certainNames, type Mention, mentionsIn } from './names.ts';
import { endingIn, type Relation, relationsOf } from './relations.ts';
import { isSame, type NamedThing, spelledNames } from './spelling.ts';
import { type Token, tokensOf } from './tagging.ts';
import { INTERJECTIONS } from './vocabulary.ts';

/** More sentences of an episode are not looked at: one takes about a millisecond. */
const MOST_SENTENCES = 400;
/** The tagger slows down with the length of a sentence, and nobody writes a longer one. */
const LONGEST_SENTENCE = 600;
/** Longer paragraphs are read in pieces, so that no expression runs over a megabyte. */
const LONGEST_PARAGRAPH = 4_000;
/** A sentence gives at most this many facts. */
const MOST_FACTS = 4;
const GREETING =
  /^(?:hi|hello|hey|thanks|thank you|thx|ok|okay|yes|yeah|yep|no|nope|sure|great|cool|bye|wow|lol|welcome|good (?:morning|evening|night|day|to see|luck)|take care|see you|talk to you|congrats|congratulations|no problem|sounds good)\b/i;
/** "Decision: …", "Package manager: …" */
const LABEL = /^(?:[\p{L}\d-]+ ){0,3}[\p{L}\d-]+: (?=\S)/u;
const KIND_OF_NOTE =
  /\b(?:decisions?|notes?|rules?|to-?dos?|reasons?|causes?|fix|bugs?|gotchas?|updates?|reminders?|reviews?|meetings?|plans?|planning|status|reports?|items?|done|problems?|known|new|changes?|postmortem|question|answer|example|summary|tests?|price)\b/i;
const FIRST_PERSON = /\b(?:I|i|[Ww]e|[Mm]y|[Oo]ur|me|us|mine)\b/;

interface ReadSentence {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly dates: ReturnType<typeof datesIn>;
  readonly paragraph: Paragraph;
  /** An item of a list that has not been ticked off. */
  readonly isOpen: boolean;
}

/**
 * Reads an English text or dialogue by rules: what it names, and the dated facts that it surely states between two named
 * or particular things. Whatever is not sure is left to the passages, which hold the text. Never throws; the same episode
 * always gives the same answer.
 */
export function extract({ content, source, referenceTime }: EpisodeText): Extraction {
  const found = new Collection();
  const sentences = isJson(content, source) ? [] : sentencesOf(content, source === 'message', referenceTime);
  const known = new Set(sentences.flatMap(({ tokens }) => certainNames(tokens)));
  for (const heading of new Set(sentences.flatMap(({ paragraph }) => paragraph.headings)))
    addNames(found, heading, referenceTime);
  let before: ReadSentence | undefined;
  let person: NamedThing | null = null;
  for (const sentence of sentences) {
    if (found.isFull) break;
    const mentions = mentionsIn(sentence.tokens, known, isGerman(sentence.text));
    if (before?.paragraph !== sentence.paragraph) person = null;
    addStated(found, sentence, mentions, referenceTime, person);
    for (const { thing, product } of mentions) {
      if (product) found.addFact(versionFact(thing, product, validity(sentence.dates, referenceTime)));
      else found.addThing(thing);
    }
    const people = mentions.filter(({ thing }) => thing.type === 'Person');
    person = people.length > 1 ? null : (people[0]?.thing ?? person);
    before = sentence;
  }
  return found.result();
}

export default extract;

/** The passages of a JSON document say all that is sure. */
function isJson(content: string, source: EpisodeText['source']): boolean {
  try {
    return source === 'json' && typeof JSON.parse(content) === 'object';
  } catch {
    return false;
  }
}

/** The sentences that may state something. */
function sentencesOf(content: string, isDialogue: boolean, reference: Date): ReadSentence[] {
  const found: ReadSentence[] = [];
  for (const paragraph of prose(content, isDialogue)) {
    const isOpen = /\[ \]\s+$/.test(content.slice(Math.max(0, paragraph.start - 6), paragraph.start));
    for (let start = paragraph.start; start < paragraph.end; start += LONGEST_PARAGRAPH) {
      const piece = content.slice(start, Math.min(paragraph.end, start + LONGEST_PARAGRAPH));
      for (const line of linesOf(piece)) {
        const marked = markedWords(line);
        for (const range of sentenceRanges(withoutCode(marked))) {
          if (found.length >= MOST_SENTENCES) return found;
          const words = marked.slice(range.start, Math.min(range.end, range.start + LONGEST_SENTENCE));
          if (!mayState(words)) continue;
          const { text, code } = plainWords(words.replace(/[\s;,:]+$/, ''));
          const dates = datesIn(text, reference);
          found.push({ text, tokens: tokensOf(text, spelledNames(text, code), dates), dates, paragraph, isOpen });
        }
      }
    }
  }
  return found;
}

/** A line that is long, or that goes on in small letters, was broken by an editor. */
const linesOf = (paragraph: string): string[] => paragraph.split(/(?<!.{60})\n(?!\s{0,3}\p{Ll})/u);

/** Neither a question nor a greeting, and more than one word. */
function mayState(sentence: string): boolean {
  if (/[?？]["')\]]{0,4}$/.test(sentence) || !/\p{L}{2}/u.test(sentence) || !/\S\s+\S/.test(sentence)) return false;
  return sentence.length >= 40 || !GREETING.test(sentence);
}

/** @param person whom "he" or "she" means */
function addStated(
  found: Collection,
  sentence: ReadSentence,
  mentions: readonly Mention[],
  reference: Date,
  person: NamedThing | null,
): void {
  const { text, tokens, dates, paragraph } = sentence;
  // What is sure to come is stated as such.
  if (
    sentence.isOpen ||
    !isEnglish(text) ||
    withoutQuotations(text) !== text ||
    stanceOf(text.replace(/\bwill\b/gi, '')) === 'none'
  )
    return;
  const speaker = speakerOf(paragraph);
  const labelled = LABEL.exec(text)?.[0].trim().split(/\s+/).length ?? 0;
  const label = labelOf(tokens, nounPhraseAt({ tokens, mentions }, 0), labelled);
  const clauses = clausesIn({ tokens, mentions }, labelled);
  const when = validity(dates, reference);
  const add = (relation: Relation) => {
    const isSpoken = speaker && (FIRST_PERSON.test(text) || isSame(relation.source, speaker));
    const isPronoun = person && isSame(relation.source, person) && /^(?:he|she)\b/i.test(text);
    const who = isSpoken ? speaker : isPronoun ? person : null;
    found.addFact({ ...relation, fact: who ? `${who.name}: ${text}` : text, ...when });
  };
  const ending = endingIn(text, dates, thingsOf(mentions, clauses), speaker ?? label);
  if (ending) {
    const { holder, gone, successor, relation } = ending;
    found.addEnding(holder, gone, when.validAt ?? reference);
    if (!successor || !/^(?:Place|Person)$/.test(successor.type))
      add({ source: holder, target: successor ?? gone, relation });
    return;
  }
  for (const clause of clauses) {
    const subject = subjectOf(clause, { speaker, person, label });
    if (subject === undefined) continue;
    const relations = relationsOf(clause, subject);
    // Of what has a date, such as "the launch of Aquila", it is kept whose or where it is.
    const { attribute } = clause;
    if (relations.length === 0 && dates.length > 0 && subject && attribute?.phrase.isNamed)
      relations.push({
        source: subject,
        target: attribute.phrase.mention.thing,
        relation: attribute.preposition.toUpperCase(),
      });
    for (const relation of relations.slice(0, MOST_FACTS)) add(relation);
  }
}

/** The thing a clause is about; null for nobody known, undefined where it could be anybody. */
function subjectOf(
  { subject, isOrder }: Clause,
  { speaker, person, label }: Readonly<Record<'speaker' | 'person' | 'label', NamedThing | null>>,
): NamedThing | null | undefined {
  if (subject === 'speaker') return speaker ?? label;
  if (subject === 'he' || subject === 'she') return person ?? undefined;
  if (subject !== null) return subject.mention.thing;
  return isOrder ? null : label;
}

/** Roles are no people. */
function speakerOf({ speaker }: Paragraph): NamedThing | null {
  if (speaker === null || ROLES.has(speaker)) return null;
  return { name: speaker.replace(/(?<![\p{L}'’])\p{Ll}/gu, (first) => first.toUpperCase()), type: 'Person' };
}

/** "Package manager: we use pnpm" is about the package manager, "Priya: finished the keys" about Priya. */
function labelOf([first, second]: readonly Token[], phrase: NounPhrase | null, labelled: number): NamedThing | null {
  if (!first || labelled === 0 || KIND_OF_NOTE.test(first.text)) return null;
  const isName =
    ['Expression', 'Person', 'ProperNoun'].some((tag) => first.tags.has(tag)) && !INTERJECTIONS.has(first.lower);
  if (labelled === 1 && isName && second?.tags.has('PastTense')) return { name: first.text, type: 'Person' };
  return phrase?.next === labelled && !KIND_OF_NOTE.test(phrase.mention.thing.name) ? phrase.mention.thing : null;
}

/** A heading names a release or a file by its spelling; its capital letters tell nothing. */
function addNames(found: Collection, heading: string, reference: Date): void {
  const { text, code } = plainWords(markedWords(heading));
  for (const { thing, product } of spelledNames(text, code)) {
    if (thing && product) found.addFact(versionFact(thing, product, validity(datesIn(text, reference), reference)));
    else if (thing) found.addThing(thing);
  }
}

/** What a sentence names and is about, the longer names first. */
function thingsOf(mentions: readonly Mention[], clauses: readonly Clause[]): NamedThing[] {
  const phrases = clauses.flatMap(({ subject, predicates }) => [
    ...(subject !== null && typeof subject === 'object' ? [subject] : []),
    ...predicates.flatMap(({ objects }) => objects),
  ]);
  const longestFirst = (things: NamedThing[]) => things.sort((a, b) => b.name.length - a.name.length);
  return [
    ...longestFirst(mentions.map(({ thing }) => thing)),
    ...longestFirst(phrases.map(({ mention }) => mention.thing)),
  ];
}

function versionFact(source: NamedThing, target: NamedThing, when: Validity) {
  return { source, target, relation: 'VERSION_OF', fact: `${source.name} is a version of ${target.name}.`, ...when };
}
