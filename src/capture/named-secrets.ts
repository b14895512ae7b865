type Hide = (kind: string, secret: string) => string;

const PASSWORD = 'pass(?:word|wd|phrase|code)?|pwd|kennwort|passwort';
const NAME = `${PASSWORD}|secret|token|api[_ -]?key|access[_-]?key(?:[_-]?id)?|(?:private|client|auth|signing|encryption|account|master|service|session|storage|shared|deploy|license|app|bot|admin|root|ssh|gpg|hmac|jwt|aes|rsa)[_-]?key|credentials?|creds|authorization|bearer|cookie|mnemonic|seed[_ -]?phrase|connection[_-]?string|dsn|webhook(?:[_-]?url)?|salt|pepper|otp|totp|pin`;
// What belongs to the name: `GITHUB_TOKEN`, `db.password`, `clientSecretValue`, `"x-api-key"`.
const NAMED = `(?<![A-Za-z])(?:[\\w.-]{0,60}?[_.-]|[a-z]{1,40}(?=[A-Z]))??(?:${NAME})(?:[_-]?(?:value|base64|b64|prod|production|dev|staging|test|live|hash|id|string|\\d{1,3}))?`;
const QUOTED = `"(?:[^"\\\\\\n]|\\\\.){1,4000}"|'(?:[^'\\\\\\n]|\\\\.){1,4000}'|\`[^\`\\n]{1,4000}\``;
const ESCAPED = `\\\\"[^"\\n]{1,4000}?\\\\"`;

/** `name = value`, `name: "value"`, `"name": "value"`, `--name value`, `<name>value</name>`, `name => value`. */
const ASSIGNED = new RegExp(
  `(${NAMED})(\\\\?["'\`]?\\]?\\s{0,4}(?::\\s{0,4}\\w{1,40}\\s{0,4}=|:=|=>|=|:)\\s{0,20}|["'\`]?>)(${ESCAPED}|${QUOTED}|[^\\s"'\`<>,;]{1,4000})`,
  'gi',
);
const FLAG = new RegExp(`((?<![\\w-])--?[\\w-]{0,40}?(?:${NAME})[ =]+)(${QUOTED}|[^\\s"'\`]{3,4000})`, 'gi');
/** A line of an environment file: whatever the value looks like, the name says what it is. */
const ENVIRONMENT =
  /^([ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+|[-+>][ \t]*)?(?=[A-Z])[A-Z0-9_]*(?:SECRET|TOKEN|KEY|PASS|PASSWORD|PASSWD|PWD|PASSPHRASE|CREDENTIALS?|AUTH|DSN|SALT|PRIVATE)[A-Z0-9_]*[ \t]*=[ \t]*)(?!=)([^\n]+)/gm;
