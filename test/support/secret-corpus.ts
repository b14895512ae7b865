import { random as seeded } from './random.ts';

/** A typical text for agents, and the secret in it that must never be stored. */
export interface SecretText {
  readonly name: string;
  readonly text: string;
  readonly secret: string;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const ALNUM = LOWER + UPPER + DIGITS;
const BASE32 = `${UPPER}234567`;
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const WORDS =
  'abandon ability absent acid actor adapt advice afraid album alien anchor apple arctic armor athlete autumn badge balcony banana basket beach behave bicycle blanket blossom border bounce bracket bridge broken bubble butter cabin cactus camera canyon captain carbon casino castle cattle cereal chapter cherry circle citizen clever cliff cloud coconut coral cradle cricket crystal curtain'.split(
    ' ',
  );

/**
 * Three hundred texts with a secret each, generated from a seed so that no secret is real. They are based on the vendors' public
 * descriptions of their formats and on terminal output. No pattern may be written from them, so that they stay a held-out set.
 */
export function secretCorpus(seed = 20261129): SecretText[] {
  const random = seeded(seed);
  const pick = (alphabet: string | readonly string[]): string =>
    alphabet[Math.floor(random() * alphabet.length)] as string;
  const of = (alphabet: string, length: number): string => Array.from({ length }, () => pick(alphabet)).join('');
  // Keys without a digit or a letter are as rare as among real keys.
  const some = (alphabet: string, length: number): string => {
    for (;;) {
      const made = of(alphabet, length);
      if (length < 8 || (/\d/.test(made) && /[A-Za-z]/.test(made)) || !/\d/.test(alphabet)) return made;
    }
  };
  const hex = (n: number) => some('0123456789abcdef', n);
  const an = (n: number) => some(ALNUM, n);
  const low = (n: number) => some(LOWER + DIGITS, n);
  const up = (n: number) => some(UPPER + DIGITS, n);
  const dig = (n: number) => `${1 + Math.floor(random() * 9)}${of(DIGITS, n - 1)}`;
  const url = (n: number) => some(`${ALNUM}-_`, n - 1) + an(1);
  const b64 = (n: number) => some(`${ALNUM}+/`, n);
  const b32 = (n: number) => some(BASE32, n);
  const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-');
  const pass = () => `${pick(UPPER)}${of(LOWER, 4)}${pick('!#%*+=?')}${of(DIGITS, 3)}${pick(UPPER)}${of(LOWER, 2)}`;
  const wordy = () => `${pick(WORDS)}${dig(3)}`;
  const phrase = (n: number) => Array.from({ length: n }, () => pick(WORDS)).join(' ');
  const luhn = (start: string, length: number) => {
    const body = start + of(DIGITS, length - 1 - start.length);
    const sum = [...body].reverse().reduce((all, one, at) => {
      const double = Number(one) * 2;
      return all + (at % 2 === 0 ? (double > 9 ? double - 9 : double) : Number(one));
    }, 0);
    return body + ((10 - (sum % 10)) % 10);
  };
  const fours = (text: string) => text.replace(/(.{4})(?=.)/g, '$1 ');
  const iban = (country: string, length: number) => {
    const body = dig(length);
    const letters = [...`${country}00`].map((one) => (/\d/.test(one) ? one : one.charCodeAt(0) - 55)).join('');
    const rest = [...`${body}${letters}`].reduce((left, one) => (left * 10 + Number(one)) % 97, 0);
    return `${country}${String(98 - rest).padStart(2, '0')}${body}`;
  };
  const lines = (n: number) => Array.from({ length: n }, () => b64(64)).join('\n');
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const jwt = () => `eyJhbGciOiJSUzI1NiJ9.${base64(`{"sub":"${low(8)}"}`).replace(/=+$/, '')}.${url(86)}`;

  const texts: SecretText[] = [];
  const add = (name: string, secret: string, text: (secret: string) => string, hidden = secret) =>
    texts.push({ name, text: text(secret), secret: hidden });

  // Vendors, in prose and where people paste them.
  add(
    'openai project',
    `sk-proj-${url(74)}T3BlbkFJ${url(74)}`,
    (s) => `I put ${s} into the dashboard, does that work?`,
  );
  add('openai in python', `sk-proj-${url(74)}T3BlbkFJ${url(74)}`, (s) => `client = OpenAI(api_key="${s}")`);
  add('anthropic', `sk-ant-api03-${url(93)}AA`, (s) => `Error: 401 for key ${s} (request req_011)`);
  add('anthropic admin', `sk-ant-admin01-${url(93)}AA`, (s) => `the admin one: ${s}`);
  add(
    'google maps',
    `AIza${url(35)}`,
    (s) => `<script src="https://maps.googleapis.com/maps/api/js?key=${s}&callback=init">`,
  );
  add(
    'google client secret',
    `GOCSPX-${url(28)}`,
    (s) => `{"web":{"client_id":"12-x.apps.googleusercontent.com","client_secret":"${s}"}}`,
  );
  add('google access token', `ya29.a0${url(180)}`, (s) => `gcloud auth print-access-token\n${s}`);
  add('google refresh token', `1//03${url(60)}`, (s) => `refresh: ${s}`);
  add('aws pair', b64(40), (s) => `AWS Access Key ID [None]: AKIA${b32(16)}\nAWS Secret Access Key [None]: ${s}`);
  add('aws secret in prose', b64(40), (s) => `For the bucket the secret access key is ${s} and region eu-west-1.`);
  add('aws id', `AKIA${b32(16)}`, (s) => `Which user does ${s} belong to?`);
  add('aws session token', `FwoGZXIvYXdzE${b64(300)}==`, (s) => `aws_session_token = ${s}`);
  add('aws configure', b64(40), (s) => `aws configure set aws_secret_access_key ${s} --profile prod`);
  add('aws bedrock', `ABSK${b64(120)}==`, (s) => `export AWS_BEARER_TOKEN_BEDROCK=${s}`);
  add(
    'aws sts json',
    b64(40),
    (s) =>
      `{"Credentials":{"AccessKeyId":"ASIA${b32(16)}","SecretAccessKey":"${s}","Expiration":"2026-11-29T10:00:00Z"}}`,
  );
  add(
    'azure storage',
    `${b64(86)}==`,
    (s) => `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${s};EndpointSuffix=core.windows.net`,
  );
  add(
    'azure client secret',
    `${an(3)}8Q~${url(34)}`,
    (s) => `az login --service-principal -u ${uuid()} -p ${s} --tenant ${uuid()}`,
  );
  add(
    'azure client secret, prose',
    `${an(3)}8Q~${url(34)}`,
    (s) => `Use the app registration's value ${s}, it ends next May.`,
  );
  add('azure devops', `${low(52)}`, (s) => `git clone https://build:${s}@dev.azure.com/team/app/_git/app`);
  add(
    'azure sas',
    `${b64(43)}%3D`,
    (s) => `https://shop.blob.core.windows.net/c/b.zip?sv=2024-11-04&st=2026-11-01&se=2026-12-01&sr=b&sp=r&sig=${s}`,
  );
  add('azure openai', hex(32), (s) => `curl https://x.openai.azure.com/openai/deployments -H "api-key: ${s}"`);
  add(
    'azure service bus',
    `${b64(43)}=`,
    (s) => `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${s}`,
  );
  add('azure function', `${url(54)}==`, (s) => `x-functions-key: ${s}`);
  add('azure management', hex(32), (s) => `Ocp-Apim-Subscription-Key: ${s}`);
  add('github classic', `ghp_${an(36)}`, (s) => `remote: Invalid username or token. (${s})`);
  add('github fine-grained', `github_pat_${an(22)}_${an(59)}`, (s) => `gh auth login --with-token <<< ${s}`);
  add('github app', `ghs_${an(36)}`, (s) => `extraheader = x-access-token:${s}`);
  add(
    'gitlab',
    `glpat-${url(20)}`,
    (s) => `curl --header "PRIVATE-TOKEN: ${s}" https://gitlab.example.com/api/v4/projects`,
  );
  add('gitlab ci job', `glcbt-64_${url(20)}`, (s) => `CI_JOB_TOKEN is ${s} in that run`);
  add('bitbucket', `ATBB${an(28)}`, (s) => `git push https://me:${s}@bitbucket.org/team/app.git`);
  add('atlassian', `ATATT3xFfGF0${url(170)}=${up(8)}`, (s) => `JIRA_API_TOKEN: ${s}`);
  add('slack bot', `xoxb-${dig(12)}-${dig(13)}-${an(24)}`, (s) => `slack says invalid_auth for ${s}`);
  add('slack refresh', `xoxe-1-${url(140)}`, (s) => `refreshed, the new one is ${s}`);
  add(
    'slack webhook',
    `T0${up(9)}/B0${up(9)}/${an(24)}`,
    (s) => `curl -X POST -d '{"text":"hi"}' https://hooks.slack.com/services/${s}`,
  );
  add('discord bot', `MT${an(24)}.G${an(5)}.${url(38)}`, (s) => `client.login('${s}')`);
  add('discord webhook', url(68), (s) => `https://discord.com/api/webhooks/${dig(19)}/${s}`);
  add(
    'teams webhook',
    hex(32),
    (s) => `https://x.webhook.office.com/webhookb2/${uuid()}@${uuid()}/IncomingWebhook/${s}/${uuid()}`,
  );
  add('telegram', `${dig(10)}:AA${url(33)}`, (s) => `https://api.telegram.org/bot${s}/getMe`);
  add('twilio auth token', hex(32), (s) => `Twilio account AC${hex(32)}, auth token ${s}.`);
  add(
    'twilio in curl',
    hex(32),
    (s) => `curl -X POST https://api.twilio.com/2010-04-01/Accounts.json -u AC${hex(32)}:${s}`,
  );
  add('twilio api key', `SK${hex(32)}`, (s) => `created key ${s} for the sms job`);
  add('sendgrid', `SG.${url(22)}.${url(43)}`, (s) => `sgMail.setApiKey('${s}')`);
  add('mailgun', `${hex(32)}-${hex(8)}-${hex(8)}`, (s) => `mailgun private key ${s}`);
  add('mailchimp', `${hex(32)}-us21`, (s) => `Mailchimp: ${s}`);
  add('postmark', uuid(), (s) => `X-Postmark-Server-Token: ${s}`);
  add('resend', `re_${an(8)}_${an(24)}`, (s) => `new Resend('${s}')`);
  add('brevo', `xkeysib-${hex(64)}-${an(16)}`, (s) => `The Brevo key ${s} was revoked by mistake.`);
  add('stripe live', `sk_live_51${an(97)}`, (s) => `stripe.api_key = '${s}'`);
  add('stripe restricted', `rk_live_51${an(97)}`, (s) => `Only refunds are allowed for ${s}.`);
  add(
    'stripe webhook',
    `whsec_${an(32)}`,
    (s) => `stripe listen\n> Ready! Your webhook signing secret is ${s} (^C to quit)`,
  );
  add('square', `EAAA${url(60)}`, (s) => `Square production: ${s}`);
  add('square secret', `sq0csp-${url(43)}`, (s) => `application secret ${s}`);
  add('braintree', `access_token$production$${low(16)}$${hex(32)}`, (s) => `gateway = Gateway('${s}')`);
  add('paypal secret', `E${url(79)}`, (s) => `paypal:\n  client-id: A${url(79)}\n  client-secret: ${s}`);
  add('shopify', `shpat_${hex(32)}`, (s) => `X-Shopify-Access-Token: ${s}`);
  add('shopify app secret', `shpss_${hex(32)}`, (s) => `the app's shared one was ${s}`);
  add('plaid', `access-production-${uuid()}`, (s) => `item linked, access token ${s}`);
  add('razorpay', an(24), (s) => `rzp = razorpay.Client(auth=("rzp_live_${an(14)}", "${s}"))`);
  add('adyen', `AQE${b64(70)}==-${b64(43)}=-${an(16)}`, (s) => `X-API-Key: ${s}`);
  add('datadog api key', hex(32), (s) => `Datadog API key ${s} is used by the agent.`);
  add('datadog app key', hex(40), (s) => `The Datadog app key for dashboards: ${s}`);
  add('datadog yaml', hex(32), (s) => `# datadog.yaml\napi_key: ${s}\nsite: datadoghq.eu`);
  add('new relic', `NRAK-${up(27)}`, (s) => `newrelic profile add --apiKey ${s} --region EU`);
  add('new relic ingest', `${hex(36)}NRAL`, (s) => `license_key: ${s}`);
  add('sentry token', `sntrys_${b64(150)}_${b64(43)}`, (s) => `sentry-cli login with ${s}`);
  add('sentry dsn', hex(32), (s) => `Sentry.init({ dsn: "https://${s}:${hex(32)}@o4.ingest.sentry.io/45" })`);
  add('grafana service account', `glsa_${an(32)}_${hex(8)}`, (s) => `Grafana gave me ${s}`);
  add('grafana cloud', `glc_${b64(100)}=`, (s) => `basic_auth:\n  username: 1234\n  password: ${s}`);
  add('honeycomb', `hcaik_01${low(56)}`, (s) => `OTEL_EXPORTER_OTLP_HEADERS=x-honeycomb-team=${s}`);
  add('pagerduty', `u+${an(18)}`, (s) => `Authorization: Token token=${s}`);
  add('splunk hec', uuid(), (s) => `curl -k https://splunk:8088/services/collector -H "Authorization: Splunk ${s}"`);
  add('cloudflare global', hex(37), (s) => `Cloudflare global API key ${s} with mail ops@example.com`);
  add('cloudflare global header', hex(37), (s) => `-H "X-Auth-Email: ops@example.com" -H "X-Auth-Key: ${s}"`);
  add('cloudflare token', url(40), (s) => `export CLOUDFLARE_API_TOKEN=${s}`);
  add('cloudflare token, prose', url(40), (s) => `wrangler wants a Cloudflare API token, I gave it ${s}`);
  add(
    'cloudflare tunnel',
    base64(`{"a":"${hex(32)}","t":"${uuid()}","s":"${b64(40)}"}`),
    (s) => `cloudflared service install ${s}`,
  );
  add('digitalocean', `dop_v1_${hex(64)}`, (s) => `doctl auth init -t ${s}`);
  add('heroku', `HRKU-${uuid()}`, (s) => `HEROKU says ${s}`);
  add('heroku old', uuid(), (s) => `HEROKU_API_KEY=${s} heroku apps`);
  add('vercel', an(24), (s) => `vercel deploy --prod --token ${s}`);
  add('netlify', `nfp_${an(36)}`, (s) => `netlify token: ${s}`);
  add('fly', `fm2_${b64(300)}`, (s) => `flyctl: FlyV1 ${s}`);
  add('render', `rnd_${an(28)}`, (s) => `render.com, ${s}, delete it later`);
  add('railway', uuid(), (s) => `RAILWAY_TOKEN=${s} railway up`);
  add('supabase', `sbp_${hex(40)}`, (s) => `supabase login --token ${s}`);
  add('supabase service role', jwt(), (s) => `createClient(url, '${s}')`);
  add('planetscale', `pscale_tkn_${url(43)}`, (s) => `I made a PlanetScale one: ${s}`);
  add('neon', `napi_${low(64)}`, (s) => `neonctl --api-key ${s} projects list`);
  add('databricks', `dapi${hex(32)}-2`, (s) => `databricks configure, host https://x.cloud.databricks.com, ${s}`);
  add('snowflake', pass(), (s) => `snowsql -a acme -u etl  (SNOWSQL_PWD=${s})`);
  add('mongodb atlas', an(16), (s) => `mongodb+srv://svc:${s}@prod.ab1cd.mongodb.net/?retryWrites=true`);
  add('elastic', `${base64(`${url(20)}:${url(22)}`)}`, (s) => `Authorization: ApiKey ${s}`);
  add('algolia', hex(32), (s) => `The Algolia admin API key is ${s}; the search one is public.`);
  add('pulumi', `pul-${hex(40)}`, (s) => `pulumi login worked with ${s}`);
  add('terraform cloud', `${an(14)}.atlasv1.${url(67)}`, (s) => `Terraform Cloud gave ${s}`);
  add(
    'terraform credentials',
    `${an(14)}.atlasv1.${url(67)}`,
    (s) => `credentials "app.terraform.io" {\n  token = "${s}"\n}`,
  );
  add('vault', `hvs.${url(95)}`, (s) => `vault login ${s}`);
  add('vault unseal', b64(44), (s) => `Unseal Key 1: ${s}\nUnseal Key 2: ${b64(44)}\n`);
  add('vault old', `s.${an(24)}`, (s) => `X-Vault-Token: ${s}`);
  add('consul', uuid(), (s) => `SecretID:         ${s}\nDescription:      Bootstrap Token (Global Management)`);
  add('doppler', `dp.st.prd.${an(40)}`, (s) => `doppler run with ${s}`);
  add('1password service', `ops_eyJ${b64(300)}`, (s) => `OP_SERVICE_ACCOUNT_TOKEN="${s}"`);
  add(
    '1password secret key',
    `A3-${up(6)}-${up(6)}-${up(5)}-${up(5)}-${up(5)}-${up(5)}`,
    (s) => `op account add asks for the key, it is ${s}`,
  );
  add('npm', `npm_${an(36)}`, (s) => `//packages.example.com/:_authToken=${s}`);
  add('npm legacy', uuid(), (s) => `//packages.example.com/:_authToken=${s}`);
  add('pypi', `pypi-AgEIcHlwaS5vcmc${url(140)}`, (s) => `twine upload -u __token__ -p ${s} dist/*`);
  add('rubygems', `rubygems_${hex(48)}`, (s) => `:rubygems_api_key: ${s}`);
  add('nuget', `oy2${low(43)}`, (s) => `dotnet nuget push *.nupkg -k ${s}`);
  add('crates.io', `cio${an(32)}`, (s) => `cargo login ${s}`);
  add('docker hub', `dckr_pat_${url(27)}`, (s) => `echo ${s} | docker login -u me --password-stdin`);
  add('docker config', base64(`robot:${pass()}`), (s) => `{"auths":{"registry.example.com":{"auth":"${s}"}}}`);
  add('artifactory', `AKCp${an(69)}`, (s) => `curl -H "X-JFrog-Art-Api:${s}" https://x.jfrog.io`);
  add('artifactory, prose', `AKCp${an(69)}`, (s) => `Artifactory answered 403 to ${s} today`);
  add('sonarqube', `squ_${hex(40)}`, (s) => `sonar-scanner -Dsonar.login=${s}`);
  add('sonarqube project', `sqp_${hex(40)}`, (s) => `sonar made ${s}`);
  add('snyk', uuid(), (s) => `snyk auth ${s}`);
  add('codecov', uuid(), (s) => `codecov -t ${s} -f coverage.xml`);
  add('circleci', `CCIPAT_${an(22)}_${hex(40)}`, (s) => `CircleCI one: ${s}`);
  add('buildkite', `bkua_${hex(40)}`, (s) => `buildkite ${s}`);
  add('jenkins', `11${hex(32)}`, (s) => `curl -u admin:${s} https://ci.example.com/job/app/build`);
  add('linear', `lin_api_${an(40)}`, (s) => `Linear: ${s}`);
  add('notion', `ntn_${dig(11)}${an(35)}`, (s) => `notion = Client(auth="${s}")`);
  add('figma', `figd_${url(40)}`, (s) => `FIGMA ${s}`);
  add('asana', `2/${dig(16)}/${dig(16)}:${hex(32)}`, (s) => `asana token ${s}`);
  add('airtable', `pat${an(14)}.${hex(64)}`, (s) => `Airtable: use ${s} please`);
  add('zendesk', an(40), (s) => `curl https://x.zendesk.com/api/v2/users.json -u me@example.com/token:${s}`);
  add('hubspot', `pat-eu1-${uuid()}`, (s) => `HubSpot private app ${s}`);
  add(
    'intercom',
    `${base64(`tok:${hex(8)}_${hex(4)}_${hex(4)}_${hex(4)}_${hex(12)}:1:0`)}`,
    (s) => `Authorization: Bearer ${s}`,
  );
  add('mapbox', `sk.eyJ1Ijoi${an(60)}.${url(22)}`, (s) => `mapbox secret scope: ${s}`);
  add('facebook', `EAAG${an(160)}`, (s) => `https://graph.facebook.com/v19.0/me?access_token=${s}`);
  add('facebook, prose', `EAAG${an(160)}`, (s) => `page access: ${s}`);
  add('twitter bearer', `AAAAAAAAAAAAAAAAAAAAA${an(30)}%3D${an(50)}`, (s) => `X bearer: ${s}`);
  add('linkedin', `WPL_AP1.${an(16)}.${b64(6)}==`, (s) => `linkedin client secret ${s}`);
  add('dropbox', `sl.u.${url(140)}`, (s) => `dbx = dropbox.Dropbox("${s}")`);
  add('okta', `00${url(40)}`, (s) => `Authorization: SSWS ${s}`);
  add('auth0', url(64), (s) => `AUTH0_CLIENT_SECRET='${s}'`);
  add('firebase messaging', `AAAA${url(7)}:APA91b${url(134)}`, (s) => `FCM server key: ${s}`);
  add(
    'gcp service account',
    `${lines(12).replaceAll('\n', '\\n')}`,
    (s) =>
      `{"type":"service_account","private_key_id":"${hex(40)}","private_key":"-----BEGIN PRIVATE KEY-----\\n${s}\\n-----END PRIVATE KEY-----\\n","client_email":"x@y.iam.gserviceaccount.com"}`,
  );
  add('huggingface', `hf_${of(LOWER + UPPER, 34)}`, (s) => `huggingface-cli login --token ${s}`);
  add('groq', `gsk_${an(52)}`, (s) => `Groq(api_key='${s}')`);
  add('replicate', `r8_${an(37)}`, (s) => `replicate: ${s}`);
  add('together', hex(64), (s) => `TOGETHER_API_KEY=${s}`);
  add('cohere', an(40), (s) => `co = cohere.Client('${s}')  # my cohere api key`);
  add('mistral', an(32), (s) => `my Mistral API key: ${s}`);
  add('perplexity', `pplx-${an(48)}`, (s) => `pplx says ${s}`);
  add('openrouter', `sk-or-v1-${hex(64)}`, (s) => `OpenRouter ${s}`);
  add('deepseek', `sk-${hex(32)}`, (s) => `deepseek ${s} is out of credit`);
  add('pinecone', `pcsk_${an(6)}_${an(63)}`, (s) => `Pinecone(api_key="${s}")`);
  add('pinecone, prose', `pcsk_${an(6)}_${an(63)}`, (s) => `The index answers to ${s} now`);
  add('langsmith', `lsv2_pt_${hex(32)}_${hex(10)}`, (s) => `langsmith: ${s}`);
  add('wandb', hex(40), (s) => `wandb login ${s}`);
  add('elevenlabs', `sk_${hex(48)}`, (s) => `xi-api-key: ${s}`);
  add('deepgram', hex(40), (s) => `Authorization: Token ${s}`);
  add('xai', `xai-${an(80)}`, (s) => `grok key ${s}`);
  add('tailscale', `tskey-auth-k${an(15)}CNTRL-${an(32)}`, (s) => `tailscale up --authkey ${s}`);
  add('ngrok', `2${an(26)}_${an(21)}`, (s) => `ngrok config add-authtoken ${s}`);
  add('postman', `PMAK-${hex(24)}-${hex(34)}`, (s) => `Postman ${s}`);
  add('launchdarkly', `sdk-${uuid()}`, (s) => `LD sdk key ${s}`);
  add('launchdarkly api', `api-${uuid()}`, (s) => `LaunchDarkly API access token ${s}`);
  add('dynatrace', `dt0c01.${b32(24)}.${b32(64)}`, (s) => `Dynatrace ${s}`);
  add('rollbar', hex(32), (s) => `rollbar post_server_item access token: ${s}`);
  add('segment', an(32), (s) => `analytics = new Analytics({ writeKey: '${s}' })`);
  add('amplitude', hex(32), (s) => `amplitude secret key ${s}`);
  add('mixpanel', hex(32), (s) => `mixpanel api secret=${s}`);
  add('contentful', `CFPAT-${url(43)}`, (s) => `contentful ${s}`);
  add('sanity', `sk${an(178)}`, (s) => `sanity write token: ${s}`);
  add('typeform', `tfp_${an(40)}_${an(14)}`, (s) => `typeform ${s}`);
  add('zapier hook', `${dig(8)}/${low(7)}`, (s) => `The webhook https://hooks.zapier.com/hooks/catch/${s}/ starts it`);
  add('flutterwave', `FLWSECK-${hex(32)}-X`, (s) => `flutterwave ${s}`);
  add('backblaze', `K005${b64(27)}`, (s) => `b2 account authorize 005${hex(22)} ${s}`);
  add('wasabi', b64(40), (s) => `[wasabi]\ntype = s3\naccess_key_id = ${up(20)}\nsecret_access_key = ${s}`);
  add('rclone', url(40), (s) => `[box]\ntype = webdav\nuser = me\npass = ${s}`);
  add('age', `AGE-SECRET-KEY-1${up(58)}`, (s) => `# public key: age1${low(58)}\n${s}`);
  add('unknown vendor', `zk_prod_${an(40)}`, (s) => `The courier's key is ${s}`);
  add('unknown vendor 2', `${up(8)}-${an(44)}`, (s) => `their sandbox wants ${s} in the header`);

  // Keys in blocks.
  for (const kind of ['RSA PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY'])
    add(`block ${kind}`, lines(8), (s) => `cat id\n-----BEGIN ${kind}-----\n${s}\n-----END ${kind}-----\n$`, '');
  for (const one of texts.filter(({ name }) => name.startsWith('block ')))
    texts[texts.indexOf(one)] = { ...one, secret: one.text.split('\n')[4] ?? '' };
  add(
    'pgp block',
    lines(20),
    (s) => `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${s}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----`,
  );
  add(
    'rsa 4096 in a kubeconfig',
    base64(`-----BEGIN RSA PRIVATE KEY-----\n${lines(49)}\n-----END RSA PRIVATE KEY-----\n`),
    (s) =>
      `users:\n- name: admin\n  user:\n    client-certificate-data: ${base64(`-----BEGIN CERTIFICATE-----\n${lines(5)}`)}\n    client-key-data: ${s}`,
  );
  add(
    'ec in a kubeconfig',
    base64(`-----BEGIN EC PRIVATE KEY-----\n${lines(3)}\n-----END EC PRIVATE KEY-----\n`),
    (s) => `    client-key-data: ${s}\n`,
  );
  add(
    'key in an environment file',
    lines(10).replaceAll('\n', '\\n'),
    (s) => `JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\\n${s}\\n-----END PRIVATE KEY-----"`,
  );
  add('key without its lines', base64(`${lines(40)}`), (s) => `tls.key: ${s}`);
  add('wireguard', `${b64(43)}=`, (s) => `[Interface]\nPrivateKey = ${s}\nAddress = 10.0.0.2/32`);
  add('wireguard psk', `${b64(43)}=`, (s) => `[Peer]\nPublicKey = ${b64(43)}=\nPresharedKey = ${s}`);
  add('jwk', url(43), (s) => `{"kty":"EC","crv":"P-256","x":"${url(43)}","y":"${url(43)}","d":"${s}"}`);
  add('jwt', jwt(), (s) => `token in localStorage: ${s}`);
  add('jwt in a url', jwt(), (s) => `https://app.example.com/login?jwt=${s}`);
  add('kubernetes token', jwt(), (s) => `kubectl --token=${s} get pods`);
  add(
    'kubeadm',
    `${low(6)}.${low(16)}`,
    (s) => `kubeadm join 10.0.0.1:6443 --token ${s} --discovery-token-ca-cert-hash sha256:${hex(64)}`,
  );
  add('docker swarm', `SWMTKN-1-${low(50)}-${low(25)}`, (s) => `docker swarm join --token ${s} 10.0.0.1:2377`);
  add('k3s', `K10${hex(64)}::server:${hex(32)}`, (s) => `cat /var/lib/rancher/k3s/server/node-token\n${s}`);
  add(
    'kubernetes secret',
    base64(pass()),
    (s) => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: ${s}`,
  );
  add(
    'kubernetes secret, other name',
    base64(`${pass()}${pass()}`),
    (s) => `kind: Secret\ntype: Opaque\ndata:\n  db-main: ${s}\n`,
  );
  add('from literal', pass(), (s) => `kubectl create secret generic db --from-literal=password='${s}'`);

  // Files that hold passwords.
  add('pgpass', pass(), (s) => `db.example.com:5432:shop:app:${s}`);
  add('pgpass with stars', wordy(), (s) => `$ cat ~/.pgpass\n*:5432:*:postgres:${s}`);
  add('netrc', pass(), (s) => `machine api.example.com\n  login me\n  password ${s}`);
  add('htpasswd apr1', `$apr1$${an(8)}$${an(22)}`, (s) => `admin:${s}`);
  add('htpasswd bcrypt', `$2y$05$${an(53)}`, (s) => `admin:${s}`);
  add('shadow', `$6$${an(16)}$${an(86)}`, (s) => `root:${s}:19700:0:99999:7:::`);
  add('yescrypt', `$y$j9T$${an(22)}$${an(43)}`, (s) => `deploy:${s}:19700:0:99999:7:::`);
  add('argon2', `$argon2id$v=19$m=65536,t=3,p=4$${b64(22)}$${b64(43)}`, (s) => `| 7 | eva | ${s} |`);
  add('django hash', `pbkdf2_sha256$600000$${an(22)}$${b64(43)}=`, (s) => `auth_user.password is ${s}`);
  add('ansible', pass(), (s) => `[web:vars]\nansible_user=deploy\nansible_become_pass=${s}`);
  add('tfvars', pass(), (s) => `db_master_password = "${s}"`);
  add('compose', pass(), (s) => `environment:\n  POSTGRES_PASSWORD: ${s}\n  POSTGRES_USER: app`);
  add('wp-config', pass(), (s) => `define( 'DB_PASSWORD', '${s}' );`);
  add('wp salts', `${b64(30)}!|${b64(30)}`, (s) => `define('AUTH_KEY',         '${s}');`);
  add('laravel', `base64:${b64(43)}=`, (s) => `APP_KEY=${s}`);
  add('django', `django-insecure-${low(40)}`, (s) => `SECRET_KEY = '${s}'`);
  add('rails master', hex(32), (s) => `config/master.key: ${s}`);
  add('rails base', hex(128), (s) => `production:\n  secret_key_base: ${s}`);
  add('spring', pass(), (s) => `spring:\n  datasource:\n    username: app\n    password: ${s}`);
  add('maven', pass(), (s) => `<server><id>nexus</id><username>ci</username><password>${s}</password></server>`);
  add('nuget config', pass(), (s) => `<add key="ClearTextPassword" value="${s}" />`);
  add('gradle', pass(), (s) => `signing.keyId=24875D73\nsigning.password=${s}`);
  add('composer', hex(40), (s) => `{"github-oauth":{"github.com":"${s}"}}`);
  add('pip', pass(), (s) => `index-url = https://ci:${s}@pypi.example.com/simple`);
  add('wpa', pass(), (s) => `network={\n  ssid="Office"\n  psk="${s}"\n}`);
  add('networkmanager', pass(), (s) => `nmcli dev wifi connect Office password ${s}`);
  add('cloud-init', pass(), (s) => `chpasswd:\n  list: |\n    ubuntu:${s}`);
  add('redis config', pass(), (s) => `requirepass ${s}\nmaxmemory 1gb`);
  add('redis acl', pass(), (s) => `user app on >${s} ~* +@all`);
  add('ini', pass(), (s) => `[database]\nuser=root\npass=${s}`);
  add('json pw', pass(), (s) => `{"host":"db","user":"app","pw":"${s}"}`);
  add('json pass', wordy(), (s) => `{"smtp":{"user":"mailer","pass":"${s}"}}`);
  add('tool json', pass(), (s) => `{"command":"curl","body":"{\\"user\\":\\"eva\\",\\"password\\":\\"${s}\\"}"}`);
  add('tool json twice', pass(), (s) =>
    JSON.stringify({ output: JSON.stringify({ body: JSON.stringify({ password: s }) }) }),
  );
  add('tool json pin', dig(6), (s) => JSON.stringify({ input: JSON.stringify({ pin: s, user: 'eva' }) }));
  add('yaml passwd', pass(), (s) => `ftp:\n  user: up\n  passwd: ${s}`);
  add('php array', pass(), (s) => `'password' => '${s}',`);
  add('python kwargs', pass(), (s) => `conn = psycopg2.connect(host='db', user='app', password='${s}')`);
  add('java setter', pass(), (s) => `dataSource.setPassword("${s}");`);
  add('go struct', pass(), (s) => `cfg := Config{User: "app", Password: "${s}"}`);
  add('c# connection', pass(), (s) => `Server=tcp:db,1433;Database=shop;User ID=sa;Pwd=${s};Encrypt=True`);
  add('odbc', pass(), (s) => `Driver={ODBC};Server=db;UID=sa;PWD={${s}}`);
  add('ruby', pass(), (s) => `Net::SSH.start('host', 'deploy', password: '${s}')`);
  add('compare', pass(), (s) => `if (password === '${s}') return true;`);
  add('environment json', an(32), (s) => `"env": [{"name": "API_TOKEN", "value": "${s}"}]`);
  add('xml attribute', pass(), (s) => `<datasource user="app" password="${s}"/>`);
  add('properties', pass(), (s) => `mail.smtp.password = ${s}`);

  // Commands.
  add('sudo', pass(), (s) => `echo ${s} | sudo -S apt-get update`);
  add('sudo quoted', pass(), (s) => `echo '${s}' | sudo -kS systemctl restart app`);
  add('sudo here-string', pass(), (s) => `sudo -S ls /root <<< "${s}"`);
  add('chpasswd', pass(), (s) => `echo "deploy:${s}" | sudo chpasswd`);
  add('passwd stdin', pass(), (s) => `echo ${s} | passwd --stdin deploy`);
  add('ldap', pass(), (s) => `ldapsearch -x -D cn=admin,dc=example -w ${s} -b dc=example`);
  add('psql', pass(), (s) => `PGPASSWORD='${s}' psql -h db -U app shop`);
  add('psql uri', pass().replace(/[#%?]/g, '!'), (s) => `psql "postgresql://app:${s}@db:5432/shop"`);
  add('mysql', pass(), (s) => `mysql -h db -u root -p'${s}' shop < dump.sql`);
  add('sqlcmd', pass(), (s) => `sqlcmd -S db -U sa -P '${s}' -Q "select 1"`);
  add('mongo', pass(), (s) => `mongosh --host db -u admin -p '${s}' --authenticationDatabase admin`);
  add('redis-cli', pass(), (s) => `redis-cli -h cache -a '${s}' ping`);
  add('redis auth', pass(), (s) => `127.0.0.1:6379> AUTH ${s}\nOK`);
  add('rabbitmq', pass(), (s) => `rabbitmqctl add_user app ${s}`);
  add('openssl', pass(), (s) => `openssl enc -aes-256-cbc -pass pass:${s} -in a -out b`);
  add('gpg', pass(), (s) => `gpg --batch --passphrase ${s} -d backup.gpg`);
  add('zip', wordy(), (s) => `zip -P ${s} -r out.zip data`);
  add('7z', wordy(), (s) => `7z x -p${s} backup.7z`);
  add('keytool', wordy(), (s) => `keytool -list -keystore app.jks -storepass ${s}`);
  add('ssh-keygen', pass(), (s) => `ssh-keygen -t ed25519 -N '${s}' -f id`);
  add('smbclient', wordy(), (s) => `smbclient //nas/share -U eva%${s}`);
  add('mount', pass(), (s) => `mount -t cifs //nas/x /mnt -o username=eva,password=${s}`);
  add('sshpass', pass(), (s) => `sshpass -p '${s}' scp a root@host:`);
  add('expect', pass(), (s) => `expect "password:"\nsend "${s}\\r"`);
  add('httpie', pass(), (s) => `http -a eva:${s} GET https://api.example.com/me`);
  add('wget', pass(), (s) => `wget --user=eva --password='${s}' https://example.com/x`);
  add(
    'curl form',
    pass().replace(/[#%+=?]/g, '!'),
    (s) => `curl -d 'username=eva&password=${s}&grant_type=password' https://id.example.com/token`,
  );
  add('helm', pass(), (s) => `helm install db bitnami/postgresql --set auth.postgresPassword=${s}`);
  add('docker run', pass(), (s) => `docker run -e MYSQL_ROOT_PASSWORD=${s} -d mysql`);
  add('net use', pass(), (s) => `net use Z: \\\\nas\\x /user:eva ${s}`);
  add('net user', pass(), (s) => `net user eva ${s} /add`);
  add('powershell', pass(), (s) => `ConvertTo-SecureString "${s}" -AsPlainText -Force`);
  add('create user', pass(), (s) => `CREATE USER app WITH ENCRYPTED PASSWORD '${s}';`);
  add('alter mysql', pass(), (s) => `ALTER USER 'root'@'localhost' IDENTIFIED WITH caching_sha2_password BY '${s}';`);
  add('set password', pass(), (s) => `SET PASSWORD FOR 'app'@'%' = PASSWORD('${s}');`);
  add('insert', pass(), (s) => `UPDATE users SET password='${s}' WHERE id=1`);

  // Requests.
  add('basic header', base64(`eva:${pass()}`), (s) => `Authorization: Basic ${s}`);
  add('bearer in javascript', an(48), (s) => `fetch(url, { headers: { authorization: 'Bearer ${s}' } })`);
  add('cookie', url(64), (s) => `Cookie: _session_id=${s}; theme=dark`);
  add('cookie in prose', url(32), (s) => `Open the page with sessionid=${s} set and it works.`);
  add('connect.sid', `s%3A${url(32)}.${an(43)}`, (s) => `connect.sid=${s}`);
  add(
    's3 presigned',
    hex(64),
    (s) =>
      `https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261129T000000Z&X-Amz-Expires=3600&X-Amz-Signature=${s}`,
  );
  add(
    's3 security token',
    `IQoJb3JpZ2lu${an(200)}`,
    (s) => `https://b.s3.amazonaws.com/k?X-Amz-Security-Token=${s}&X-Amz-SignedHeaders=host`,
  );
  add(
    'gcs presigned',
    hex(256),
    (s) => `https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=${s}`,
  );
  add(
    'cloudfront',
    `${url(172)}__`,
    (s) => `https://d1.cloudfront.net/v.mp4?Expires=1790000000&Signature=${s}&Key-Pair-Id=K2JCJMDEHXQW5F`,
  );
  add('reset link', hex(40), (s) => `https://app.example.com/reset-password?token=${s}`);
  add('reset path', url(43), (s) => `https://app.example.com/password/reset/${s}?email=eva%40example.com`);
  add('magic link', url(48), (s) => `Sign in: https://app.example.com/auth/magic?key=${s}`);
  add('oauth code', `4/0${url(70)}`, (s) => `http://localhost:8080/callback?state=x&code=${s}&scope=email`);
  add('oauth form', an(40), (s) => `grant_type=client_credentials&client_id=web&client_secret=${s}`);
  add('refresh token', url(60), (s) => `{"access_token":"x","expires_in":3600,"refresh_token":"${s}"}`);
  add('ftp url', pass().replace(/[#%?]/g, '!'), (s) => `ftp://up:${s}@files.example.com/in`);
  add('amqp url', pass().replace(/[#%?]/g, '!'), (s) => `broker_url = amqp://app:${s}@mq:5672//`);
  add('proxy', pass().replace(/[#%?]/g, '!'), (s) => `https_proxy=http://eva:${s}@proxy:3128`);

  // What people write to each other.
  add('prose', pass(), (s) => `The admin password is ${s}, change it after the first login.`);
  add('prose without verb', pass(), (s) => `Staging login: admin / ${s}`);
  add('prose user and password', pass(), (s) => `username admin and password ${s}`);
  add('prose user pass', wordy(), (s) => `user: admin pass: ${s}`);
  add('prose pw', pass(), (s) => `pw for the NAS: ${s}`);
  add('prose quotes', phrase(4), (s) => `The passphrase is "${s}".`);
  add('prose with for', pass(), (s) => `My password for the mail server is now ${s}`);
  add('german', pass(), (s) => `Das Passwort für den Router lautet ${s}.`);
  add('german short', pass(), (s) => `Kennwort: ${s}`);
  add('french', pass(), (s) => `Le mot de passe est ${s}`);
  add('french assigned', pass(), (s) => `mot_de_passe: "${s}"`);
  add('spanish', pass(), (s) => `La contraseña es ${s}`);
  add('credentials list', pass(), (s) => `Credentials:\n- eva@example.com\n- ${s}`);
  add('wifi', pass(), (s) => `Wi-Fi guest network, password ${s}`);
  add('otp', dig(6), (s) => `Your verification code is ${s}.`);
  add('otp with prefix', `G-${dig(6)}`, (s) => `${s} is your Google verification code.`);
  add('otp in a log', dig(6), (s) => `npm publish --otp=${s}`);
  add('otp, other', dig(6), (s) => `Use ${s} as your one-time code. It ends in 10 minutes.`);
  add('2fa', `${dig(3)} ${dig(3)}`, (s) => `2FA code: ${s}`);
  add(
    'recovery codes',
    `${hex(5)}-${hex(5)}`,
    (s) => `GitHub recovery codes:\n${hex(5)}-${hex(5)}\n${s}\n${hex(5)}-${hex(5)}`,
  );
  add('backup codes', `${dig(4)} ${dig(4)}`, (s) => `Backup codes: ${dig(4)} ${dig(4)}, ${s}, ${dig(4)} ${dig(4)}`);
  add('totp uri', b32(32), (s) => `otpauth://totp/Shop:eva?secret=${s}&issuer=Shop`);
  add('totp secret', b32(16), (s) => `Enter this setup key in your authenticator: ${s}`);
  add('totp groups', fours(b32(32).toLowerCase()), (s) => `Authenticator setup key: ${s}`);
  add('pin', dig(4), (s) => `The PIN of the door is ${s}.`);
  add('sim', dig(8), (s) => `PUK: ${s}`);
  add('license', [5, 5, 5, 5, 5].map(up).join('-'), (s) => `Windows product key: ${s}`);
  add('licence in prose', [5, 5, 5, 5].map(up).join('-'), (s) => `Our IDE licence key is ${s}, ten seats.`);
  add('licence alone', [5, 5, 5, 5, 5].map(up).join('-'), (s) => `Activate with ${s}.`);
  add('app password google', [4, 4, 4, 4].map((n) => of(LOWER, n)).join(' '), (s) => `Gmail app password: ${s}`);
  add(
    'app password apple',
    [4, 4, 4, 4].map((n) => of(LOWER, n)).join('-'),
    (s) => `xcrun notarytool store-credentials --password ${s}`,
  );
  add('ethereum key', `0x${hex(64)}`, (s) => `npx hardhat deploy, signer private key ${s}`);
  add('ethereum key, env', hex(64), (s) => `DEPLOYER_PRIVATE_KEY=${s}`);
  add('two keys', hex(64), (s) => `Private keys:\n(0) 0x${hex(64)}\n(1) 0x${s}`);
  add('bitcoin wif', `${pick(['K', 'L'])}${some(BASE58, 51)}`, (s) => `importprivkey ${s}`);
  add('bitcoin wif, prose', `5${pick(['H', 'J', 'K'])}${some(BASE58, 49)}`, (s) => `paper wallet: ${s}`);
  add('xprv', `xprv9s21ZrQH143K${some(BASE58, 95)}`, (s) => `root: ${s}`);
  add('solana', some(BASE58, 88), (s) => `solana secret key ${s}`);
  add('seed phrase 12', phrase(12), (s) => `Mnemonic: ${s}`);
  add('seed phrase 24', phrase(24), (s) => `Write down your recovery phrase: ${s}`);
  add('seed phrase, prose', phrase(12), (s) => `my seed words are ${s}`);
  add(
    'seed numbered',
    phrase(12)
      .split(' ')
      .map((word, at) => `${at + 1}. ${word}`)
      .join('\n'),
    (s) => `Seed phrase:\n${s}`,
  );
  add('visa', fours(luhn('4', 16)), (s) => `Card ${s}, exp 04/29`);
  add('visa plain', luhn('4', 16), (s) => `{"number":"${s}","brand":"visa"}`);
  add('mastercard', fours(luhn('53', 16)).replaceAll(' ', '-'), (s) => `pay with ${s}`);
  add('amex', luhn('37', 15), (s) => `Amex ${s}`);
  add('cvv', dig(3), (s) => `card ends 4242, CVV ${s}`);
  add('iban de', iban('DE', 18), (s) => `Transfer to ${s} by Friday.`);
  add('iban spaced', fours(iban('DE', 18)), (s) => `IBAN: ${s}`);
  add('iban fr', iban('FR', 23), (s) => `compte ${s}`);
  add('ssn', `${3 + Math.floor(random() * 5)}${dig(2)}-${dig(2)}-${dig(4)}`, (s) => `Her SSN is ${s}.`);
  add(
    'ssn in a table',
    `${3 + Math.floor(random() * 5)}${dig(2)}-${dig(2)}-${dig(4)}`,
    (s) => `| Eva Braun | ${s} | 1980-02-01 |`,
  );
  return texts;
}
