import { isLetterCode, isLowerCode, isUpperCode, isWordCode, isWordOrHyphenCode } from './characters.ts';
import { endOfRun, matchAt, nextIndexFinder, replaceMatches } from './linear-scan.ts';
import {
  ALREADY_MASKED,
  isAuthScheme,
  isEnvironmentSecret,
  isHeaderSecret,
  isNumericValue,
  isReference,
  isSecret,
  isSentence,
  isSessionSecret,
  isStrongSecret,
  isToken,
  isWord,
  VALUE_PATTERNS,
  type ValuePosition,
} from './secret-values.ts';

type Hide = (kind: string, secret: string) => string;

// Names that mark any value as a secret.
const PASSWORD =
  'pass(?:word|wd|phrase|code)|passwort|kennwort|mot[ _]de[ _]passe|contrase[nñ]a|senha|(?<![a-z])(?:pass|pwd|pw|psk)(?![a-z])|pwd(?![a-z])|storepass|keypass';
const KEY =
  '(?:api|access|private|client|auth|signing|encryption|account|master|service|session|storage|shared|preshared|deploy|licen[sc]e|app|application|bot|admin|root|ssh|gpg|hmac|jwt|aes|rsa|secret|write|server|integration|global|subscription|functions|product|setup|unseal|storage|host|tls)[ _-]?key(?:[_-]?(?:id|data))?|rsa|tls\\.key|client-key-data|master\\.key';
const PHRASE = 'mnemonic|(?:seed|recovery|backup|secret)[ _-]?(?:phrase|words)|wallet[ _-]seed';
const HEADERS = '(?:proxy-)?authorization|(?:set-)?cookie';
const NUMBER = '(?<![a-z])(?:otp|totp|pin|puk|cvv2?|cvc2?|2fa|mfa|tan)(?: ?code)?(?![a-z])';
const OTHER =
  'secret(?:_key_base)?|(?:auth|access|api|refresh|bearer|session|bot|user|push|id|csrf|xsrf)?[ _-]?token|credentials?|creds|(?<![a-z])(?:bearer|basic|negotiate|apikey|ssws|digest)(?= )|bearer|connection[_-]?string|dsn|webhook(?:[ _-]?url)?|salt|pepper|presharedkey|authkey|writekey|apikey|(?<![a-z])auth(?![a-z])';
/** The names; the text after a name is examined separately. A match is cheap, and no text is read twice. */
const NAME = new RegExp(
  `(?:(${PASSWORD})|(${PHRASE})|(${NUMBER})|(${HEADERS})|(${KEY}|${OTHER})|(session_?id|(?<=_)session(?==)|connect\\.sid|(?:php|j)sessionid|(?<![a-z])sid(?![a-z]))|(KEY))`,
  'gi',
);

// The other parts of a name: `db.password_prod`, `clientSecretValue`, `GITHUB_TOKEN_2`.
const SUFFIX =
  /(?:[_-]?(?:value|base64|b64|prod|production|dev|staging|test|live|hash|id|string|data|plaintext|secret|\d{1,3}))?/iy;
const QUOTES = `\\\\{0,16}["'\`]`;
/** `name = value`, `name: "value"`, `"name": "value"`, `<name>value</name>`, `name => value`, `"name", "value": "…"`. */
const BETWEEN = new RegExp(
  `(?:${QUOTES})?\\]?\\s{0,4}(?::\\s{0,4}\\w{1,40}\\??\\s{0,4}=(?!=)|[a-z]\\w{0,20} = (?=["'\`])|[.?|]{1,2}=|:=|=>|={1,3}|:)\\s{0,20}|["'\`]?>\\s{0,8}|${QUOTES},?\\s{1,12}(?:${QUOTES})?value(?:${QUOTES})?\\s{0,4}[:=]\\s{0,4}`,
  'iy',
);
/** `setPassword("…")`, `define('DB_PASSWORD', '…')`. */
const ARGUMENT = new RegExp(`(?:\\(|${QUOTES},)\\s{0,20}(?=${QUOTES})`, 'y');
/** `the password for the server is …`. */
const STATED =
  /(?: (?:for|of|to|on|in|von|f[uü]r|der|des|pour|de|del|para)(?: [\p{L}\d_.@'’-]{1,40}){1,4}?)? {1,3}(?:is|was|are|ist|lautet|est|es|é|now|will be|should be|changed to|set to|=|:)(?: now| jetzt)? ?:?\s{1,3}|(?: (?:for|of|to|on|in|von|f[uü]r|der|des)(?: [\p{L}\d_.@'’-]{1,40}){1,4}?)[:=] ?/iuy;