const HEADER =
  /((?:^|[\s"'`])(?:proxy-)?(?:authorization|cookie|set-cookie|x-[\w-]*(?:key|token|secret|auth)[\w-]*)\\?["'`]?\s{0,4}:\s{0,4}\\?["'`]?)([^\n"'`]{3,4000})/gi;
const BEARER = /\b((?:bearer|basic|negotiate|apikey)\s+)(?=[\w.~+/=-]*[\d=])([\w.~+/=-]{8,4000})/gi;
const SAID = new RegExp(
  `(\\b(?:${NAME})\\b(?:\\s+(?:for|of|to|von|für)\\s+[\\w.@-]{1,60})?\\s+(?:is|was|ist|lautet|now|will be|should be|changed to|set to)\\s*:?\\s+)(${QUOTED}|\\S{3,4000})`,
  'gi',
);
const COMMANDS: readonly RegExp[] = [
  /(\bcurl\b[^\n|;&]{0,300}?\s(?:-u|--user)[ =]*)("[^"\n]+"|'[^'\n]+'|[^\s"']+:[^\s"']+)/gi,
  /(\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]{0,300}?\s-p)("[^"\n]+"|'[^'\n]+'|[^\s"']+)/gi,
  /(\b(?:sshpass|docker login|podman login|helm registry login|az login|unzip|zip|7z)\b[^\n|;&]{0,300}?\s(?:-p|-P)\s*)("[^"\n]+"|'[^'\n]+'|[^\s"']+)/gi,
  /(\b(?:redis-cli|valkey-cli|mongosh?)\b[^\n|;&]{0,300}?\s(?:-a|-p)\s+)("[^"\n]+"|'[^'\n]+'|[^\s"']+)/gi,
  /(\b(?:-passin|-passout)\s+pass:)(\S+)/gi,
  /(\blogin\s+\S+\s+password\s+)(\S+)/gi,
  /(\b(?:identified by|with password|password)\s+)('[^'\n]+'|"[^"\n]+")/gi,
];
const DATABASE =
  /\b((?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver|clickhouse|cockroachdb|ldaps?|smtps?|kafka|nats|neo4j|bolt|jdbc:\w+)(?:\+[\w-]+)?:\/\/[^\s:@/"'`<>]*:)([^\s"'`<>]+)(?=@)/gi;
const ADDRESS = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'`<>[]*:)([^\s/"'`<>]+)(?=@)/gi;
const USER_ONLY = /\b(https?:\/\/)(?=[\w~-]*\d)([\w~-]{16,})(?=@)/gi;

// Code that speaks of a secret without holding it: types, references, calls, template placeholders.
const REFERENCE =
  /^(?:\$|%[A-Z_]+%|\{\{|<|(?:string|number|boolean|bool|str|int|null|undefined|none|nil|true|false|any|unknown|void|never|bytes|required|optional|invalid|missing|expired|empty|wrong|not|a|the|in|on|set|unset)\b[^\w]*$|(?:process|import|os|env|this|self|config|settings|options|opts|args|ctx|req|request|res|response|data|params|props|input|secrets|vars|inputs|github|await|new|new\s|function|async|typeof|z|t|Type|Schema|get|await)\b[.([]|[A-Za-z_][\w.?[\]]*\()/i;
const WORD = /^[A-Za-z_]+[.,;:!?)\]}]*$/;
const HIDDEN = /^["'`\\]*(?:\[redacted:|\[private\]|\*{3,})/;

/** Takes out what a name beside it gives away as a secret. */
export function withoutNamedSecrets(text: string, hide: Hide): string {
  const plainly = (kind: string) => (_: string, before: string, secret: string) =>
    before + (HIDDEN.test(secret) ? secret : quotedAs(secret, hide(kind, bare(secret))));
  let left = text
    .replace(DATABASE, plainly('password'))
    .replace(ADDRESS, plainly('password'))
    .replace(USER_ONLY, plainly('credentials'))
    .replace(HEADER, (whole: string, before: string, secret: string) =>
      HIDDEN.test(secret) || REFERENCE.test(secret.replace(/^\w+\s+(?=\$)/, ''))
        ? whole
        : before + hide('header', secret),
    )
    .replace(BEARER, plainly('bearer'))
    .replace(ENVIRONMENT, (whole: string, before: string, secret: string) =>
      HIDDEN.test(secret) || /^["']?\$[{(A-Z_a-z]/.test(secret) || secret.trim() === '' || isCode(secret)
        ? whole
        : before + quotedAs(secret.trim(), hide('env', bare(secret.trim()))),
    );
  for (const command of COMMANDS) left = left.replace(command, plainly('password'));
  return left
    .replace(FLAG, (whole: string, before: string, secret: string) =>
      HIDDEN.test(secret) || secret.startsWith('-') || REFERENCE.test(bare(secret))
        ? whole
        : before + quotedAs(secret, hide('flag', bare(secret))),
    )
    .replace(ASSIGNED, (whole: string, name: string, between: string, value: string) => {
      if (HIDDEN.test(value) || !isSecret(name, between, value)) return whole;
      return name + between + quotedAs(value, hide('value', bare(value)));
    })
    .replace(SAID, (whole: string, before: string, secret: string) =>
      HIDDEN.test(secret) || (WORD.test(secret) && !isQuoted(secret)) || REFERENCE.test(bare(secret))
        ? whole
        : before + quotedAs(secret, hide('value', bare(secret))),
    );
}

/** `const KEY = await load()` in capitals is code and no line of an environment file. */
const isCode = (value: string): boolean => /^(?:await |new |process\.|import\.|[A-Za-z_][\w.]*\()/.test(value);

const isQuoted = (value: string): boolean => /^\\?["'`]/.test(value);
const bare = (value: string): string => value.replace(/^(\\?["'`])([\s\S]*)\1$/, '$2');

function quotedAs(value: string, hidden: string): string {
  const [quote = ''] = /^\\?["'`]/.exec(value) ?? [];
  return quote + hidden + (value.length > quote.length && value.endsWith(quote) ? quote : '');
}

function isSecret(name: string, between: string, value: string): boolean {
  const inside = bare(value);
  if (inside.length < 3 || REFERENCE.test(inside)) return false;
  if (isQuoted(value)) return !/^[A-Za-z]+(?: [A-Za-z]+)+$/.test(inside);
  if (new RegExp(`(?:${PASSWORD})`, 'i').test(name))
    return !/^[A-Z]\w*(?:Input|Field|Schema|Type|Options)\b/.test(inside);
  // Right beside it, as in a query or a settings file; with spaces it may as well be code or a sentence.
  if (/^["'`]?=$/.test(between)) return !/^[a-z]+$/i.test(inside) || inside.length >= 16;
  return /\d/.test(inside) && inside.length >= 6;
}
