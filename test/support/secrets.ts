import { random as seeded } from './random.ts';

/** A secret that must never be stored, and a typical text that contains it. */
export interface PlantedSecret {
  readonly name: string;
  readonly text: string;
  /** None of these may remain. */
  readonly secrets: readonly string[];
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const LETTERS = LOWER + UPPER + DIGITS;
const URL_SAFE = `${LETTERS}_-`;
const BASE64 = `${LETTERS}+/`;

/** Two hundred secrets, generated from a seed so that none is real. */
export function plantedSecrets(seed = 7): PlantedSecret[] {
  const random = seeded(seed);
  const of = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  // A key without a digit is as rare as among real keys.
  const key = (prefix: string, alphabet: string, length: number) => `${prefix}${of(alphabet, length - 2)}4x`;
  return [
    ...vendorKeys(key, of),
    ...named(of),
    ...addresses(of),
    ...commands(of),
    ...blocks(of),
    ...privateSpans(of),
    ...namedKinds(of),
  ];
}

type Of = (alphabet: string, length: number) => string;
type Key = (prefix: string, alphabet: string, length: number) => string;

function vendorKeys(key: Key, of: Of): PlantedSecret[] {
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
    'age, post-quantum': `AGE-SECRET-KEY-PQ-1${of(UPPER + DIGITS, 58)}`,
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

function named(of: Of): PlantedSecret[] {
  const value = () => `${of(LOWER, 5)}${of(DIGITS, 3)}${of(UPPER, 4)}`;
  const texts: readonly ((secret: string) => string)[] = [
    (secret) => `password=${secret}`,
    (secret) => `password: ${secret}`,
    (secret) => `db.password = "${secret}"`,
    (secret) => `{"password": "${secret}"}`,
    (secret) => `{\\"password\\": \\"${secret}\\"}`,
    (secret) => `{'api_key': '${secret}'}`,
    (secret) => `const apiKey = '${secret}';`,
    (secret) => `let clientSecret: string = "${secret}"`,
    (secret) => `config["secret"] = "${secret}"`,
    (secret) => `:token => "${secret}"`,
    (secret) => `token := "${secret}"`,
    (secret) => `auth_token=${secret}&page=2`,
    (secret) => `GET /v1/items?access_token=${secret}&page=2`,
    (secret) => `?api_key=${secret}`,
    (secret) => `<password>${secret}</password>`,
    (secret) => `<add key="x" secret="${secret}" />`,
    (secret) => `secret:\n  ${secret}`,
    (secret) => `GITHUB_TOKEN=${secret}`,
    (secret) => `export AWS_SECRET_ACCESS_KEY=${secret}`,
    (secret) => `STRIPE_SECRET="${secret}"`,
    (secret) => `  NPM_TOKEN = ${secret}`,
    (secret) => `ENV DATABASE_PASSWORD=${secret}`,
    (secret) => `- SESSION_SECRET=${secret}`,
    (secret) => `+JWT_SIGNING_KEY=${secret}`,
    (secret) => `set API_KEY=${secret}`,
    (secret) => `MY_APP_PASS='${secret} with spaces'`,
    (secret) => `AUTH=${secret}`,
    (secret) => `SENTRY_DSN=https://${secret}@sentry.example.com/4`,
    (secret) => `The password is ${secret}.`,
    (secret) => `the password for admin is "${secret}"`,
    (secret) => `my api key is ${secret}, keep it safe`,
    (secret) => `The PIN was ${secret}`,
    (secret) => `Das Passwort ist ${secret}`,
    (secret) => `password changed to ${secret}`,
    (secret) => `passphrase: ${secret}`,
    (secret) => `pwd=${secret}`,
    (secret) => `privateKey: "${secret}"`,
    (secret) => `encryption_key = "${secret}"`,
    (secret) => `x-api-key: ${secret}`,
    (secret) => `X-Auth-Token: ${secret}`,
    (secret) => `Authorization: Bearer ${secret}`,
    (secret) => `authorization: Basic ${secret}==`,
    (secret) => `-H 'Authorization: token ${secret}'`,
    (secret) => `"Authorization": "Bearer ${secret}"`,
    (secret) => `headers: { Authorization: \`Bearer ${secret}\` }`,
    (secret) => `Proxy-Authorization: Basic ${secret}=`,
    (secret) => `Cookie: session=${secret}; theme=dark`,
    (secret) => `Set-Cookie: sid=${secret}; HttpOnly`,
    (secret) => `Bearer ${secret}`,
    (secret) => `spring.datasource.password=${secret}`,
    (secret) => `aws_secret_access_key = ${secret}`,
    (secret) => `"mnemonic": "${secret} word word"`,
    (secret) => `ConnectionString="Server=db;User Id=sa;Password=${secret};"`,
    (secret) => `//registry.example/:_authToken=${secret}`,
    (secret) => `storage_key: ${secret}`,
    (secret) => `PGPASSWORD=${secret} psql -h db`,
    (secret) => `webhook_url = "https://example.com/${secret}"`,
    (secret) => `credentials: '${secret}'`,
    (secret) => `OTP: ${secret}`,
    (secret) => `HMAC_KEY=${secret}`,
    (secret) => `token is "${secret}"`,
    (secret) => `{"auth":{"token":"${secret}"}}`,
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

function addresses(of: Of): PlantedSecret[] {
  const word = () => `${of(LETTERS, 9)}7`;
  const texts: readonly [(secret: string) => string, string?][] = [
    [(secret) => `postgres://app:${secret}@db.example.com:5432/app`],
    [(secret) => `postgresql+asyncpg://app:${secret}@localhost/app`],
    [(secret) => `mysql://root:${secret}@127.0.0.1:3306/shop`],
    [(secret) => `mongodb+srv://user:${secret}@cluster0.mongodb.net/test`],
    [(secret) => `redis://:${secret}@cache:6379/0`],
    [(secret) => `rediss://default:${secret}@cache:6380`],
    [(secret) => `amqp://guest:${secret}@rabbit:5672/%2f`],
    [(secret) => `DATABASE_URL=postgres://app:${secret}@db/app`],
    [(secret) => `https://user:${secret}@git.example.com/team/repo.git`],
    [(secret) => `git remote set-url origin https://x-access-token:${secret}@github.com/team/repo`],
    [(secret) => `https://${secret}${secret}@github.com/team/repo`],
    [(secret) => `ftp://me:${secret}@ftp.example.com/`],
    [(secret) => `smtp://mailer:${secret}@smtp.example.com:587`],
    [(secret) => `postgres://app:pa/ss@${secret}@db/app`],
    [(secret) => `jdbc:postgresql://db/app?user=app&password=${secret}`],
    [(secret) => `sqlserver://db:1433;user=sa;password=${secret};`],
  ];
  return texts.map(([text]) => {
    const secret = word();
    return { name: `address: ${text('…')}`, text: `It connects to ${text(secret)} at start.`, secrets: [secret] };
  });
}

function commands(of: Of): PlantedSecret[] {
  const texts: readonly ((secret: string) => string)[] = [
    (secret) => `curl -u admin:${secret} https://example.com`,
    (secret) => `curl --user 'admin:${secret}' https://example.com`,
    (secret) => `mysql -u root -p${secret} shop`,
    (secret) => `mysqldump --password=${secret} shop`,
    (secret) => `sshpass -p ${secret} ssh root@host`,
    (secret) => `docker login -u me -p ${secret} registry.example.com`,
    (secret) => `redis-cli -h cache -a ${secret} ping`,
    (secret) => `vault login --token ${secret}`,
    (secret) => `deploy --api-key=${secret} --region eu`,
    (secret) => `deploy --auth-token "${secret}"`,
    (secret) => `openssl rsa -in key.pem -passin pass:${secret}`,
    (secret) => `machine example.com login me password ${secret}`,
    (secret) => `CREATE USER app IDENTIFIED BY '${secret}'`,
    (secret) => `ALTER USER app WITH PASSWORD '${secret}'`,
  ];
  return texts.map((text) => {
    const secret = `${of(LETTERS, 10)}8`;
    return { name: `command: ${text('…')}`, text: text(secret), secrets: [secret] };
  });
}

function blocks(of: Of): PlantedSecret[] {
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

function privateSpans(of: Of): PlantedSecret[] {
  const texts: readonly ((secret: string) => string)[] = [
    (secret) => `a <private>${secret}</private> b`,
    (secret) => `a <PRIVATE>${secret}</PRIVATE> b`,
    (secret) => `a <Private>${secret}</pRIVATE> b`,
    (secret) => `a <private reason="salary">${secret}</private> b`,
    (secret) => `a <private\n  who='me'\n>${secret}</private\n> b`,
    (secret) => `a < private >${secret}< / private > b`,
    (secret) => `a <private>x <private>y</private> ${secret}</private> b`,
    (secret) => `a <private>x <private>y <private>z</private></private>${secret}</private> b`,
    (secret) => `a <private>${secret}`,
    (secret) => `a <private>x</private> b <private>${secret}`,
    (secret) => `a <private>x <private>y</private> ${secret}`,
    (secret) => `${secret}</private> b`,
    (secret) => `a ${secret} </private> b <private>c</private>`,
    (secret) => `a <private ${secret}`,
    (secret) => `a <private/>${secret}`,
    (secret) => `a <private><b>${secret}</b></private> b`,
    (secret) => `a\n<private>\nline\n${secret}\n</private>\nb`,
    (secret) => `a &lt;private&gt;${secret}&lt;/private&gt; b`,
    (secret) => `{"text":"\\u003cprivate\\u003e${secret}\\u003c/private\\u003e"}`,
    (secret) => `a <pri\u200Bvate>${secret}</private> b`,
    (secret) => `a <private class="a>b">${secret}</private> b`,
    (secret) => `\`\`\`\n<private>${secret}</private>\n\`\`\``,
    (secret) => `a <private>${secret}<\\/private> b`,
    (secret) => `a <private>${secret}</private`,
    (secret) => `a <private>${secret}</ private> <private>${secret}</private> b`,
    (secret) => `<private></private>a<private>${secret}</private>`,
    (secret) => `a <private>${secret}</privateer> b`,
    (secret) => `a <<private>>${secret}<</private>> b`,
    (secret) => `a <private data-x>${secret}${'\n'.repeat(500)}</private> b`,
    (secret) => `${'<private>'.repeat(50)}${secret}${'</private>'.repeat(49)}`,
    (secret) => `a <private>${secret}</private><private>${secret}</private>b`,
    (secret) => `a <private> </private>${''} <private>${secret}`,
    (secret) => `a <PRIVATE>${secret}</private> and <private>${secret}</PRIVATE>`,
  ];
  return texts.map((text) => {
    const secret = `Ms ${of(UPPER, 1)}${of(LOWER, 7)} earns ${of(DIGITS, 5)} a month`;
    return { name: `private: ${text('…').slice(0, 60).replaceAll('\n', ' ')}`, text: text(secret), secrets: [secret] };
  });
}

const WORDS =
  'abandon ability absent acid actor adapt advice afraid album alien anchor apple arctic armor athlete autumn badge balcony banana basket beach behave bicycle blanket'.split(
    ' ',
  );

/** Each kind of secret in the documentation, in the spellings of people and tools. */
function namedKinds(of: Of): PlantedSecret[] {
  const word = () => WORDS[Number.parseInt(of(DIGITS, 3), 10) % WORDS.length] as string;
  const phrase = (length: number) => Array.from({ length }, word).join(' ');
  const lines = (count: number) => Array.from({ length: count }, () => of(BASE64, 64)).join('\n');
  const digits = (length: number) => `${1 + Number(of('01234567', 1))}${of(DIGITS, length - 1)}`;
  const hex = (length: number) => `${of(HEX, length - 2)}4e`;
  const blocks = (count: number) => Array.from({ length: count }, () => `${of(UPPER, 3)}${of(DIGITS, 2)}`).join('-');
  const strong = () => `${of(UPPER, 1)}${of(LOWER, 4)}!${of(DIGITS, 3)}${of(UPPER, 1)}${of(LOWER, 2)}`;
  const rsa4096 = Buffer.from(
    `-----BEGIN RSA PRIVATE KEY-----\n${lines(49)}\n-----END RSA PRIVATE KEY-----\n`,
  ).toString('base64');
  const pkcs8 = Buffer.from(`-----BEGIN PRIVATE KEY-----\n${lines(50)}\n-----END PRIVATE KEY-----\n`).toString(
    'base64',
  );
  const [firstKey, secondKey, thirdKey, fourthKey] = [hex(64), hex(64), hex(64), hex(64)];
  const [firstPhrase, secondPhrase] = [phrase(12), phrase(24)];
  const rows: readonly [kind: string, secret: string | readonly string[], text: (secret: string) => string][] = [
    ['RSA-4096 key in a kubeconfig', pieces(rsa4096), () => kubeconfig(rsa4096)],
    ['PKCS 8 key in a kubeconfig', pieces(pkcs8), () => kubeconfig(pkcs8)],
    ['RSA-4096 key in base64, in prose', pieces(rsa4096), () => `It prints ${rsa4096} and nothing else.`],
    ['Twilio key in prose', `SK${hex(32)}`, (secret) => `Twilio made ${secret} for the text messages.`],
    ['Twilio auth token', hex(32), (secret) => `Twilio account AC${hex(32)}, auth token ${secret}.`],
    ['Twilio auth token, set', hex(32), (secret) => `TWILIO_AUTH_TOKEN=${secret}`],
    [
      'Twilio auth token for curl',
      hex(32),
      (secret) => `curl -u AC${hex(32)}:${secret} https://api.twilio.com/2010-04-01`,
    ],
    ['Twilio client', hex(32), (secret) => `client = Client("AC${hex(32)}", "${secret}")`],
    ['Datadog app key', hex(40), (secret) => `The Datadog app key for the dashboards is ${secret}.`],
    ['Datadog app key, set', hex(40), (secret) => `DD_APP_KEY=${secret}`],
    ['Datadog app key in a header', hex(40), (secret) => `-H "DD-APPLICATION-KEY: ${secret}"`],
    ['Datadog app key in settings', hex(40), (secret) => `datadog:\n  app_key: ${secret}\n  site: datadoghq.eu`],
    ['Cloudflare global key', hex(37), (secret) => `The Cloudflare global API key is ${secret}, mail ops@example.com.`],
    [
      'Cloudflare global key in a header',
      hex(37),
      (secret) => `-H "X-Auth-Email: ops@example.com" -H "X-Auth-Key: ${secret}"`,
    ],
    ['Cloudflare global key, set', hex(37), (secret) => `export CF_API_KEY=${secret}`],
    ['Cloudflare global key, set in long', hex(37), (secret) => `CLOUDFLARE_API_KEY=${secret}`],
    ['Pulumi token in prose', `pul-${hex(40)}`, (secret) => `I logged in to Pulumi with ${secret} yesterday.`],
    [
      'Terraform token in prose',
      `${of(LETTERS, 14)}.atlasv1.${of(URL_SAFE, 66)}x`,
      (secret) => `Terraform Cloud gave me ${secret}, it ends in May.`,
    ],
    ['"pw" in JSON', strong(), (secret) => `{"user": "svc", "pw": "${secret}", "port": 5432}`],
    ['"pw" in JSON without spaces', `${of(LOWER, 6)}${of(DIGITS, 2)}`, (secret) => `{"user":"svc","pw":"${secret}"}`],
    ['"pw" in JSON within JSON', strong(), (secret) => `{\\"user\\":\\"svc\\",\\"pw\\":\\"${secret}\\"}`],
    ['"pw" of letters alone', of(LOWER, 9), (secret) => `{"pw": "${secret}"}`],
    ['$apr1$', `$apr1$${of(LETTERS, 8)}$${of(LETTERS, 22)}`, (secret) => `$ cat .htpasswd\nadmin:${secret}`],
    [
      '$apr1$ in prose',
      `$apr1$${of(LETTERS, 8)}$${of(LETTERS, 22)}`,
      (secret) => `htpasswd printed ${secret} for eva.`,
    ],
    ['$argon2id$', of(BASE64, 43), (secret) => `| eva | $argon2id$v=19$m=65536,t=3,p=4$${of(BASE64, 22)}$${secret} |`],
    ['pgpass', strong(), (secret) => `db.example.com:5432:shop:app:${secret}`],
    ['pgpass with stars', `${of(LOWER, 7)}${of(DIGITS, 2)}`, (secret) => `$ cat ~/.pgpass\n*:*:*:postgres:${secret}\n`],
    ['pgpass made by echo', strong(), (secret) => `echo "localhost:5432:*:app:${secret}" > ~/.pgpass`],
    ['sudo -S', strong(), (secret) => `echo ${secret} | sudo -S apt-get update`],
    ['sudo -S with a word', of(LOWER, 8), (secret) => `echo ${secret} | sudo -S apt-get update`],
    ['sudo -S, quoted', strong(), (secret) => `echo '${secret}' | sudo -kS systemctl restart app`],
    [
      'AWS key asked for',
      `7HFaLWjQI6wI+vTogfYDgz75w${of(LOWER, 15)}`,
      (secret) => `AWS Secret Access Key [None]: ${secret}`,
    ],
    [
      'Telegram token in an address',
      `${digits(10)}:AA${of(URL_SAFE, 32)}x`,
      (secret) => `api.telegram.org/bot${secret}/getMe`,
    ],
    ['sudo -S by printf', strong(), (secret) => `printf '%s\\n' '${secret}' | sudo -S true`],
    [
      'presigned URL of S3',
      hex(64),
      (secret) =>
        `https://b.s3.eu-west-1.amazonaws.com/a.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA${of(UPPER, 16)}%2F20261129%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261129T100000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=${secret}`,
    ],
    [
      'presigned URL of Google',
      hex(512),
      (secret) =>
        `https://storage.googleapis.com/b/a.zip?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=x%40y.iam.gserviceaccount.com%2F20261129&X-Goog-Expires=900&X-Goog-Signature=${secret}`,
    ],
    [
      'presigned URL of Azure',
      `${of(LETTERS, 42)}8%3D`,
      (secret) => `https://shop.blob.core.windows.net/c/b.zip?sv=2024-11-04&se=2026-12-01&sr=b&sp=r&sig=${secret}`,
    ],
    [
      'presigned URL of S3, second version',
      `${of(LETTERS, 26)}8%3D`,
      (secret) =>
        `https://b.s3.amazonaws.com/a.zip?AWSAccessKeyId=AKIA${of(UPPER, 16)}&Expires=1795946400&Signature=${secret}`,
    ],
    [
      'presigned URL of CloudFront',
      of(LETTERS, 340),
      (secret) => `https://d1.cloudfront.net/a.zip?Expires=1795946400&Signature=${secret}__&Key-Pair-Id=K2JCJMDEHXQW5F`,
    ],
    ['licence key', blocks(5), (secret) => `Windows product key: ${secret}`],
    ['licence key in prose', blocks(4), (secret) => `Our IDE licence key is ${secret}, for ten seats.`],
    ['licence key alone', blocks(5), (secret) => `Activate with ${secret}.`],
    [
      'licence key of four',
      `${of(UPPER, 2)}${of(DIGITS, 2)}-${of(UPPER, 4)}-${of(DIGITS, 4)}`,
      (secret) => `serial number ${secret}`,
    ],
    ['one-time code', digits(6), (secret) => `Your verification code is ${secret}.`],
    ['one-time code first', digits(6), (secret) => `${secret} is your login code for Harbor.`],
    ['one-time code with a prefix', `G-${digits(6)}`, (secret) => `${secret} is your Google verification code.`],
    [
      'one-time code in two parts',
      `${digits(3)} ${digits(3)}`,
      (secret) => `The one-time password is ${secret}, quick.`,
    ],
    ['one-time code, named', digits(6), (secret) => `OTP: ${secret}`],
    ['one-time code, asked', digits(6), (secret) => `Enter the 2FA code: ${secret}`],
    ['two private keys', [firstKey, secondKey], () => `Private keys:\n(0) 0x${firstKey}\n(1) 0x${secondKey}`],
    [
      'two private keys in settings',
      [thirdKey, fourthKey],
      () => `accounts: { privateKeys: ["0x${thirdKey}", "0x${fourthKey}"] }`,
    ],
    ['two private keys in prose', [firstKey, fourthKey], () => `The private keys are ${firstKey} and ${fourthKey}.`],
    ['two private keys, set', [secondKey, thirdKey], () => `PRIVATE_KEYS=${secondKey},${thirdKey}`],
    ['seed phrase', phrase(12), (secret) => `Mnemonic: ${secret}`],
    ['seed phrase of 24', phrase(24), (secret) => `Write down your recovery phrase: ${secret}`],
    ['seed phrase in prose', phrase(12), (secret) => `My seed phrase is ${secret}.`],
    ['seed phrase in JSON', phrase(12), (secret) => `{"mnemonic":"${secret}"}`],
    ['seed phrase, set', phrase(12), (secret) => `MNEMONIC="${secret}"`],
    [
      'two seed phrases',
      [firstPhrase, secondPhrase],
      () => `Mnemonic: ${firstPhrase}\nWrite down your recovery phrase: ${secondPhrase}`,
    ],
    ['seed phrase below its name', phrase(15), (secret) => `Seed phrase:\n${secret}\n`],
    ['card number', card('4', 16, of), (secret) => `My card ${secret} was charged twice.`],
    [
      'card number in groups',
      card('52', 16, of).replace(/(.{4})(?=.)/g, '$1 '),
      (secret) => `Pay with ${secret}, 12/29.`,
    ],
    ['card number with hyphens', card('4', 16, of).replace(/(.{4})(?=.)/g, '$1-'), (secret) => `card: ${secret}`],
    ['card number of fifteen', card('37', 15, of), (secret) => `{"pan":"${secret}"}`],
    ['IBAN', iban('DE', digits(18)), (secret) => `Transfer to ${secret} by Friday.`],
    ['IBAN in groups', iban('DE', digits(18)).replace(/(.{4})(?=.)/g, '$1 '), (secret) => `IBAN: ${secret}`],
    ['IBAN of France', iban('FR', digits(23)), (secret) => `{"iban":"${secret}"}`],
    [
      'SSN',
      `${1 + Number(of('01234', 1))}${of('12345789', 2)}-${of('123456789', 2)}-${digits(4)}`,
      (secret) => `Her SSN is ${secret}.`,
    ],
    ['SSN in JSON', `1${of('12345789', 2)}-${of('123456789', 2)}-${digits(4)}`, (secret) => `{"ssn": "${secret}"}`],
  ];
  return rows.map(([kind, secret, text]) => {
    const secrets = typeof secret === 'string' ? [secret] : secret;
    return { name: `kind: ${kind}`, text: text(secrets[0] as string), secrets };
  });
}

/** Pieces of a long secret, none of which may remain. A match that is too short leaves the end of the secret. */
const pieces = (run: string): readonly string[] => run.match(/.{40}/g) ?? [];

const kubeconfig = (key: string): string =>
  `apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0t\n    client-key-data: ${key}\n`;

/** A card number with a valid check digit (ISO/IEC 7812). */
function card(start: string, length: number, of: Of): string {
  const body = start + of(DIGITS, length - 1 - start.length);
  const sum = [...body].reverse().reduce((all, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1);
    return all + (value > 9 ? value - 9 : value);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** An IBAN with valid check digits (ISO 13616). */
function iban(country: string, body: string): string {
  const letters = [...`${country}00`].map((letter) => Number.parseInt(letter, 36)).join('');
  const rest = [...`${body}${letters}`].reduce((left, digit) => (left * 10 + Number(digit)) % 97, 0);
  return `${country}${String(98 - rest).padStart(2, '0')}${body}`;
}

/** Typical texts of agents without a secret, which must stay unchanged. */
export const HARMLESS_TEXTS: readonly string[] = [
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
