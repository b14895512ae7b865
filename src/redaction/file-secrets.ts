import { nextIndexFinder, replaceMatches } from './linear-scan.ts';
import { ALREADY_MASKED } from './secret-values.ts';

type Hide = (kind: string, secret: string) => string;

const VALUE = `("[^"\\n]+"|'[^'\\n]+'|[^\\s"'|;&]+)`;

/**
 * Commands with a password argument, and the text before the argument. Each line is searched once for a command, then its rest for
 * arguments.
 */
const COMMANDS: readonly (readonly [commands: string, given: string])[] = [
  ['curl|http|https|xh|wget', ' (?:-u|--user|-a|--auth)[ =]{0,4}["\']?[^\\s"\':]{0,80}:'],
  ['mysql|mysqldump|mysqladmin|mariadb', ' -p'],
  [
    'sshpass|docker login|podman login|helm registry login|az login|unzip|zip|7z|7za|snowsql|twine|mongo|mongosh|mongodump|mongorestore|rdesktop',
    ' -[pP][ =]{0,3}',
  ],
  ['sqlcmd|bcp', ' -P ?'],
  ['redis-cli|valkey-cli', ' -a '],
  ['ldapsearch|ldapmodify|ldapadd', ' -w ?'],
  ['ssh-keygen', ' -[NP] ?'],
  ['dotnet nuget|nuget', ' -k '],
  ['doctl|codecov', ' -t '],
  ['openssl', ' -(?:pass|passin|passout) pass:| -k '],
  ['smbclient|rpcclient', ' -U ?[^\\s%]{1,60}%'],
  ['net user|net use', ' (?:/user:)?[^\\s/]{1,60} (?=[^/\\\\\\s])'],
  ['rabbitmqctl add_user|rabbitmqctl change_password', ' [^\\s]{1,60} '],
  ['nmcli', ' password '],
  ['requirepass|masterauth', '^ '],
  ['AUTH', '^ (?=\\S{0,40}\\d)'],
  ['cargo login|snyk auth|wandb login|vault login|add-authtoken|importprivkey', '^ (?=[\\w./+=~-]{16})'],
];
const literally = (commands: string) => commands.replaceAll('-', '\\-');
const COMMAND = new RegExp(
  `(?<![\\w-])(?:${COMMANDS.map(([commands]) => `(${literally(commands)})`).join('|')})(?=[ \\t])`,
  'g',
);
const ARGUMENTS = COMMANDS.map(([, given]) => new RegExp(`(${given})${VALUE}`, 'g'));
/** The end of a command in its line. */
const ENDS = /[^\\]\n| [|;] | && /g;

/** Secrets with a line of their own: a text that must occur, the text before the secret, and the secret. */
const LINES: readonly (readonly [kind: string, literal: string, form: string])[] = [
  // host:port:database:user:password
  ['password', ':', '^([\\w.*-]{1,100}:(?:\\d{2,5}|\\*):[^:\\s/]{1,64}:[^:\\s/]{1,64}:)(\\S{3,200})$'],
  [
    'password',
    'pgpass',
    '(["\'](?:\\*|[\\w.-]{1,100}):(?:\\d{2,5}|\\*):[^:\\s/]{1,64}:[^:\\s/]{1,64}:)([^\\s"\']{3,200})(?=["\'])',
  ],
  ['aws-key', 'ecret ', '(\\bAWS Secret Access Key \\[[^\\]\\n]{0,40}\\]: )([\\w+/=]{16,})'],
  [
    'password',
    'printf ',
    `(\\bprintf (?:-- )?(?:["'][^"'\\n]{0,20}["'] )?)(?=[^\\n]{1,240}\\| ?(?:sudo|passwd|chpasswd|su |docker login|podman login|gh auth|openssl|gpg|cryptsetup|htpasswd|kinit))${VALUE}`,
  ],
  [
    'password',
    'echo ',
    `(\\becho (?:-[ne]{1,2} )?)(?=[^\\n]{1,240}\\| ?(?:sudo|passwd|chpasswd|su |docker login|podman login|gh auth|openssl|gpg|cryptsetup|htpasswd|kinit))${VALUE}`,
  ],
  ['password', 'sudo ', `(\\bsudo (?:-\\w{1,4} ){0,3}-\\w{0,3}S[^\\n<|]{0,120}<<< ?)${VALUE}`],
  ['password', 'password', `(\\blogin\\s{1,4}\\S{1,100}\\s{1,8}password\\s{1,4})(\\S+)`],
  [
    'password',
    'dentified',
    `(\\b[Ii][Dd][Ee][Nn][Tt][Ii][Ff][Ii][Ee][Dd](?: (?:WITH|with) ["'\`]?\\w{1,40}["'\`]?)? (?:BY|by) (?:PASSWORD |password )?)('[^'\\n]{1,400}'|"[^"\\n]{1,400}")`,
  ],
  ['password', 'user ', '(^user \\S{1,60} (?:[^\\s>]{1,40} ){0,8}>)(\\S+)'],
  ['password', 'send ', '(\\bsend (?:-- )?")([^"\\\\\\n]{4,200})(?=\\\\r)'],
  ['password', 'ConvertTo-SecureString', `(\\bConvertTo-SecureString (?:-String )?)${VALUE}`],
  ['private-key', '"kty"', '("(?:d|p|q|dp|dq|qi|k)"\\s{0,4}:\\s{0,4}")([\\w-]{20,400})(?=")'],
  [
    'login',
    '/',
    `(\\b(?:[Uu]ser(?:name)?|[Ll]ogin|[Aa]ccount|[Cc]redentials?|[Aa]ccess)(?: is|:)? {0,2}[\\w.@-]{1,60} ?[/|] ?)(?=\\S{0,40}\\d)(?=\\S{0,40}[^\\w\\s./-])([^\\s/"']{6,60})`,
  ],
  // A list below the word.
  [
    'login',
    'redentials',
    '(\\b[Cc]redentials?:? ?\\n(?:[-*] [\\w.+-]{1,64}@[\\w.-]{1,64}\\n)?[-*] )(?=\\S{0,40}\\d)(\\S{6,60})',
  ],
  [
    'password',
    ':',
    '(^\\s{2,12}(?:root|ubuntu|admin|deploy|debian|user|ec2-user):)(?!\\s)(?=\\S{0,40}[A-Z\\d])(\\S{6,60})$',
  ],
];
const FORMS = LINES.map(([, , form]) => new RegExp(form, 'gm'));

