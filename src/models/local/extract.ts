import { datesIn, type ValidityPeriod, validityPeriod } from '../../english/dates.ts';
import { type Paragraph, proseParagraphs, SPEAKER_ROLES } from '../../english/paragraphs.ts';
import { sentenceRanges } from '../../english/sentences.ts';
import { stanceOf, withoutQuotations } from '../../english/stance.ts';
import { isEnglish, isGerman } from '../../english/words.ts';
import { parseJson } from '../../json.ts';
import type { EpisodeText, Extraction } from '../language-model.ts';
import { type NounPhrase, nounPhraseAt } from './chunks.ts';
import { type Clause, parseClauses } from './clauses.ts';
import { ExtractionBuilder } from './extraction-builder.ts';
import { markedWords, plainWords, withoutCode, writtenSentences } from './markdown.ts';
import { certainNames, mentionsIn, type NameMention } from './names.ts';
import { type Relation, relationEndIn, relationsOf } from './relations.ts';
import { hasSameName, spelledNames, type TypedName } from './spelling.ts';
import { type TaggedWord, tokenize } from './tagging.ts';
import { INTERJECTIONS } from './vocabulary.ts';

/** Sentences per episode; each takes about a millisecond. */
const MAX_SENTENCES = 400;
/** Characters of a sentence. The tagger slows down with length, and longer sentences are not prose. */
const MAX_SENTENCE = 600;
/** Characters of a paragraph. Longer ones are cut, so that no regular expression runs over a megabyte. */
const MAX_PARAGRAPH = 4_000;
/** Facts per sentence. */
const MAX_FACTS = 4;
const GREETING =
  /^(?:hi|hello|hey|thanks|thank you|thx|ok|okay|yes|yeah|yep|no|nope|sure|great|cool|bye|wow|lol|welcome|good (?:morning|evening|night|day|to see|luck)|take care|see you|talk to you|congrats|congratulations|no problem|sounds good)\b/i;
/** "Decision: …", "Package manager: …" */
const LABEL = /^(?:[\p{L}\d-]+ ){0,3}[\p{L}\d-]+: (?=\S)/u;
const KIND_OF_NOTE =
  /\b(?:decisions?|notes?|rules?|to-?dos?|reasons?|causes?|fix|bugs?|gotchas?|updates?|reminders?|reviews?|meetings?|plans?|planning|status|reports?|items?|done|problems?|known|new|changes?|postmortem|question|answer|example|summary|tests?|price)\b/i;
const FIRST_PERSON = /\b(?:I|i|[Ww]e|[Mm]y|[Oo]ur|me|us|mine)\b/;

interface ParsedSentence {
  /** Without markup, as the tagger gets it. */
  readonly text: string;
  /** As written in the episode; facts quote it. */
  readonly written: string;
  readonly tokens: readonly TaggedWord[];
  readonly dates: ReturnType<typeof datesIn>;
  readonly paragraph: Paragraph;
  /** An open item of a task list. */
  readonly isOpen: boolean;
}

/**
 * Reads an English text or dialogue by rules: the entities that it names, and dated facts between two of them. Only what the rules are sure
 * of becomes a fact; the passages hold the rest. Never throws. The result depends only on the episode.
 */
export function extractByRules({ content, source, referenceTime }: EpisodeText): Extraction {
  const found = new ExtractionBuilder();
  const sentences = isJson(content, source) ? [] : sentencesOf(content, source === 'message', referenceTime);
  const known = new Set(sentences.flatMap(({ tokens }) => certainNames(tokens)));
  for (const heading of new Set(sentences.flatMap(({ paragraph }) => paragraph.headings)))
    addNames(found, heading, referenceTime);
  let before: ParsedSentence | undefined;
  let person: TypedName | null = null;
  for (const sentence of sentences) {
    if (found.isFull) break;
    const mentions = mentionsIn(sentence.tokens, known, isGerman(sentence.text));
    if (before?.paragraph !== sentence.paragraph) person = null;
    addStatedFacts(found, sentence, mentions, referenceTime, person);
    for (const { entity, product } of mentions) {
      if (product) found.addFact(versionFact(entity, product, validityPeriod(sentence.dates, referenceTime)));
      else found.addEntity(entity);
    }
    const people = mentions.filter(({ entity }) => entity.type === 'Person');
    person = people.length > 1 ? null : (people[0]?.entity ?? person);
    before = sentence;
  }
  return found.result();
}

