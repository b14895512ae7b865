import { isForeseen } from '../errors.ts';

/**
 * What may be told of a failure in spans and logs. Our own sentences hold no content but where they quote (`"…"`) or give a reason
 * that is not ours (after a colon); of anything else, which might hold an episode or a key, only the kind is told.
 */
export function harmless(error: unknown): { readonly name: string; readonly message: string } {
  if (isForeseen(error)) return { name: error.name, message: ownWords(error) };
  // BullMQ's error that ends a job at once tells why in its cause.
  const { name, code, cause } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (isForeseen(cause)) return harmless(cause);
  const kind = isPlain(name) ? name : typeof error;
  return { name: kind, message: `An unexpected failure (${[kind, code].filter(isPlain).join(', ')}).` };
}

function ownWords({ name, message }: Error): string {
  // Its reason is whatever the worker met.
  if (name === 'JobFailedError') return 'A job ended without success.';
  // From the first quotation mark to the last: what is quoted may hold some itself.
  const withoutQuotes = message.replace(/".*"/s, '"…"');
  const end = withoutQuotes.search(/:\s/);
  return end < 0 ? withoutQuotes : `${withoutQuotes.slice(0, end)}.`;
}

const isPlain = (word: unknown): word is string => typeof word === 'string' && /^\w{1,40}$/.test(word);
