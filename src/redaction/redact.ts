import { ADDRESS_PATTERNS, withoutAddresses } from './addresses.ts';
import { FILE_SECRET_PATTERNS, withoutFileSecrets } from './file-secrets.ts';
import { KNOWN_KEY_PATTERNS, withoutKnownKeys } from './known-keys.ts';
import { NAMED_SECRET_PATTERNS, withoutNamedSecrets } from './named-secrets.ts';
import { PERSONAL_DATA_PATTERNS, withoutPersonalData } from './personal-data.ts';
import { PRIVATE_PLACEHOLDER, PRIVATE_TAG_PATTERNS, withoutPrivateText } from './private-tags.ts';
import { RANDOM_TEXT_PATTERNS, withoutRandomText } from './random-text.ts';

/** Shorter text would match ordinary words. */
const LEAST_REMEMBERED = 6;
const MOST_REMEMBERED = 500;
/** Milliseconds for all parts of a turn, after which the rest is hidden. Only a bug can take this long. */
const LONGEST = 2_000;

/** Applied in order: named secrets first, likely ones last. */
const STEPS = [
  withoutKnownKeys,
  withoutAddresses,
  withoutFileSecrets,
  withoutNamedSecrets,
  withoutPersonalData,
  withoutRandomText,
] as const;

/** Every pattern that is matched against texts. A test checks that none of them takes more than linear time. */
export const REDACTION_PATTERNS: readonly RegExp[] = [
  ...PRIVATE_TAG_PATTERNS,
  ...KNOWN_KEY_PATTERNS,
  ...ADDRESS_PATTERNS,
  ...FILE_SECRET_PATTERNS,
  ...NAMED_SECRET_PATTERNS,
  ...PERSONAL_DATA_PATTERNS,
  ...RANDOM_TEXT_PATTERNS,
];

/**
 * Text that may be stored: secrets become `[redacted:<kind>]`, `<private>…</private>` becomes `[private]`. A span that is never closed
 * hides everything after it. Redacting again changes nothing. Never throws: text that cannot be checked is hidden completely.
 */
export function redact(text: string): string {
  return openRedaction().of(text);
}

/**
 * The text without secrets that are recognizable by form or context; `<private>` spans stay. Has no time limit, because it is used for
 * stored texts.
 * @param hide called for each secret; returns its replacement
 */
export function withoutSecrets(text: string, hide: (kind: string, secret: string) => string): string {
  return STEPS.reduce((left, step) => step(left, hide), text);
}

/** Redacts parts that belong together, in order. */
export interface Redaction {
  /**
   * Redacts the next part. After a private span that no part closed, everything is private.
   * @param window at most this many characters of a longer text are redacted and returned
   * @param end how many of them come from its end, after a line of three dots
   */
  of(part: string, window?: number, end?: number): string;
  /** Learns the secrets of a part that is not stored here. A span that the part opens ends with it. */
  learn(part: string): void;
  /** Removes from a part the secrets that were recognized in other parts, including later ones. */
  again(part: string): string;
}

export function openRedaction(now: () => number = () => performance.now()): Redaction {
  const secrets = new Set<string>();
  let isOpen = false;
  let spent = 0;

  function note(secret: string): void {
    if (secrets.size < MOST_REMEMBERED && secret.length >= LEAST_REMEMBERED) secrets.add(secret);
  }
  function hide(kind: string, secret: string): string {
    note(secret);
    return `[redacted:${kind}]`;
  }
  function visible(part: string): string {
    const { text, hidden, isOpen: stays } = withoutPrivateText(isOpen ? `<private>${part}` : part);
    isOpen = stays;
    for (const span of hidden) for (const piece of distinctivePieces(span)) note(piece);
    return text;
  }
  function without(part: string, window = Number.POSITIVE_INFINITY, end = 0): string {
    if (part === '') return '';
    const began = now();
    try {
      let text = truncated(visible(part), window, end);
      for (const step of STEPS) {
        if (spent + now() - began > LONGEST) return PRIVATE_PLACEHOLDER;
        text = step(text, hide);
      }
      return text;
    } catch {
      return PRIVATE_PLACEHOLDER;
    } finally {
      spent += now() - began;
    }
  }
  return {
    of: without,
    learn(part) {
      const wasOpen = isOpen;
      isOpen = false;
      without(part);
      isOpen = wasOpen;
    },
    again(part) {
      let left = part;
      for (const secret of secrets) if (left.includes(secret)) left = left.replaceAll(secret, '[redacted:repeated]');
      return left;
    },
  };
}

/** The pieces of a private span that must also be hidden elsewhere: its lines, and its words that are not ordinary words. */
function distinctivePieces(span: string): string[] {
  const lines = span.split('\n').map((line) => line.trim());
  const words = span.split(/[\s"'`,;()]+/).filter((word) => /\d/.test(word) && /[^\d.:-]/.test(word));
  return [...lines.filter((line) => line.length >= 8), ...words];
}

/** Marks the omitted middle of a text. */
export const OMISSION_MARK = '\n…\n';

function truncated(text: string, window: number, end: number): string {
  if (text.length <= window) return text;
  if (end === 0) return beginning(text, window);
  let from = text.length - end;
  while (from < text.length && /\S/.test(text[from - 1] as string)) from += 1;
  return beginning(text, window - end) + OMISSION_MARK + text.slice(from);
}

/** Ends at the end of a word, because half a secret would not be recognized. */
function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && /\S/.test(text[end] as string)) end -= 1;
  return text.slice(0, end);
}
