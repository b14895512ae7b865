import { withoutSecrets } from '../../redaction/redact.ts';
import { isStrongSecret } from '../../redaction/secret-values.ts';

/** Shorter secrets are hidden only where they are recognised. */
const SHORTEST = 6;
/** From this length on a secret is hidden in all texts, also if it consists of words. */
const LONG = 20;
const REPEATED = '[redacted:repeated]';

/** Secrets of the texts of one memory. In memory only: a secret is never stored. */
export interface KnownSecrets {
  /** Learns the secrets of a text. @returns those that are hidden in the same episode only, since elsewhere they may be a word */
  learn(text: string): string[];
  /** The text without its secrets. @param ownSecrets of the episode that the text belongs to or is derived from */
  mask(text: string, ownSecrets?: ReadonlySet<string>): string;
  /** Hides only what is known already; for words and keys in which nothing is recognised. */
  replaceKnown(text: string, ownSecrets?: ReadonlySet<string>): string;
  /** True if the text has secrets of its own, so that it is recognised without other texts. */
  isRecognised(text: string): boolean;
  /** Number of distinct secrets of each kind. */
  counts(): Readonly<Record<string, number>>;
  /** Number of distinct secrets. */
  size(): number;
}

export function openKnownSecrets(): KnownSecrets {
  const kinds = new Map<string, string>();
  const everywhere = openReplacer();
  const visible = (text: string) => withoutSecrets(text, (kind) => `[redacted:${kind}]`);

  function replaceKnown(text: string, ownSecrets?: ReadonlySet<string>): string {
    const left = everywhere.replace(text);
    if (!ownSecrets || ownSecrets.size === 0) return left;
    const own = openReplacer();
    for (const secret of ownSecrets) own.add(secret);
    return own.replace(left);
  }

  return {
    learn(text) {
      const own: string[] = [];
      withoutSecrets(text, (kind, found) => {
        // At the end of a sentence the full stop counts as part of a value.
        const secret = withoutClosingSigns(found);
        if (!kinds.has(secret)) kinds.set(secret, kind);
        if (secret.length >= SHORTEST) {
          if (isDistinctive(secret)) everywhere.add(secret);
          else own.push(secret);
        }
        return `[redacted:${kind}]`;
      });
      return own;
    },
    mask: (text, ownSecrets) => replaceKnown(visible(text), ownSecrets),
    replaceKnown,
    isRecognised: (text) => visible(text) !== text,
    size: () => kinds.size,
    counts: () => {
      const counts: Record<string, number> = {};
      for (const kind of kinds.values()) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    },
  };
}

/** Unlike a word or a number, which other texts may contain without meaning the secret. */
const isDistinctive = (secret: string): boolean => secret.length >= LONG || isStrongSecret(secret);

const CLOSING = new Set('.,;:!?)]}');

/** Not a pattern: one with `+$` takes quadratic time for such signs in the middle. */
function withoutClosingSigns(text: string): string {
  let end = text.length;
  while (end > 0 && CLOSING.has(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}

/** Lower case of the same length: `İ` stays, the only letter with more characters in lower case. */
const folded = (text: string): string =>
  text
    .split('İ')
    .map((part) => part.toLowerCase())
    .join('İ');

/**
 * Replaces known texts, whatever their case, since keys of names and wordings are in lower case. Found by their first characters, so that a
 * text is read once however many are known.
 */
function openReplacer() {
  const byStart = new Map<string, string[]>();
  const firsts = new Set<number>();
  return {
    add(secret: string): void {
      const lower = folded(secret);
      const start = lower.slice(0, SHORTEST);
      const known = byStart.get(start) ?? [];
      if (known.includes(lower)) return;
      // Longest first: one may begin with another.
      byStart.set(
        start,
        [...known, lower].sort((a, b) => b.length - a.length),
      );
      firsts.add(lower.charCodeAt(0));
    },
    replace(text: string): string {
      if (byStart.size === 0) return text;
      const lower = folded(text);
      let [left, from] = ['', 0];
      for (let at = 0; at <= lower.length - SHORTEST; at += 1) {
        if (!firsts.has(lower.charCodeAt(at))) continue;
        const found = byStart.get(lower.slice(at, at + SHORTEST))?.find((secret) => lower.startsWith(secret, at));
        if (found === undefined) continue;
        left += text.slice(from, at) + REPEATED;
        from = at + found.length;
        at = from - 1;
      }
      return from === 0 ? text : left + text.slice(from);
    },
  };
}
