import { isOperationalError } from '../errors.ts';

/**
 * Name and message of a failure without content, for spans and logs. Our own messages have content only in quotation marks and after
 * a colon, where a foreign reason stands; both are removed. Any other message may hold an episode or a key, so only its kind is kept.
 */
export function redactError(error: unknown): { readonly name: string; readonly message: string } {
  if (isOperationalError(error)) return { name: error.name, message: withoutQuotations(error) };
  // BullMQ's UnrecoverableError carries the reason in its cause.
  const { name, code, cause } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (isOperationalError(cause)) return redactError(cause);
  const kind = isPlain(name) ? name : typeof error;
  return { name: kind, message: `An unexpected failure (${[kind, code].filter(isPlain).join(', ')}).` };
}

function withoutQuotations({ name, message }: Error): string {
  // Its message is the worker's reason, which may be content.
  if (name === 'JobFailedError') return 'A job ended without success.';
  // From the first quotation mark to the last, since quoted text may contain quotation marks.
  const withoutQuotes = message.replace(/".*"/s, '"…"');
  const end = withoutQuotes.search(/:\s/);
  return end < 0 ? withoutQuotes : `${withoutQuotes.slice(0, end)}.`;
}

const isPlain = (word: unknown): word is string => typeof word === 'string' && /^\w{1,40}$/.test(word);
