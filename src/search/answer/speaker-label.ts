import { SPEAKER } from '../../passages/speakers.ts';

/** The name in front of a turn. */
export interface SpeakerLabel {
  /** As it is printed: `assistant:`, or as the text has it, `Mira:`. Empty if no speaker is named. */
  readonly label: string;
  /** Where the words of the turn begin. */
  readonly end: number;
}

/** The label of a role's turn around a place in a text. */
export function speakerLabel(text: string, role: string | null, place: number): SpeakerLabel {
  if (role === null) return { label: '', end: 0 };
  for (let start = lineStart(text, place); ; start = lineStart(text, start - 1)) {
    const label = labelAt(text, role, start);
    if (label) return label;
    if (start === 0) return { label: `${role}:`, end: 0 };
  }
}

/** The label that a text begins with, if it is that of a role. */
export function labelAt(text: string, role: string | null, start = 0): SpeakerLabel | undefined {
  const [label = '', name] = SPEAKER.exec(text.slice(start, start + LONGEST)) ?? [];
  if (name === undefined || name.toLowerCase() !== role) return undefined;
  return { label: label.replaceAll('*', '').trim(), end: start + label.length };
}

/** A name of four words and a remark in brackets fit. */
const LONGEST = 250;

const lineStart = (text: string, place: number): number => (place <= 0 ? 0 : text.lastIndexOf('\n', place - 1) + 1);
