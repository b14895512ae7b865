import { derivedUuid } from '../derived-uuid.ts';
import { type Episode, type Metadata, NOTE_KINDS } from '../episode.ts';
import { CUTTER_VERSION, cutText, cutToolCall, type PassageCut, type PassageKind } from './cut.ts';
import type { Range } from './sentences.ts';
import { ANALYSER_VERSION, termsOf } from './terms.ts';

/** The version of cutting and analysis. Passages of another version are created again. */
export const PASSAGE_VERSION = `${CUTTER_VERSION}.${ANALYSER_VERSION}`;

/** A passage as it is stored: the place of its text, and the terms by which it is found. It never changes. */
export interface Passage extends Range {
  readonly uuid: string;
  readonly episode: string;
  /** Its place within the episode. */
  readonly ordinal: number;
  /** Which text `start` and `end` count in: empty for the episode's own, `tool:<n>` for the input and output of its n-th tool. */
  readonly source: string;
  readonly kind: PassageKind;
  readonly role: string | null;
  /** It ends with a question mark, or is one sentence that begins as a question does. */
  readonly asks: boolean;
  /** Starts and ends of the headings above, one after the other. */
  readonly headings: readonly number[];
  /** The episode's saga, or the session that its metadata name. */
  readonly session: string | null;
  /** Separated by spaces, those of the headings first. */
  readonly terms: string;
  readonly length: number;
}

type Cuttable = Pick<Episode, 'uuid' | 'content' | 'source' | 'metadata' | 'saga'>;

/** The number of characters of a passage that are embedded: encoders read no further. */
const MOST_EMBEDDED = 1_200;

/** An episode is cut when it is recorded, and needed again when its passages are embedded. */
const cutBefore = new WeakMap<Cuttable, readonly Passage[]>();

/** All passages of an episode, its own text first. The same episode always gives the same. */
export function passagesOf(episode: Cuttable): readonly Passage[] {
  const passages = cutBefore.get(episode) ?? cutEpisode(episode);
  cutBefore.set(episode, passages);
  return passages;
}

function cutEpisode(episode: Cuttable): Passage[] {
  const { uuid, content, source, metadata } = episode;
  const cuts: (PassageCut & { readonly text: string; readonly source: string })[] = [
    ...cutText(content, source).map((cut) => ({ ...cut, text: content, source: '' })),
    ...toolsOf(metadata).flatMap((_, place) => {
      const text = toolText(metadata, place);
      return cutToolCall(text).map((cut) => ({ ...cut, text, source: `tool:${place}` }));
    }),
  ];
  const session = episode.saga ?? (typeof metadata?.session === 'string' ? metadata.session : null);
  return cuts.map((cut, ordinal) => {
    const named = ordinal === 0 ? namesOf(metadata) : '';
    const words = termsOf(
      `${named} ${cut.headings.map(({ start, end }) => cut.text.slice(start, end)).join(' ')} ${cut.text.slice(cut.start, cut.end)}`,
    );
    const terms = ordinal === 0 ? [...noteTerms(metadata), ...words] : words;
    return {
      uuid: derivedUuid('passage', uuid, cut.source, String(cut.start), String(cut.end)),
      episode: uuid,
      ordinal,
      source: cut.source,
      start: cut.start,
      end: cut.end,
      kind: cut.kind,
      role: cut.role,
      asks: isQuestion(cut.text.slice(cut.start, cut.end)),
      headings: cut.headings.flatMap(({ start, end }) => [start, end]),
      session,
      terms: terms.join(' '),
      length: terms.length,
    };
  });
}

const QUESTION_MARK = /[?？]["'”’)\]]*$/;
const QUESTION_WORDS =
  /^(?:\p{L}+:\s+)?(?:how (?:do|does|did|can|could|should|would)|(?:what|where|why|which \p{L}+|when|who) (?:is|are|was|were|do|does|did|can|should|will)|(?:can|could|should|will) (?:you|we|i))\b[^.!:;\n]*$/iu;

/** Many questions to an agent have no question mark: "user: how do I upgrade from Nuxt 2 to Nuxt 3". */
const isQuestion = (text: string): boolean => QUESTION_MARK.test(text) || QUESTION_WORDS.test(text);

/** The text that a passage's range counts in. */
export function textOf(source: string, content: string, metadata: Metadata | null): string {
  return source === '' ? content : toolText(metadata, Number(source.slice('tool:'.length)));
}

/**
 * The passages of an episode that get a vector, each with the text to embed. Inputs and outputs of tools get none: they are found by their
 * words, and the vectors of ten calls would take more memory than the rest of an episode.
 */
export const embeddablePassages = <P extends Pick<Passage, 'source' | 'start' | 'end' | 'headings'>>(
  passages: readonly P[],
  content: string,
): { readonly passage: P; readonly text: string }[] =>
  passages.filter(({ source }) => source === '').map((passage) => ({ passage, text: embeddedText(content, passage) }));

/** The embedded text of a passage: its headings and its text, as far as encoders read. */
export function embeddedText(
  text: string,
  { start, end, headings }: Pick<Passage, 'start' | 'end' | 'headings'>,
): string {
  const above = headingsOf(text, headings).join(' > ');
  return `${above === '' ? '' : `${above}: `}${text.slice(start, Math.min(end, start + MOST_EMBEDDED))}`;
}

/** Headings as they are written. */
export function headingsOf(text: string, headings: readonly number[]): string[] {
  return Array.from({ length: headings.length / 2 }, (_, place) =>
    text.slice(headings[2 * place], headings[2 * place + 1]),
  );
}

interface UsedTool {
  readonly tool?: unknown;
  readonly input?: unknown;
  readonly output?: unknown;
}

function toolsOf(metadata: Metadata | null): readonly UsedTool[] {
  const tools = metadata?.tools;
  return Array.isArray(tools) ? tools.filter((tool) => tool !== null && typeof tool === 'object') : [];
}

function toolText(metadata: Metadata | null, place: number): string {
  const { tool, input, output } = toolsOf(metadata)[place] ?? {};
  const texts = [[tool, input].filter((value) => typeof value === 'string' && value !== '').join(': '), output];
  return texts.filter((value) => typeof value === 'string' && value.trim() !== '').join('\n');
}

/** The term by which notes of a kind are found, such as open tasks. */
export const noteTerm = (kind: string): string => `note_${kind}`;

/** The term by which notes are found that replace an episode or a fact. */
export const replacesTerm = (uuid: string): string => `replaces_${uuid.replaceAll('-', '')}`;

/** A rule that an agent proposes replaces nothing until the user confirms it. */
function noteTerms(metadata: Metadata | null): string[] {
  const { kind, replaces, confirmed } = metadata ?? {};
  const known = NOTE_KINDS.find((noteKind) => noteKind === kind);
  const isInForce = kind !== 'rule' || Boolean(confirmed);
  return [
    ...(known ? [noteTerm(known)] : []),
    ...(typeof replaces === 'string' && isInForce ? [replacesTerm(replaces)] : []),
  ];
}

/** A document is also found by the name of its file. */
function namesOf(metadata: Metadata | null): string {
  return [metadata?.file, metadata?.title].filter((value) => typeof value === 'string').join(' ');
}
