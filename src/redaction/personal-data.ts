import { applyReplacements, findReplacements } from './linear-scan.ts';

type Hide = (kind: string, secret: string) => string;

// The last of these words before a number, a group of letters or a key decides the kind.
const CONTEXTS = {
  code: '(?:verification|security|confirmation|one[- ]time|login|log-in|sign[- ]in|access|authentication|two[- ]factor|2fa|mfa|sms|pairing|unlock)[ -]?(?:pass)?code|one[- ]time (?:password|pin)',
  recovery: '(?:recovery|backup|scratch|emergency)[ -]codes?',
  app: 'app(?:lication)?(?:[ -]specific)? password|app-password|notarytool',
  setup: '(?:setup|authenticator|totp|2fa|secret)[ -](?:key|code|secret)',
  key: 'private[ _-]?keys?',
  license: '(?:licen[sc]e|product|serial|activation|registration|cd)[ -](?:key|code|number)|activate',
} as const;
type Context = keyof typeof CONTEXTS;
const NAMES = Object.keys(CONTEXTS) as Context[];
const CONTEXT = new RegExp(NAMES.map((name) => `(${CONTEXTS[name]})`).join('|'), 'gi');

interface Form {
  readonly kind: string;
  readonly form: string;
  /** The context that must precede the value, and its maximum distance in characters. */
  readonly after?: readonly [Context, number];
  readonly holds?: (text: string) => boolean;
  /** True if a match may contain no digit. */
  readonly isWithoutDigits?: true;
}

const hasDigit = (text: string): boolean => /\d/.test(text);
const FORMS: readonly Form[] = [
  { kind: 'card', form: '(?<![\\w.-])(?:\\d[ -]?){12,18}\\d(?![\\w-]|\\.\\d)', holds: isCard },
  {
    kind: 'iban',
    form: '(?<![A-Za-z0-9])[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])',
    holds: isIban,
  },
  { kind: 'ssn', form: '(?<![\\w.-])(?!000|666|9)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?![\\w-]|\\.\\d)' },
  {
    kind: 'code',
    form: '(?<![\\w.-])(?:G-)?\\d{4,8}(?= (?:is|as) (?:your|the|my|a)\\b[\\w -]{1,40}\\b(?:code|password|pin)\\b)',
  },
  {
    kind: 'recovery-code',
    form: '(?<![\\w-])(?:[a-z0-9]{4,6}-[a-z0-9]{4,6}|\\d{4} \\d{4}|\\d{8,12})(?![\\w-])',
    after: ['recovery', 300],
    holds: hasDigit,
  },
  { kind: 'code', form: '(?<![\\w.-])(?:(?:G-)?\\d{4,8}|\\d{3}[ -]\\d{3})(?![\\w-])', after: ['code', 24] },
  {
    kind: 'password',
    form: '(?<![\\w-])[a-z]{4}(?: [a-z]{4} [a-z]{4} |-[a-z]{4}-[a-z]{4}-)[a-z]{4}(?![\\w-])',
    after: ['app', 60],
    isWithoutDigits: true,
  },
  {
    kind: 'key',
    form: '(?<![\\w-])(?:[A-Za-z2-7]{4} ){3,15}[A-Za-z2-7]{2,4}(?![\\w-])|(?<![\\w-])[A-Z2-7]{16,64}(?![\\w-])',
    after: ['setup', 48],
    holds: hasDigit,
  },
  {
    kind: 'private-key',
    form: '(?<!\\w)(?:0x)?[0-9a-f]{64}(?!\\w)',
    after: ['key', 250],
    isWithoutDigits: true,
  },
  {
    kind: 'license-key',
    form: '(?<![\\w-])[A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8}){2,8}(?![\\w-])',
    after: ['license', 32],
    holds: hasDigit,
  },
];
const PERSONAL = FORMS.map(({ form }) => new RegExp(form, 'g'));
export const PERSONAL_DATA_PATTERNS = [CONTEXT, ...PERSONAL];

/** Masks numbers of cards, accounts and persons, and codes and keys that are recognizable only by their context. */
export function withoutPersonalData(text: string, hide: Hide): string {
  const contexts = contextsIn(text);
  const named = new Set(contexts.map(({ name }) => name));
  const hasDigits = hasDigit(text);
  const cuts = FORMS.flatMap(({ kind, after, holds, isWithoutDigits = false }, which) => {
    // Without these words there can be no match, so the text need not be scanned.
    if (!(hasDigits || isWithoutDigits) || (after && !named.has(after[0]))) return [];
    let [place, last] = [0, undefined as FoundContext | undefined];
    return findReplacements(text, PERSONAL[which] as RegExp, ({ 0: found, index }) => {
      if (after) {
        for (; (contexts[place]?.end ?? Number.POSITIVE_INFINITY) <= index; place += 1) last = contexts[place];
        if (last?.name !== after[0] || index - last.end > after[1]) return undefined;
      }
      if (holds && !holds(found)) return undefined;
      return { from: index, to: index + found.length, put: hide(kind, found) };
    });
  });
  return applyReplacements(
    text,
    cuts.sort((a, b) => a.from - b.from),
  );
}

interface FoundContext {
  readonly name: Context;
  readonly end: number;
}

function contextsIn(text: string): FoundContext[] {
  const pattern = new RegExp(CONTEXT);
  const contexts: FoundContext[] = [];
  for (let found = pattern.exec(text); found; found = pattern.exec(text))
    for (const [at, name] of NAMES.entries())
      if (found[at + 1] !== undefined) contexts.push({ name, end: pattern.lastIndex });
  return contexts;
}

/** A valid check digit (ISO/IEC 7812), with the length and prefix of a card number. */
function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (!/^(?:4|5[1-5]|2[2-7]|3[0-9]|6)/.test(digits) || /^(\d)\1+$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((all, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return all + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Valid check digits (ISO 13616). */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  if (plain.length < 15 || plain.length > 34) return false;
  const turned = plain.slice(4) + plain.slice(0, 4);
  const rest = [...turned].reduce((left, letter) => {
    const value = Number.parseInt(letter, 36);
    return (left * (value > 9 ? 100 : 10) + value) % 97;
  }, 0);
  return rest === 1;
}
