import { isForeseen } from '../errors.ts';

/**
 * What may be told of a failure in spans and logs. Our own sentences hold no content; anything else might quote an episode or a
 * key, so that only its kind is told.
 */
export function harmless(error: unknown): { readonly name: string; readonly message: string } {
  // What a sentence quotes may be what the caller gave.
  if (isForeseen(error)) return { name: error.name, message: error.message.replace(/"[^"]*"/g, '"…"') };
  const name = error instanceof Error ? error.name : typeof error;
  return { name, message: `An unforeseen failure (${name}).` };
}
