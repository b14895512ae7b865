import { checkLength } from '../../episode.ts';
import { withoutRecallMarks } from '../../redaction/recalled.ts';
import { redaction } from '../../redaction/redact.ts';
import type { Tool } from './tool.ts';

/** Arguments that are no free text: each is checked against its own form before it is used. */
const CHECKED = new Set([
  'group_id',
  'group_ids',
  'uuid',
  'source',
  'reference_time',
  'valid_at',
  'invalid_at',
  'kind',
  'replaces',
]);

export interface Cleaned {
  readonly given: Record<string, unknown>;
  /** Whether anything was taken out. */
  readonly isChanged: boolean;
}

/**
 * The arguments of a tool that writes, without secrets, private passages, and what a memory was recalled to say. Every text that is not
 * listed above goes through it, so that an argument that is added later does too; what one gives away is taken out of all.
 * @throws InvalidInputError for a text of more than `maxBytes`: what redaction has no time for it hides, which would make the text shorter
 */
export function cleaned(
  { effect, together }: Tool,
  given: Readonly<Record<string, unknown>>,
  maxBytes: number,
): Cleaned {
  if (effect === 'reads' || effect === 'removes') return { given, isChanged: false };
  const redacting = redaction();
  const texts = Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' && !CHECKED.has(name) ? [{ name, value }] : [],
  );
  for (const { value } of texts) checkLength(value, maxBytes);
  const once = texts.map(({ name, value }) => ({ name, value, kept: redacting.of(withoutRecallMarks(value)) }));
  // Only what it gives away is of use.
  if (together) redacting.of(together(given));
  const kept = once.map((text) => ({ ...text, kept: redacting.again(text.kept) }));
  return {
    given: { ...given, ...Object.fromEntries(kept.map(({ name, kept }) => [name, kept])) },
    isChanged: kept.some(({ value, kept }) => kept !== value),
  };
}
