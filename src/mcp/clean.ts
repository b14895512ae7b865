import { strippedOfRecalled } from '../capture/recalled.ts';
import { redact } from '../capture/redact.ts';
import type { Call } from './tool.ts';

/** Text as it may be stored: without secrets, private passages, and what a memory was recalled to say. */
export function clean(text: string, { note }: Pick<Call, 'note'>): string {
  const kept = redact(strippedOfRecalled(text));
  if (kept !== text) note('Secrets, private and recalled passages were left out of what is stored.');
  return kept;
}
