/** The position of a value, without its quotation marks. */
export interface ValuePosition {
  readonly from: number;
  readonly to: number;
  readonly quote: string;
}

// Code that mentions a secret without containing it: types, references, calls, template placeholders.
const REFERENCE =
  /^(?:\$|%[A-Z_]+%|\{\{|<|\[|\{$|(?:string|number|boolean|bool|str|int|null|undefined|none|nil|true|false|any|unknown|void|never|bytes|required|optional|invalid|missing|expired|empty|wrong|not|a|the|in|on|set|unset|only|never|always)\b[^\w]*$|(?:process|import|os|env|this|self|config|settings|options|opts|args|ctx|req|request|res|response|data|params|props|input|secrets|vars|var|local|inputs|github|await|new|new\s|function|async|typeof|z|t|Type|Schema|get|await)\b[.([]|[A-Za-z_][\w.?[\]]*[([]|\{[\w:.]+\}$)/i;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
// Only in the usual upper or lower case of words, because a generated password may begin with `mY`.
const PLACEHOLDER =
  /^(?:(?:[Yy]our|YOUR|[Mm]y|MY|[Tt]he|THE|[Ss]ome|SOME)[-_ ]?[\w -]{0,40}|(?:[Uu]ser(?:name)?|USER(?:NAME)?):(?:[Pp]ass(?:word)?|PASS(?:WORD)?)|.{0,12}(?:…|\.\.\.))$/;
/** `BinaryLike`, `NodeJS.ArrayBufferView`, `validation.valid` */
const TYPE =
  /^(?:[A-Z]\w*(?:Input|Field|Schema|Type|Options|Result)\b|(?:[A-Z][a-z]+){2}|[A-Za-z_]\w*(?:\.[A-Za-z]\w*)+[,;)]?$)/;
const WORDS = /^[A-Za-z_]+[.,;:!?)\]}]*$/;
export const ALREADY_MASKED = /^["'`\\]*(?:\[redacted:|\[private\]|\*{3,}|•{3,}|x{4,}$|\.{3})/i;

export const VALUE_PATTERNS = [REFERENCE, UUID, PLACEHOLDER, TYPE, WORDS, ALREADY_MASKED];

export const isReference = (head: string): boolean => REFERENCE.test(head);
export const isWord = (head: string): boolean => WORDS.test(head);
/** The text after `Bearer`. */
export const isToken = (head: string): boolean =>
  /^(?=.*[\d=])[\w+/~-]{8,}={0,2}$|^(?=.*\d)[\w.~+/=-]{16,}$/.test(head);
export const isSessionSecret = (head: string): boolean => /^(?=.{0,80}\d)[\w%.-]{20,}/.test(head) && !UUID.test(head);

/** @param token the header without its scheme */
export const isHeaderSecret = (head: string, token: string): boolean =>
  /[\d=]|\S{20}/.test(token) &&
  !ALREADY_MASKED.test(head) &&
  !REFERENCE.test(head) &&
  !REFERENCE.test(token) &&
  !/^[(<]|^[\w.]+[<(]/.test(head);

export function isEnvironmentSecret(head: string): boolean {
  if (head.trim() === '' || PLACEHOLDER.test(head.split(' ')[0] ?? '')) return false;
  return !ALREADY_MASKED.test(head) && !/^["']?\$[{(A-Z_a-z]/.test(head) && !isCode(head);
}

/** `const KEY = await load()` is code, not a line of an environment file. */
const isCode = (value: string): boolean => /^(?:await |new |process\.|import\.|[A-Za-z_][\w.]*\()/.test(value);

/** `no password: bind it to …` */
export const isSentence = (text: string, { from, to }: ValuePosition): boolean =>
  /^[A-Za-z'’-]+$/.test(text.slice(from, to)) && / [A-Za-z]/.test(text.slice(to, to + 2));

export const isAuthScheme = (name: string): boolean => /^(?:bearer|basic|negotiate|apikey|ssws|digest)$/i.test(name);

export const isNumericValue = (head: string, { quote }: ValuePosition): boolean =>
  /^(?:G-)?\d{3,10}\b/.test(head) ||
  (quote !== '' && head.length >= 3 && /\d/.test(head)) ||
  (/\d/.test(head) && /[a-z]/i.test(head) && head.length >= 6);

/** True for a mix of letters, digits and signs, unlike a word. */
export function isStrongSecret(head: string): boolean {
  if (
    head.length < 6 ||
    head.length > 128 ||
    / /.test(head) ||
    /^[A-Z][A-Z0-9_]*$/.test(head) ||
    /^[A-Za-z]+[-_.:/]?\d{0,4}$/.test(head)
  )
    return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s./:()-]/].filter((kind) => kind.test(head)).length;
  return /\d/.test(head) && kinds >= 2 && !/[()[\]{}]|^https?:|^\/|^\.\.?\//.test(head);
}

interface Named {
  readonly isPassword: boolean;
  readonly name: string;
  readonly between: string;
  readonly head: string;
  readonly value: ValuePosition;
}

export function isSecret({ isPassword, name, between, head, value }: Named): boolean {
  if (head.length < 3 || REFERENCE.test(head)) return false;
  if (/^https?:\/\/[^?@]*$/.test(head) && !/webhook|dsn/i.test(name)) return false;
  if (PLACEHOLDER.test(head) && !/\d{3}/.test(head)) return false;
  if (/^[A-Za-z_]+$/.test(head) && head.toLowerCase().includes(name.toLowerCase())) return false;
  if (/^(?:\/|~\/|[A-Z]:\\)/.test(head) && /^pwd$/i.test(name)) return false;
  if (value.quote !== '' && !isPassword && head.length < 16 && /^[A-Za-z-]+$/.test(head)) return false;
  if (value.quote !== '') return !/^[A-Za-z]+(?: [A-Za-z'’]+)+[.!?…]*$/.test(head);
  const isBeside = /^\\*["'`]?=$/.test(between);
  if (isPassword) return isStrongSecret(head) || !TYPE.test(head) || (isBeside && /\d/.test(head));
  // Only directly after the name, as in a query or a settings file; with spaces the text may also be code or a sentence.
  if (isBeside) return !/^[a-z]+$/i.test(head) || head.length >= 16;
  return /\d/.test(head) && head.length >= 6;
}
