import { type DateMention, datesIn } from '../../english/dates.ts';
import { sentenceRanges } from '../../english/sentences.ts';
import type { EpisodeText } from '../language-model.ts';
import { type Block, blocks } from './document.ts';
import { type LeadIn, leadInOf } from './lead-ins.ts';
import { cleaned, codeBlanked, unmarked } from './markup.ts';
import type { NamedThing } from './named-thing.ts';
import { type Token, tokensOf } from './tagging.ts';
import { technicalNames } from './technical-names.ts';
import { turns } from './turns.ts';

/** More than these sentences of an episode are not looked at: an analysis costs about a millisecond each. */
export const MOST_SENTENCES = 400;

/** One sentence or list item with everything around it that tells what it means. */
export interface Sentence {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly dates: readonly DateMention[];
  readonly block: Block;
  readonly leadIn: LeadIn | null;
  readonly speaker: NamedThing | null;
}

/** The sentences of an episode that may state something. */
export function read(episode: EpisodeText): Sentence[] {
  const found: Sentence[] = [];
  for (const turn of turns(episode)) {
    for (const block of blocks(turn.text)) {
      found.push(...sentencesOf(block, turn.speaker, episode.referenceTime, MOST_SENTENCES - found.length));
      if (found.length >= MOST_SENTENCES) return found;
    }
  }
  return found;
}

function sentencesOf(block: Block, speaker: NamedThing | null, reference: Date, most: number): Sentence[] {
  const { leadIn, rest } = leadInOf(block);
  return sentences(cleaned(rest))
    .filter((sentence) => mayState(sentence, block.isItem))
    .slice(0, most)
    .map((marked) => {
      const { text, code } = unmarked(marked.replace(/[\s;,:]+$/, ''));
      const dates = datesIn(text, reference);
      return { text, tokens: tokensOf(text, technicalNames(text, code), dates), dates, block, leadIn, speaker };
    });
}

/** The tagger slows down with the length of a sentence, and nobody writes a longer one. */
const LONGEST_SENTENCE = 600;

/** Sentences of cleaned text, code still marked; a longer one is cut. */
function sentences(text: string): string[] {
  return sentenceRanges(codeBlanked(text)).flatMap(({ start, end }) => pieces(text.slice(start, end)));
}

function pieces(text: string): string[] {
  const cut: string[] = [];
  let rest = text;
  while (rest.length > LONGEST_SENTENCE) {
    const space = rest.lastIndexOf(' ', LONGEST_SENTENCE);
    const end = space > 0 ? space : LONGEST_SENTENCE;
    cut.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return rest ? [...cut, rest] : cut;
}

const GREETING =
  /^(?:hi|hello|hey|thanks|thank you|thx|ok|okay|yes|yeah|yep|no|nope|sure|great|cool|bye|wow|lol|welcome|good (?:morning|evening|night|day|to see|luck)|take care|see you|talk to you|congrats|congratulations|no problem|sounds good)\b/i;

/** Neither a question nor a greeting, and long enough to tell something. */
function mayState(sentence: string, isItem: boolean): boolean {
  if (/[?？]["')\]]{0,4}$/.test(sentence) || !/\p{L}{2}/u.test(sentence)) return false;
  if (!isItem && !/\S\s+\S/.test(sentence)) return false;
  const isShort = sentence.length < 40;
  return !(isShort && GREETING.test(sentence));
}