export default extractByRules;

/** JSON documents are searched through their passages only. */
function isJson(content: string, source: EpisodeText['source']): boolean {
  return source === 'json' && typeof parseJson(content) === 'object';
}

/** The sentences that may state a fact. */
function sentencesOf(content: string, isDialogue: boolean, reference: Date): ParsedSentence[] {
  const found: ParsedSentence[] = [];
  for (const paragraph of proseParagraphs(content, isDialogue)) {
    const isOpen = /\[ \]\s+$/.test(content.slice(Math.max(0, paragraph.start - 6), paragraph.start));
    for (let start = paragraph.start; start < paragraph.end; start += MAX_PARAGRAPH) {
      const piece = content.slice(start, Math.min(paragraph.end, start + MAX_PARAGRAPH));
      for (const line of linesOf(piece)) {
        const marked = markedWords(line);
        const ranges = sentenceRanges(withoutCode(marked.text)).map(({ start, end }) => ({
          start,
          end: Math.min(end, start + MAX_SENTENCE),
        }));
        const written = writtenSentences(marked, line, ranges);
        for (const [place, { start, end }] of ranges.entries()) {
          if (found.length >= MAX_SENTENCES) return found;
          const words = marked.text.slice(start, end);
          if (!mayStateFact(words)) continue;
          const { text, code } = plainWords(words.replace(SEPARATORS, ''));
          const dates = datesIn(text, reference);
          const tokens = tokenize(text, spelledNames(text, code), dates);
          const whole = (written[place] ?? '').replace(SEPARATORS, '');
          found.push({ text, written: whole, tokens, dates, paragraph, isOpen });
        }
      }
    }
  }
  return found;
}

const SEPARATORS = /[\s;,:]+$/;

/** Splits into lines, but not where an editor wrapped one: after 60 characters, or before a small letter. */
const linesOf = (paragraph: string): string[] => paragraph.split(/(?<!.{60})\n(?!\s{0,3}\p{Ll})/u);

