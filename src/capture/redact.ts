import { withoutRandomText } from './entropy.ts';
import { withoutKnownKeys } from './known-keys.ts';
import { withoutNamedSecrets } from './named-secrets.ts';
import { PRIVATE, withoutPrivate } from './private.ts';

/** A longer secret's middle is not looked for elsewhere, and shorter text would hit words. */
const LEAST_REMEMBERED = 6;
const MOST_REMEMBERED = 500;

/**
 * Text that may be written down: secrets become `[redacted:<kind>]`, `<private>…</private>` becomes `[private]`. A span that is never
 * closed hides all that follows. Doing it again changes nothing. Never throws: what cannot be looked through is hidden whole.
 */
export function redact(text: string): string {
  return redaction().of(text);
}

/** Parts that belong together, in their order. */
export interface Redaction {
  /**
   * After a span that no part closed, everything is private.
   * @param window of a longer text only so many characters are looked through and given
   */
  of(part: string, window?: number): string;
  /** Takes out of a part what other parts, also later ones, gave away as a secret. */
  again(part: string): string;
}

export function redaction(): Redaction {
  const secrets = new Set<string>();
  let isOpen = false;

  function note(secret: string): void {
    if (secrets.size < MOST_REMEMBERED && secret.length >= LEAST_REMEMBERED) secrets.add(secret);
  }
  function hide(kind: string, secret: string): string {
    note(secret);
    return `[redacted:${kind}]`;
  }
  function visible(part: string): string {
    const { text, hidden, isOpen: stays } = withoutPrivate(isOpen ? `<private>${part}` : part);
    isOpen = stays;
    for (const span of hidden) for (const piece of telling(span)) note(piece);
    return text;
  }
  return {
    of(part, window = Number.POSITIVE_INFINITY) {
      try {
        if (part === '') return '';
        const text = beginning(visible(part), window);
        return withoutRandomText(withoutNamedSecrets(withoutKnownKeys(text, hide), hide), hide);
      } catch {
        return PRIVATE;
      }
    },
    again(part) {
      let left = part;
      for (const secret of secrets) if (left.includes(secret)) left = left.replaceAll(secret, '[redacted:repeated]');
      return left;
    },
  };
}

/** What of a private span would give it away elsewhere: its lines, and its words that are no plain words. */
function telling(span: string): string[] {
  const lines = span.split('\n').map((line) => line.trim());
  const words = span.split(/[\s"'`,;()]+/).filter((word) => /\d/.test(word) && /[^\d.:-]/.test(word));
  return [...lines.filter((line) => line.length >= 8), ...words];
}

/** Ends where a word ends: half a secret would not be known as one. */
function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, length);
  return head.slice(0, Math.max(0, head.search(/\s\S*$/)));
}
