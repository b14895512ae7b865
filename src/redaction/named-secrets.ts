import { matchAt, nextIn, rewritten, runEnd } from './scan.ts';
import {
  HIDDEN,
  isEnvironmentSecret,
  isHeaderSecret,
  isNumber,
  isReference,
  isScheme,
  isSecret,
  isSentence,
  isSessionSecret,
  isStrong,
  isToken,
  isWord,
  VALUE_PATTERNS,
  type Value,
} from './secret-values.ts';

type Hide = (kind: string, secret: string) => string;

// Names that say "secret" whatever the value looks like.
const PASSWORD =
  'pass(?:word|wd|phrase|code)|passwort|kennwort|mot[ _]de[ _]passe|contrase[nñ]a|senha|(?<![a-z])(?:pass|pwd|pw|psk)(?![a-z])|pwd(?![a-z])|storepass|keypass';
const KEY =
  '(?:api|access|private|client|auth|signing|encryption|account|master|service|session|storage|shared|preshared|deploy|licen[sc]e|app|application|bot|admin|root|ssh|gpg|hmac|jwt|aes|rsa|secret|write|server|integration|global|subscription|functions|product|setup|unseal|storage|host|tls)[ _-]?key(?:[_-]?(?:id|data))?|rsa|tls\\.key|client-key-data|master\\.key';
const PHRASE = 'mnemonic|(?:seed|recovery|backup|secret)[ _-]?(?:phrase|words)|wallet[ _-]seed';
const HEADERS = '(?:proxy-)?authorization|(?:set-)?cookie';
const NUMBER = '(?<![a-z])(?:otp|totp|pin|puk|cvv2?|cvc2?|2fa|mfa|tan)(?: ?code)?(?![a-z])';
const OTHER =
  'secret(?:_key_base)?|(?:auth|access|api|refresh|bearer|session|bot|user|push|id|csrf|xsrf)?[ _-]?token|credentials?|creds|(?<![a-z])(?:bearer|basic|negotiate|apikey|ssws|digest)(?= )|bearer|connection[_-]?string|dsn|webhook(?:[ _-]?url)?|salt|pepper|presharedkey|authkey|writekey|apikey|(?<![a-z])auth(?![a-z])';
/** Names first, then what is looked at behind them. One match costs little, and nothing is read twice. */
const NAME = new RegExp(
  `(?:(${PASSWORD})|(${PHRASE})|(${NUMBER})|(${HEADERS})|(${KEY}|${OTHER})|(session_?id|(?<=_)session(?==)|connect\\.sid|(?:php|j)sessionid|(?<![a-z])sid(?![a-z]))|(KEY))`,
  'gi',
);

// What belongs to a name: `db.password_prod`, `clientSecretValue`, `GITHUB_TOKEN_2`.
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