/** False for questions, greetings and single words. */
function mayStateFact(sentence: string): boolean {
  if (/[?？]["')\]]{0,4}$/.test(sentence) || !/\p{L}{2}/u.test(sentence) || !/\S\s+\S/.test(sentence)) return false;
  return sentence.length >= 40 || !GREETING.test(sentence);
}

/** @param person the person that "he" or "she" refers to */
function addStatedFacts(
  found: ExtractionBuilder,
  sentence: ParsedSentence,
  mentions: readonly NameMention[],
  reference: Date,
  person: TypedName | null,
): void {
  const { text, written, tokens, dates, paragraph } = sentence;
  // "will" counts as a statement.
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
  const clauses = parseClauses({ tokens, mentions }, labelled);
  const when = validityPeriod(dates, reference);
  const add = (relation: Relation) => {
    const isSpoken = speaker && (FIRST_PERSON.test(text) || hasSameName(relation.source, speaker));
    const isPronoun = person && hasSameName(relation.source, person) && /^(?:he|she)\b/i.test(text);
    const who = isSpoken ? speaker : isPronoun ? person : null;
    found.addFact({ ...relation, fact: who ? `${who.name}: ${written}` : written, ...when });
  };
  const ending = relationEndIn(text, dates, entitiesOf(mentions, clauses), speaker ?? label);
  if (ending) {
    const { holder, removed, successor, relation } = ending;
    found.addEnding(holder, removed, when.validAt ?? reference);
    if (!successor || !/^(?:Place|Person)$/.test(successor.type))
      add({ source: holder, target: successor ?? removed, relation });
    return;
  }
  for (const clause of clauses) {
    const subject = subjectOf(clause, { speaker, person, label });
    if (subject === undefined) continue;
    // A past state without a known end may have ended.
    const predicates = clause.predicates.filter(
      ({ isPastState, hasPronoun }) => !hasPronoun && (!isPastState || when.invalidAt),
    );
    const relations = relationsOf({ ...clause, predicates }, subject);
    // If a sentence gives only a date, it is kept with the place or owner of its subject: "the launch of Aquila".
    const { attribute } = clause;
    if (relations.length === 0 && dates.length > 0 && subject && attribute?.phrase.isNamed)
      relations.push({
        source: subject,
        target: attribute.phrase.mention.entity,
        relation: attribute.preposition.toUpperCase(),
      });
    for (const relation of relations.slice(0, MAX_FACTS)) add(relation);
  }
}

/** The entity that a clause is about; null if unknown, undefined if ambiguous. */
function subjectOf(
  { subject, isImperative: isOrder }: Clause,
  { speaker, person, label }: Readonly<Record<'speaker' | 'person' | 'label', TypedName | null>>,
): TypedName | null | undefined {
  if (subject === 'speaker') return speaker ?? label;
  if (subject === 'he' || subject === 'she') return person ?? undefined;
  if (subject !== null) return subject.mention.entity;
  return isOrder ? null : label;
}

/** A role such as "user" is not a person. */
function speakerOf({ speaker }: Paragraph): TypedName | null {
  if (speaker === null || SPEAKER_ROLES.has(speaker)) return null;
  return { name: speaker.replace(/(?<![\p{L}'’])\p{Ll}/gu, (first) => first.toUpperCase()), type: 'Person' };
}

/** "Package manager: we use pnpm" is about the package manager, "Priya: finished the keys" about Priya. */
function labelOf(
  [first, second]: readonly TaggedWord[],
  phrase: NounPhrase | null,
  labelled: number,
): TypedName | null {
  if (!first || labelled === 0 || KIND_OF_NOTE.test(first.text)) return null;
  const isName =
    ['Expression', 'Person', 'ProperNoun'].some((tag) => first.tags.has(tag)) && !INTERJECTIONS.has(first.lower);
  if (labelled === 1 && isName && second?.tags.has('PastTense')) return { name: first.text, type: 'Person' };
  return phrase?.next === labelled && !KIND_OF_NOTE.test(phrase.mention.entity.name) ? phrase.mention.entity : null;
}

/** Releases and files in a heading, by their spelling. Headings are capitalised, so capital letters say nothing there. */
function addNames(found: ExtractionBuilder, heading: string, reference: Date): void {
  const { text, code } = plainWords(markedWords(heading).text);
  for (const { entity, product } of spelledNames(text, code)) {
    if (entity && product)
      found.addFact(versionFact(entity, product, validityPeriod(datesIn(text, reference), reference)));
    else if (entity) found.addEntity(entity);
  }
}

/** The entities that a sentence names, then those that its clauses are about; longer names first. */
function entitiesOf(mentions: readonly NameMention[], clauses: readonly Clause[]): TypedName[] {
  const phrases = clauses.flatMap(({ subject, predicates }) => [
    ...(subject !== null && typeof subject === 'object' ? [subject] : []),
    ...predicates.flatMap(({ objects }) => objects),
  ]);
  const longestFirst = (entities: TypedName[]) => entities.sort((a, b) => b.name.length - a.name.length);
  return [
    ...longestFirst(mentions.map(({ entity }) => entity)),
    ...longestFirst(phrases.map(({ mention }) => mention.entity)),
  ];
}

function versionFact(source: TypedName, target: TypedName, when: ValidityPeriod) {
  return { source, target, relation: 'VERSION_OF', fact: `${source.name} is a version of ${target.name}.`, ...when };
}