/** Removes passwords from arguments of commands and from known places in files. */
export function withoutFileSecrets(text: string, hide: Hide): string {
  const lower = text.toLowerCase();
  let left = withoutCommandSecrets(withoutKubernetesSecrets(text, hide), hide);
  for (const [at, [kind, literal]] of LINES.entries()) {
    if (!lower.includes(literal.toLowerCase())) continue;
    left = left.replace(FORMS[at] as RegExp, (whole: string, before: string, secret: string) =>
      ALREADY_MASKED.test(secret) || isReference(secret) ? whole : before + quoted(secret, hide(kind, bare(secret))),
    );
  }
  return left;
}

function withoutCommandSecrets(text: string, hide: Hide): string {
  return replaceMatches(text, COMMAND, ({ 0: command, index, ...groups }) => {
    const from = index + command.length;
    ENDS.lastIndex = from;
    const found = ENDS.exec(text);
    const to = found ? found.index + (found[0].endsWith('\n') ? 1 : 0) : text.length;
    const which = COMMANDS.findIndex((_, at) => groups[at + 1] !== undefined);
    const rest = text.slice(from, to);
    const put = rest.replace(ARGUMENTS[which] as RegExp, (whole: string, before: string, secret: string) =>
      ALREADY_MASKED.test(secret) || isReference(secret) || (secret.startsWith('-') && !secret.includes('['))
        ? whole
        : before + quoted(secret, hide('password', bare(secret))),
    );
    return { from, to, put };
  });
}

const KIND = /\bkind:[ \t]{0,4}["']?Secret\b/g;
const ENTRY = /^([ \t]{1,12}[\w.-]{1,100}:[ \t]{1,4}["']?)([\w+/=]{8,})(["']?)$/gm;

export const FILE_SECRET_PATTERNS = [COMMAND, ...ARGUMENTS, ENDS, ...FORMS, KIND, ENTRY];

/** Every value below `data:` of a Kubernetes secret is a secret, whatever its name. */
function withoutKubernetesSecrets(text: string, hide: Hide): string {
  const next = nextIndexFinder(text);
  return replaceMatches(text, KIND, ({ 0: kind, index }) => {
    const from = Math.min(next('data:', index), next('stringData:', index));
    const to = Math.min(next('\n---', index + kind.length), next('kind:', index + kind.length));
    if (from >= to) return undefined;
    const put = text
      .slice(from, to)
      .replace(
        ENTRY,
        (_: string, before: string, secret: string, after: string) => before + hide('value', secret) + after,
      );
    return { from, to, put };
  });
}

const isReference = (secret: string): boolean => /^["']?(?:\$[\w{(]|<[\w-]{1,40}>|%\w+%)/.test(secret);
const bare = (secret: string): string => secret.replace(/^(["'])([\s\S]*)\1$/, '$2');

function quoted(secret: string, hidden: string): string {
  const [quote = ''] = /^["']/.exec(secret) ?? [];
  return quote + hidden + (quote !== '' && secret.endsWith(quote) ? quote : '');
}