/** Takes out what a name beside it gives away as a secret. */
export function withoutNamedSecrets(text: string, hide: Hide): string {
  const next = nextIn(text);

  /** What begins here: up to the quotation mark that closes it or the line's end, or else to the next blank. */
  function valueAt(at: number): Value {
    const quote = matchAt(OPENING, text, at)?.[0];
    if (quote === undefined) return { from: at, to: runEnd(BARE, text, at), quote: '' };
    const from = at + quote.length;
    let to = next(quote, from);
    while (to < text.length && quote.length === 1 && text[to - 1] === '\\' && text[to - 2] !== '\\')
      to = next(quote, to + 1);
    return { from, to: Math.min(to, next('\n', from)), quote };
  }
  const headOf = ({ from, to }: Value) => text.slice(from, Math.min(to, from + 256));
  function cut(value: Value, kind: string) {
    const to = value.quote === '' ? runEnd(WHOLE, text, value.from) : value.to;
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

  return rewritten(text, NAME, (found) => {
    const [name, password, phrase, number, header, other, session, weak] = found;
    const { index } = found;
    const end = index + name.length;
    if (!beginsHere(text, index, name)) return undefined;
    if (number && !/\d/.test(text.slice(end, end + 60))) return undefined;
    const isCapital = name === name.toUpperCase();
    if (isCapital && (password || other || weak === 'KEY' || number)) {
      const at = environmentValue(text, index, end);
      if (at !== undefined) return environmentCut(at);
    }
    if (weak) return undefined;
    const after = runEnd(SUFFIX, text, end);
    const between = matchAt(BETWEEN, text, after)?.[0];
    if (between !== undefined) {
      const at = after + between.length;
      if (header) return headerAt(after, between);
      const value = valueAt(at);
      const head = headOf(value);
      if (phrase) return words(at) ?? (value.quote !== '' && !HIDDEN.test(head) ? cut(value, 'value') : undefined);
      if (HIDDEN.test(head)) return undefined;
      if (number) return isNumber(head, value) ? cut(value, 'code') : undefined;
      if (session) return isSessionSecret(head) ? cut(value, 'value') : undefined;
      if (value.quote === '' && / $/.test(between) && isSentence(text, value)) return undefined;
      if (value.quote === '' && between.includes('\n') && !/\d/.test(head)) return undefined;
      return isSecret({ isPassword: password !== undefined, name, between, head, value })
        ? cut(value, 'value')
        : undefined;
    }
    if (phrase) return words(end + 1);
    const argument = matchAt(ARGUMENT, text, after)?.[0];
    if (argument !== undefined) {
      const value = valueAt(after + argument.length);
      const head = headOf(value);
      return !HIDDEN.test(head) && isStrong(head) ? cut(value, 'value') : undefined;
    }
    if (isFlag(text, index)) {
      const at = runEnd(FLAGGED, text, after);
      const value = valueAt(at);
      const head = headOf(value);
      if (at > after && head.length >= 3 && !head.startsWith('-') && !HIDDEN.test(head) && !isReference(head))
        return cut(value, 'flag');
    }
    const stated = matchAt(STATED, text, end)?.[0];
    const at = stated === undefined ? end + 1 : end + stated.length;
    if (stated === undefined && !/[ \t]/.test(text[end] ?? '')) return undefined;
    const value = valueAt(at);
    const head = headOf(value);
    if (head.length < 3 || HIDDEN.test(head) || isReference(head)) return undefined;
    if (number) return isNumber(head, value) ? cut(value, 'code') : undefined;
    const isKnown =
      stated === undefined
        ? (isScheme(name) && isToken(head)) ||
          (password !== undefined &&
            (isStrong(head) || (value.quote !== '' && name.length > 4 && !/ /.test(head) && !isWord(head))))
        : value.quote !== '' || (!isWord(head) && (password !== undefined || /\d/.test(head)));
    return isKnown ? cut(value, 'value') : undefined;
  });

  /** To the end of the line, or to where another variable is set. */
  function environmentCut(at: number) {
    const line = text.slice(at, next('\n', at));
    if (!isEnvironmentSecret(line.slice(0, 256))) return undefined;
    const value = valueAt(at);
    if (value.quote !== '') return cut(value, 'env');
    const nextVariable = line.search(/ [A-Z_][A-Z0-9_]{1,60}=/);
    const to = at + (nextVariable < 0 ? line.length : nextVariable);
    return { from: at, to, put: hide('env', text.slice(at, to).trim()) };
  }

  /** All of a header: of cookies each may be the one. */
  function headerAt(after: number, between: string) {
    const colon = between.indexOf(':');
    const start = colon < 0 ? after + between.length : after + colon + 1;
    const at = start + (/^\s{0,20}/.exec(text.slice(start, start + 20))?.[0].length ?? 0);
    // What a program puts there by name.
    if (colon < 0 && matchAt(OPENING, text, at) === undefined) return undefined;
    const head = text.slice(at, Math.min(next('\n', at), at + 256)).replace(/^\\*["'`]/, '');
    const token = head.replace(/^\w{1,20} {1,4}(?=\S)/, '');
    return isHeaderSecret(head, token) ? toLineEnd(at, 'header') : undefined;
  }

  /** Twelve words and more, as wallets give them. */
  function words(at: number) {
    const found = matchAt(SEED, text, at);
    if (!found) return undefined;
    const from = at + (found[1]?.length ?? 0);
    return { from, to: at + found[0].length, put: hide('seed-phrase', text.slice(from, at + found[0].length)) };
  }
}

const SEED =
  /((?:[\s:="'`\\]|is\b|are\b|was\b){0,8})(?:(?:\d{1,2}[.)] ?)?[a-z]{3,8}(?:[ ,\t]{1,3}|\r?\n)){11,23}(?:\d{1,2}[.)] ?)?[a-z]{3,8}(?![a-z])/iy;

export const PATTERNS = [
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

/** `password` also within a word; anything else begins where a word does, or with a capital: `clientSecret`. */
function beginsHere(text: string, index: number, name: string): boolean {
  const before = text[index - 1] ?? ' ';
  if (!/[A-Za-z]/.test(before) || !/[A-Za-z]/.test(name[0] ?? '')) return true;
  const first = name[0] ?? '';
  if (/[a-z]/.test(before) && /[A-Z]/.test(first)) return true;
  return /^(?:pass(?:word|wd|phrase)|passwort|token|secret)/i.test(name) && /[A-Za-z]/.test(before);
}

/** Where the value begins when this stands in the name of a line of an environment file: whatever it looks like, it is one. */
function environmentValue(text: string, index: number, end: number): number | undefined {
  const separator = matchAt(CAPITALS, text, end)?.[0];
  if (separator === undefined) return undefined;
  let from = index;
  while (index - from < 60 && /[A-Z0-9_]/.test(text[from - 1] ?? ' ')) from -= 1;
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
  while (index - from < 40 && /[\w-]/.test(text[from - 1] ?? ' ')) from -= 1;
  return text[from] === '-' && !/\w/.test(text[from - 1] ?? ' ');
}
