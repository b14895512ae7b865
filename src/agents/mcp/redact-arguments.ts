import { checkLength } from '../../episode.ts';
import { withoutRecallMarks } from '../../redaction/recall-marks.ts';
import { openRedaction } from '../../redaction/redact.ts';
import type { Tool } from './tool.ts';

/** Arguments that are not free text: each is validated before use. */
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

export interface RedactedArguments {
  readonly args: Record<string, unknown>;
  /** Whether anything was removed. */
  readonly isChanged: boolean;
}

/**
 * The arguments of a writing tool without secrets, private passages and recalled text. Every text argument not listed above is redacted,
 * including arguments added later; a secret found in one is removed from all.
 * @throws InvalidInputError for a text of more than `maxBytes`: redaction removes text that it had no time to check
 */
export function redactArguments(
  { effect, combined }: Tool,
  args: Readonly<Record<string, unknown>>,
  maxBytes: number,
): RedactedArguments {
  if (effect === 'reads' || effect === 'removes') return { args, isChanged: false };
  const redacting = openRedaction();
  const texts = Object.entries(args).flatMap(([name, value]) =>
    typeof value === 'string' && !CHECKED.has(name) ? [{ name, value }] : [],
  );
  for (const { value } of texts) checkLength(value, maxBytes);
  const once = texts.map(({ name, value }) => ({ name, value, kept: redacting.of(withoutRecallMarks(value)) }));
  // The combined text is used only to find secrets.
  if (combined) redacting.of(combined(args));
  const redacted = once.map((text) => ({ ...text, kept: redacting.again(text.kept) }));
  return {
    args: { ...args, ...Object.fromEntries(redacted.map(({ name, kept }) => [name, kept])) },
    isChanged: redacted.some(({ value, kept }) => kept !== value),
  };
}
