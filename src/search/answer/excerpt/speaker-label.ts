import { SPEAKER_LABEL } from '../../../passages/speakers.ts';

/** The name in front of a turn. */
export interface SpeakerLabel {
  /** As it is printed: `assistant:`, or as the text has it, `Mira:`. Empty if no speaker is named. */
  readonly label: string;
  /** Where the words of the turn begin. */
  readonly wordsStart: number;
}

/** How far back a label is looked for: further back, the role is its name. A pasted log is one turn of a megabyte. */
const FARTHEST = 100_000;

/** The label of a role's turn around a place in a text. */
export function speakerLabel(text: string, role: string | null, place: number): SpeakerLabel {
  if (role === null) return { label: '', wordsStart: 0 };
  const found = latestLabel(text, role, place, Math.max(0, place - FARTHEST));
  return found ?? { label: `${role}:`, wordsStart: firstWord(text, 0) };
}

/** The last label of a role on the lines that begin between two places of a text, both included. */
export function latestLabel(text: string, role: string | null, place: number, from: number): SpeakerLabel | undefined {
  const part = text.slice(Math.max(0, from - 1), place);
  const offset = place - part.length;
  for (let end = part.length; end >= 0; ) {
    const lineBreak = end === 0 ? -1 : part.lastIndexOf('\n', end - 1);
    if (lineBreak < 0 && offset > 0) return undefined;
    const label = labelAt(text, role, offset + lineBreak + 1);
    if (label) return label;
    end = lineBreak;
  }
  return undefined;
}

/** The label that a text begins with, if it is that of a role. */
export function labelAt(text: string, role: string | null, start = 0): SpeakerLabel | undefined {
  const [label = '', name] = SPEAKER_LABEL.exec(text.slice(start, start + LONGEST)) ?? [];
  if (name === undefined || name.toLowerCase() !== role) return undefined;
  return { label: label.replaceAll('*', '').trim(), wordsStart: firstWord(text, start + label.length) };
}

/** A name of four words and a remark in brackets fit. */
const LONGEST = 250;

function firstWord(text: string, from: number): number {
  const space = text.slice(from).search(/\S/);
  return space < 0 ? text.length : from + space;
}
