import { random as seeded } from './random.ts';

/** Something that must never be written down, and a text as agents meet it in. */
export interface Hidden {
  readonly name: string;
  readonly text: string;
  /** No one of these may be left. */
  readonly secrets: readonly string[];
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const LETTERS = LOWER + UPPER + DIGITS;
const URL_SAFE = `${LETTERS}_-`;
const BASE64 = `${LETTERS}+/`;

/** Two hundred, made anew from a seed, so that none is anybody's. */
export function hiddenThings(seed = 7): Hidden[] {
  const random = seeded(seed);
  const of = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  // A key without a digit is as rare as it is in life.
  const key = (prefix: string, alphabet: string, length: number) => `${prefix}${of(alphabet, length - 2)}4x`;
  return [...vendorKeys(key, of), ...named(of), ...addresses(of), ...commands(of), ...blocks(of), ...privateSpans(of)];
}

type Of = (alphabet: string, length: number) => string;
type Key = (prefix: string, alphabet: string, length: number) => string;

function vendorKeys(key: Key, of: Of): Hidden[] {
  const keys: Record<string, string> = {
    openai: key('sk-', LETTERS, 48),
    'openai project': key('sk-proj-', URL_SAFE, 96),
    'openai service account': key('sk-svcacct-', URL_SAFE, 80),
    anthropic: key('sk-ant-api03-', URL_SAFE, 95),
    openrouter: key('sk-or-v1-', HEX, 64),
    'stripe live': key('sk_live_', LETTERS, 24),
    'stripe restricted': key('rk_live_', LETTERS, 24),
    'stripe test': key('sk_test_', LETTERS, 24),
    'stripe webhook': key('whsec_', LETTERS, 32),
    'github classic': key('ghp_', LETTERS, 36),
    'github oauth': key('gho_', LETTERS, 36),
    'github server': key('ghs_', LETTERS, 36),
    'github refresh': key('ghr_', LETTERS, 76),
    'github fine-grained': `github_pat_${of(LETTERS, 22)}_${of(LETTERS, 59)}`,
    'gitlab personal': key('glpat-', URL_SAFE, 20),
    'gitlab runner': key('glrt-', URL_SAFE, 20),
    'gitlab deploy': key('gldt-', URL_SAFE, 20),
    'aws access key': `AKIA${of(`${UPPER}234567`, 16)}`,
    'aws session key': `ASIA${of(`${UPPER}234567`, 16)}`,
    'google api': key('AIza', URL_SAFE, 35),
    'google oauth': key('ya29.', URL_SAFE, 60),
    'google client secret': key('GOCSPX-', URL_SAFE, 28),
    'google refresh': key('1//0', URL_SAFE, 60),
    'slack bot': `xoxb-${of(DIGITS, 12)}-${of(DIGITS, 12)}-${of(LETTERS, 24)}`,
    'slack user': `xoxp-${of(DIGITS, 12)}-${of(DIGITS, 12)}-${of(HEX, 32)}`,
    'slack app': `xapp-1-A${of(UPPER, 10)}-${of(DIGITS, 12)}-${of(HEX, 64)}`,
    'slack webhook': `hooks.slack.com/services/T${of(UPPER, 8)}/B${of(UPPER, 8)}/${of(LETTERS, 24)}`,
    'discord webhook': `discord.com/api/webhooks/${of(DIGITS, 18)}/${of(URL_SAFE, 68)}`,
    'discord bot': `M${of(LETTERS, 23)}.${of(LETTERS, 6)}.${of(LETTERS, 30)}`,
    'telegram bot': `1${of(DIGITS, 9)}:AA${of(URL_SAFE, 33)}`,
    sendgrid: `SG.${of(URL_SAFE, 22)}.${of(URL_SAFE, 43)}`,
    mailgun: `key-${of(HEX, 32)}`,
    mailchimp: `${of(HEX, 32)}-us12`,
    twilio: `SK${of(HEX, 32)}`,
    npm: key('npm_', LETTERS, 36),
    pypi: key('pypi-AgEIcHlwaS5vcmc', URL_SAFE, 80),
    rubygems: key('rubygems_', HEX, 48),
    'docker hub': key('dckr_pat_', URL_SAFE, 27),
    digitalocean: key('dop_v1_', HEX, 64),
    databricks: key('dapi', HEX, 32),
    supabase: key('sbp_', HEX, 40),
    tailscale: `tskey-auth-${of(LETTERS, 16)}-${of(LETTERS, 30)}1`,
    planetscale: key('pscale_pw_', URL_SAFE, 43),
    doppler: key('dp.pt.', LETTERS, 43),
    vault: key('hvs.', URL_SAFE, 90),
    huggingface: key('hf_', LETTERS, 34),
    groq: key('gsk_', LETTERS, 52),
    replicate: key('r8_', LETTERS, 37),
    perplexity: key('pplx-', LETTERS, 48),
    xai: key('xai-', LETTERS, 80),
    nvidia: key('nvapi-', URL_SAFE, 64),
    linear: key('lin_api_', LETTERS, 40),
    notion: key('ntn_', LETTERS, 46),
    figma: key('figd_', URL_SAFE, 40),
    shopify: key('shpat_', HEX, 32),
    square: key('sq0atp-', URL_SAFE, 22),
    atlassian: key('ATATT3', URL_SAFE, 180),
    postman: `PMAK-${of(HEX, 24)}-${of(HEX, 34)}`,
    sentry: key('sntrys_', BASE64, 100),
    grafana: key('glsa_', LETTERS, 41),
    'new relic': key('NRAK-', UPPER + DIGITS, 27),
    posthog: key('phx_', LETTERS, 43),
    backblaze: `K005${of(BASE64, 27)}`,
    jwt: `eyJ${of(URL_SAFE, 33)}.eyJ${of(URL_SAFE, 60)}.${of(URL_SAFE, 43)}`,
    age: `AGE-SECRET-KEY-1${of(UPPER + DIGITS, 58)}`,
    'azure storage': `AccountKey=${of(BASE64, 86)}==`,
    'unknown vendor': `${of(LETTERS, 20)}7K${of(LETTERS, 20)}q9X2`,
    'unknown, base64': `${of(BASE64, 40)}9aZ3/${of(LETTERS, 12)}==`,
  };
  const settings = [
    (secret: string) => `Use ${secret} for the staging account, please.`,
    (secret: string) => `$ curl -s https://api.example.com -d '{"k":"${secret}"}'`,
    (secret: string) => `> ${secret}\n(copied from the console)`,
  ];
  return Object.entries(keys).map(([name, secret], index) => ({
    name: `key: ${name}`,
    text: settings[index % settings.length]?.(secret) ?? secret,
    secrets: [secret],
  }));
}

function named(of: Of): Hidden[] {
  const value = () => `${of(LOWER, 5)}${of(DIGITS, 3)}${of(UPPER, 4)}`;
  const texts: readonly ((secret: string) => string)[] = [
    (it) => `password=${it}`,
    (it) => `password: ${it}`,
    (it) => `db.password = "${it}"`,
    (it) => `{"password": "${it}"}`,
    (it) => `{\\"password\\": \\"${it}\\"}`,
    (it) => `{'api_key': '${it}'}`,
    (it) => `const apiKey = '${it}';`,
    (it) => `let clientSecret: string = "${it}"`,
    (it) => `config["secret"] = "${it}"`,
    (it) => `:token => "${it}"`,
    (it) => `token := "${it}"`,
    (it) => `auth_token=${it}&page=2`,
    (it) => `GET /v1/items?access_token=${it}&page=2`,
    (it) => `?api_key=${it}`,
    (it) => `<password>${it}</password>`,
    (it) => `<add key="x" secret="${it}" />`,
    (it) => `secret:\n  ${it}`,
    (it) => `GITHUB_TOKEN=${it}`,
    (it) => `export AWS_SECRET_ACCESS_KEY=${it}`,
    (it) => `STRIPE_SECRET="${it}"`,
    (it) => `  NPM_TOKEN = ${it}`,
    (it) => `ENV DATABASE_PASSWORD=${it}`,
    (it) => `- SESSION_SECRET=${it}`,
    (it) => `+JWT_SIGNING_KEY=${it}`,
    (it) => `set API_KEY=${it}`,
    (it) => `MY_APP_PASS='${it} with spaces'`,
    (it) => `AUTH=${it}`,
    (it) => `SENTRY_DSN=https://${it}@sentry.example.com/4`,
    (it) => `The password is ${it}.`,
    (it) => `the password for admin is "${it}"`,
    (it) => `my api key is ${it}, keep it safe`,
    (it) => `The PIN was ${it}`,
    (it) => `Das Passwort ist ${it}`,
    (it) => `password changed to ${it}`,
    (it) => `passphrase: ${it}`,
    (it) => `pwd=${it}`,
    (it) => `privateKey: "${it}"`,
    (it) => `encryption_key = "${it}"`,
    (it) => `x-api-key: ${it}`,
    (it) => `X-Auth-Token: ${it}`,
    (it) => `Authorization: Bearer ${it}`,
    (it) => `authorization: Basic ${it}==`,
    (it) => `-H 'Authorization: token ${it}'`,
    (it) => `"Authorization": "Bearer ${it}"`,
    (it) => `headers: { Authorization: \`Bearer ${it}\` }`,
    (it) => `Proxy-Authorization: Basic ${it}=`,
    (it) => `Cookie: session=${it}; theme=dark`,
    (it) => `Set-Cookie: sid=${it}; HttpOnly`,
    (it) => `Bearer ${it}`,
    (it) => `spring.datasource.password=${it}`,
    (it) => `aws_secret_access_key = ${it}`,
    (it) => `"mnemonic": "${it} word word"`,
    (it) => `ConnectionString="Server=db;User Id=sa;Password=${it};"`,
    (it) => `//registry.example/:_authToken=${it}`,
    (it) => `storage_key: ${it}`,
    (it) => `PGPASSWORD=${it} psql -h db`,
    (it) => `webhook_url = "https://example.com/${it}"`,
    (it) => `credentials: '${it}'`,
    (it) => `OTP: ${it}`,
    (it) => `HMAC_KEY=${it}`,
    (it) => `token is "${it}"`,
    (it) => `{"auth":{"token":"${it}"}}`,
  ];
  return texts.map((text) => {
    const secret = value();
    return {
      name: `named: ${text('…').replaceAll('\n', ' ')}`,
      text: `Look:\n${text(secret)}\nThat is all.`,
      secrets: [secret],
    };
  });
}

function addresses(of: Of): Hidden[] {
  const word = () => `${of(LETTERS, 9)}7`;
  const texts: readonly [(secret: string) => string, string?][] = [
    [(it) => `postgres://app:${it}@db.example.com:5432/app`],
    [(it) => `postgresql+asyncpg://app:${it}@localhost/app`],
    [(it) => `mysql://root:${it}@127.0.0.1:3306/shop`],
    [(it) => `mongodb+srv://user:${it}@cluster0.mongodb.net/test`],
    [(it) => `redis://:${it}@cache:6379/0`],
    [(it) => `rediss://default:${it}@cache:6380`],
    [(it) => `amqp://guest:${it}@rabbit:5672/%2f`],
    [(it) => `DATABASE_URL=postgres://app:${it}@db/app`],
    [(it) => `https://user:${it}@git.example.com/team/repo.git`],
    [(it) => `git remote set-url origin https://x-access-token:${it}@github.com/team/repo`],
    [(it) => `https://${it}${it}@github.com/team/repo`],
    [(it) => `ftp://me:${it}@ftp.example.com/`],
    [(it) => `smtp://mailer:${it}@smtp.example.com:587`],
    [(it) => `postgres://app:pa/ss@${it}@db/app`],
    [(it) => `jdbc:postgresql://db/app?user=app&password=${it}`],
    [(it) => `sqlserver://db:1433;user=sa;password=${it};`],
  ];
  return texts.map(([text]) => {
    const secret = word();
    return { name: `address: ${text('…')}`, text: `It connects to ${text(secret)} at start.`, secrets: [secret] };
  });
}

function commands(of: Of): Hidden[] {
  const texts: readonly ((secret: string) => string)[] = [
    (it) => `curl -u admin:${it} https://example.com`,
    (it) => `curl --user 'admin:${it}' https://example.com`,
    (it) => `mysql -u root -p${it} shop`,
    (it) => `mysqldump --password=${it} shop`,
    (it) => `sshpass -p ${it} ssh root@host`,
    (it) => `docker login -u me -p ${it} registry.example.com`,
    (it) => `redis-cli -h cache -a ${it} ping`,
    (it) => `vault login --token ${it}`,
    (it) => `deploy --api-key=${it} --region eu`,
    (it) => `deploy --auth-token "${it}"`,
    (it) => `openssl rsa -in key.pem -passin pass:${it}`,
    (it) => `machine example.com login me password ${it}`,
    (it) => `CREATE USER app IDENTIFIED BY '${it}'`,
    (it) => `ALTER USER app WITH PASSWORD '${it}'`,
  ];
  return texts.map((text) => {
    const secret = `${of(LETTERS, 10)}8`;
    return { name: `command: ${text('…')}`, text: text(secret), secrets: [secret] };
  });
}

function blocks(of: Of): Hidden[] {
  const lines = (count: number) => Array.from({ length: count }, () => of(BASE64, 64));
  const block = (kind: string, body: readonly string[], joint = '\n') =>
    [`-----BEGIN ${kind}-----`, ...body, `-----END ${kind}-----`].join(joint);
  const kinds = [
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'PGP PRIVATE KEY BLOCK',
  ];
  const [escaped, cut, putty] = [lines(3), lines(3), lines(3)];
  return [
    ...kinds.map((kind) => {
      const body = lines(6);
      return { name: `block: ${kind}`, text: `It says:\n${block(kind, body)}\nDone.`, secrets: body };
    }),
    { name: 'block: in JSON', text: `{"private_key": "${block('PRIVATE KEY', escaped, '\\n')}"}`, secrets: escaped },
    { name: 'block: cut off', text: `-----BEGIN PRIVATE KEY-----\n${cut.join('\n')}`, secrets: cut },
    {
      name: 'block: PuTTY',
      text: `PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 3\n${putty.join('\n')}`,
      secrets: putty,
    },
  ];
}

function privateSpans(of: Of): Hidden[] {
  const texts: readonly ((secret: string) => string)[] = [
    (it) => `a <private>${it}</private> b`,
    (it) => `a <PRIVATE>${it}</PRIVATE> b`,
    (it) => `a <Private>${it}</pRIVATE> b`,
    (it) => `a <private reason="salary">${it}</private> b`,
    (it) => `a <private\n  who='me'\n>${it}</private\n> b`,
    (it) => `a < private >${it}< / private > b`,
    (it) => `a <private>x <private>y</private> ${it}</private> b`,
    (it) => `a <private>x <private>y <private>z</private></private>${it}</private> b`,
    (it) => `a <private>${it}`,
    (it) => `a <private>x</private> b <private>${it}`,
    (it) => `a <private>x <private>y</private> ${it}`,
    (it) => `${it}</private> b`,
    (it) => `a ${it} </private> b <private>c</private>`,
    (it) => `a <private ${it}`,
    (it) => `a <private/>${it}`,
    (it) => `a <private><b>${it}</b></private> b`,
    (it) => `a\n<private>\nline\n${it}\n</private>\nb`,
    (it) => `a &lt;private&gt;${it}&lt;/private&gt; b`,
    (it) => `{"text":"\\u003cprivate\\u003e${it}\\u003c/private\\u003e"}`,
    (it) => `a <pri\u200Bvate>${it}</private> b`,
    (it) => `a <private class="a>b">${it}</private> b`,
    (it) => `\`\`\`\n<private>${it}</private>\n\`\`\``,
    (it) => `a <private>${it}<\\/private> b`,
    (it) => `a <private>${it}</private`,
    (it) => `a <private>${it}</ private> <private>${it}</private> b`,
    (it) => `<private></private>a<private>${it}</private>`,
    (it) => `a <private>${it}</privateer> b`,
    (it) => `a <<private>>${it}<</private>> b`,
    (it) => `a <private data-x>${it}${'\n'.repeat(500)}</private> b`,
    (it) => `${'<private>'.repeat(50)}${it}${'</private>'.repeat(49)}`,
    (it) => `a <private>${it}</private><private>${it}</private>b`,
    (it) => `a <private> </private>${''} <private>${it}`,
    (it) => `a <PRIVATE>${it}</private> and <private>${it}</PRIVATE>`,
  ];
  return texts.map((text) => {
    const secret = `Ms ${of(UPPER, 1)}${of(LOWER, 7)} earns ${of(DIGITS, 5)} a month`;
    return { name: `private: ${text('…').slice(0, 60).replaceAll('\n', ' ')}`, text: text(secret), secrets: [secret] };
  });
}

/** What agents say all day that is no secret and must stay. */
export const HARMLESS: readonly string[] = [
  'commit 9fceb02d0ae598e95dc970b74767f19372d61af8 (HEAD -> main)',
  'id 550e8400-e29b-41d4-a716-446655440000 was created',
  'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '"integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg=="',
  'src/opencode/RecallPartOfTheFirstMessageBuilder2.test.ts',
  'The token is expired, so the user has to log in again.',
  'const token = await getToken(user);',
  'function check(password: string, token: Token): boolean {',
  'password: process.env.DB_PASSWORD,',
  `apiKey: \${OPENAI_API_KEY}`,
  'tokens: { input: 1200, output: 340 }',
  'max_tokens: 4096',
  'We keep the primary key and the foreign key in one table.',
  'The key: use Redis for sessions and Postgres for the rest.',
  'http://localhost:3000/@vite/client',
  'git@github.com:team/repo.git',
  'npm install @types/node@24.1.0',
  'Basic understanding of bearer tokens is enough.',
  'sk-learn is spelled scikit-learn',
  'The secret is to keep functions small.',
  'ssh://git@example.com:2222/team/repo.git',
  'const PUBLIC_KEY_PATH = "keys/public.pem"; the private part is elsewhere',
  'className="sk-loading-indicator-wrapper"',
  'Harbor uses Redis since 2025-01-01 and costs 12,500 a month.',
  'at Object.<anonymous> (/srv/app/node_modules/some-package/dist/index.js:10:15)',
  'privateer and <privateKey> are no tags of ours',
  'subject-token based identity is a kind of workload identity',
];