const OPENING = new RegExp(QUOTES, 'y');
/** `--auth-token value`. */
const FLAGGED = /(?:[ =]{1,4}|[ =]{0,4}<<< ?)/y;
const BARE = /[^\s"'`<>,;]{1,256}/y;
const WHOLE = /[^\s"'`<>,;]*/y;
const CAPITALS = /[A-Z0-9_]{0,40}[ \t]{0,4}[=:]{1,2}(?!=)[ \t]{0,4}/y;

/** Masks values that an adjacent name identifies as a secret. */
export function withoutNamedSecrets(text: string, hide: Hide): string {
  const next = nextIndexFinder(text);

  /** The value that begins here: up to its closing quotation mark or the end of the line, or else to the next blank. */
  function valueAt(at: number): ValuePosition {
    const quote = opens(text.charCodeAt(at)) ? matchAt(OPENING, text, at)?.[0] : undefined;
    if (quote === undefined) return { from: at, to: endOfRun(BARE, text, at), quote: '' };
    const from = at + quote.length;
    let to = next(quote, from);
    while (to < text.length && quote.length === 1 && text[to - 1] === '\\' && text[to - 2] !== '\\')
      to = next(quote, to + 1);
    return { from, to: Math.min(to, next('\n', from)), quote };
  }
  const headOf = ({ from, to }: ValuePosition) => text.slice(from, Math.min(to, from + 256));
  function cut(value: ValuePosition, kind: string) {
    const to = value.quote === '' ? endOfRun(WHOLE, text, value.from) : value.to;
    return { from: value.from, to, put: hide(kind, text.slice(value.from, to)) };
  }
  function toLineEnd(from: number, kind: string, ends = /["'`]/) {
    const line = next('\n', from);
    const opening = matchAt(OPENING, text, from)?.[0] ?? '';
    const start = from + opening.length;
    const inside = text.slice(start, line);
    const at = inside.search(ends);
    const to = at < 0 ? line : start + at;
    return { from: start, to, put: hide(kind, text.slice(start, to)) };
  }

  return replaceMatches(text, NAME, (found) => {
    const { 0: name, 1: password, 2: phrase, 3: number, 4: header, 5: other, 6: session, 7: weak, index } = found;
    const end = index + name.length;
    if (!beginsHere(text, index, name)) return undefined;
    if (number && !/\d/.test(text.slice(end, end + 60))) return undefined;
    if ((password || other || weak === 'KEY' || number) && isCapital(name)) {
      const at = environmentValue(text, index, end);
      if (at !== undefined) return environmentCut(at);
    }
    if (weak) return undefined;
    const next = text.charCodeAt(end);
    const after = isWordOrHyphenCode(next) ? endOfRun(SUFFIX, text, end) : end;
    const between = matchAt(BETWEEN, text, after)?.[0];
    if (between !== undefined) {
      const at = after + between.length;
      if (header) return headerAt(after, between);
      const value = valueAt(at);
      const head = headOf(value);
      if (phrase)
        return words(at) ?? (value.quote !== '' && !ALREADY_MASKED.test(head) ? cut(value, 'value') : undefined);
      if (ALREADY_MASKED.test(head)) return undefined;
      if (number) return isNumericValue(head, value) ? cut(value, 'code') : undefined;
      if (session) return isSessionSecret(head) ? cut(value, 'value') : undefined;
      if (value.quote === '' && / $/.test(between) && isSentence(text, value)) return undefined;
      if (value.quote === '' && between.includes('\n') && !/\d/.test(head)) return undefined;
      return isSecret({ isPassword: password !== undefined, name, between, head, value })
        ? cut(value, 'value')
        : undefined;
    }
    if (phrase) return words(end + 1);
    const begin = text.charCodeAt(after);
    const argument = begin === PARENTHESIS || opens(begin) ? matchAt(ARGUMENT, text, after)?.[0] : undefined;
    if (argument !== undefined) {
      const value = valueAt(after + argument.length);
      const head = headOf(value);
      return !ALREADY_MASKED.test(head) && isStrongSecret(head) ? cut(value, 'value') : undefined;
    }
    if (isFlag(text, index)) {
      const at = endOfRun(FLAGGED, text, after);
      const value = valueAt(at);
      const head = headOf(value);
      if (at > after && head.length >= 3 && !head.startsWith('-') && !ALREADY_MASKED.test(head) && !isReference(head))
        return cut(value, 'flag');
    }
    const stated = next === SPACE ? matchAt(STATED, text, end)?.[0] : undefined;
    const at = stated === undefined ? end + 1 : end + stated.length;
    if (stated === undefined && next !== SPACE && next !== TAB) return undefined;
    // A value of this kind never follows its name directly.
    if (stated === undefined && !number && password === undefined && !isAuthScheme(name)) return undefined;
    const value = valueAt(at);
    const head = headOf(value);
    if (head.length < 3 || ALREADY_MASKED.test(head) || isReference(head)) return undefined;
    if (number) return isNumericValue(head, value) ? cut(value, 'code') : undefined;
    const isKnown =
      stated === undefined
        ? (isAuthScheme(name) && isToken(head)) ||
          (password !== undefined &&
            (isStrongSecret(head) || (value.quote !== '' && name.length > 4 && !/ /.test(head) && !isWord(head))))
        : value.quote !== '' || (!isWord(head) && (password !== undefined || /\d/.test(head)));
    return isKnown ? cut(value, 'value') : undefined;
  });

  /** Up to the end of the line, or to the next variable. */
  function environmentCut(at: number) {
    const line = text.slice(at, next('\n', at));
    if (!isEnvironmentSecret(line.slice(0, 256))) return undefined;
    const value = valueAt(at);
    if (value.quote !== '') return cut(value, 'env');
    const nextVariable = line.search(/ [A-Z_][A-Z0-9_]{1,60}=/);
    const to = at + (nextVariable < 0 ? line.length : nextVariable);
    return { from: at, to, put: hide('env', text.slice(at, to).trim()) };
  }

  /** The whole header, because any of its cookies may be the secret. */
  function headerAt(after: number, between: string) {
    const colon = between.indexOf(':');
    const start = colon < 0 ? after + between.length : after + colon + 1;
    const at = start + (/^\s{0,20}/.exec(text.slice(start, start + 20))?.[0].length ?? 0);
    // A placeholder for a value that a program inserts.
    if (colon < 0 && matchAt(OPENING, text, at) === undefined) return undefined;
    const head = text.slice(at, Math.min(next('\n', at), at + 256)).replace(/^\\*["'`]/, '');
    const token = head.replace(/^\w{1,20} {1,4}(?=\S)/, '');
    return isHeaderSecret(head, token) ? toLineEnd(at, 'header') : undefined;
  }

  /** Twelve or more words, such as the recovery phrase of a wallet. */
  function words(at: number) {
    const found = matchAt(SEED, text, at);
    if (!found) return undefined;
    const from = at + (found[1]?.length ?? 0);
    const to = at + found[0].length;
    const phrase = text.slice(from, to);
    // A last line with a label is not part of the phrase: `recovery phrase: …`.
    const before = /[:=]/.test(text.slice(to, to + 3)) ? phrase.slice(0, Math.max(0, phrase.lastIndexOf('\n'))) : '';
    const secret = wordsIn(before) >= LEAST_SEED_WORDS ? before : phrase;
    return { from, to: from + secret.length, put: hide('seed-phrase', secret) };
  }
}

const LEAST_SEED_WORDS = 12;
const SEED_WORD = '(?:\\d{1,2}[.)] ?)?[A-Za-z]{3,8}';
/** A line that begins like a sentence is other text, unless it has only one word. */
const SEED_GAP = '(?:[ ,\\t]{1,3}|\\r?\\n(?=[a-z\\d]|[A-Z]{2}|[A-Z][a-z]{2,7}[ \\t]{0,3}(?:\\r?\\n|$)))';
const SEED = new RegExp(
  `((?:[\\s:="'\`\\\\]|is\\b|are\\b|was\\b){0,8})(?:${SEED_WORD}${SEED_GAP}){${LEAST_SEED_WORDS - 1},23}${SEED_WORD}(?![A-Za-z])`,
  'y',
);
const wordsIn = (text: string): number => text.match(/[A-Za-z]{3,8}/g)?.length ?? 0;

export const NAMED_SECRET_PATTERNS = [
  NAME,
  SUFFIX,
  BETWEEN,
  ARGUMENT,
  STATED,
  OPENING,
  FLAGGED,
  BARE,
  WHOLE,
  CAPITALS,
  SEED,
  ...VALUE_PATTERNS,
];

const [SPACE, TAB, PARENTHESIS, DOUBLE, SINGLE, BACKTICK, BACKSLASH] = [32, 9, 40, 34, 39, 96, 92];
/** The start of a quotation mark, which may be escaped. */
const opens = (code: number): boolean => code === DOUBLE || code === SINGLE || code === BACKTICK || code === BACKSLASH;

const isCapital = (name: string): boolean => !isLowerCode(name.charCodeAt(0)) && name === name.toUpperCase();

/** `password` also matches inside a word. All other names must begin at the start of a word or with a capital letter: `clientSecret`. */
function beginsHere(text: string, index: number, name: string): boolean {
  const [before, first] = [text.charCodeAt(index - 1), name.charCodeAt(0)];
  if (!isLetterCode(before) || !isLetterCode(first)) return true;
  if (isLowerCode(before) && isUpperCode(first)) return true;
  return /^(?:pass(?:word|wd|phrase)|passwort|token|secret)/i.test(name);
}

/** The start of the value if the match is in the name of a line of an environment file, where any value counts as a secret. */
function environmentValue(text: string, index: number, end: number): number | undefined {
  const separator = matchAt(CAPITALS, text, end)?.[0];
  if (separator === undefined) return undefined;
  let from = index;
  while (index - from < 60 && isVariableCode(text.charCodeAt(from - 1))) from -= 1;
  const line = text.slice(Math.max(0, from - 24), from);
  const before = line.slice(line.lastIndexOf('\n') + 1);
  const isLine = line.includes('\n') || from <= 24;
  if (separator.includes(':') && !separator.includes('=')) return undefined;
  if (isLine && /^[ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+|[-+>$][ \t]*)?$/.test(before))
    return end + separator.length;
  return undefined;
}

function isFlag(text: string, index: number): boolean {
  let from = index;
  while (index - from < 40 && isWordOrHyphenCode(text.charCodeAt(from - 1))) from -= 1;
  return text[from] === '-' && !isWordCode(text.charCodeAt(from - 1));
}

/** `[A-Z0-9_]` */
const isVariableCode = (code: number): boolean => isWordCode(code) && !isLowerCode(code);
