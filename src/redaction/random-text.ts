import { lastMatchFinder, replaceMatches } from './linear-scan.ts';

type Hide = (kind: string, secret: string) => string;

/** A whole run of base64 or hexadecimal characters. The character before it is of another class, so each run is read once. */
const RUN = /(?<![\w+/-])(?<!SHA256:)(?!sha\d{1,3}-)[\w+/-]{15,}={0,2}/g;
const LEAST_BITS = 4.2;
const SAMPLE_LENGTH = 400;
const LEAST_GENERATED = 15;
/** A run is classified by at most this many characters before it. */
const BEFORE = 64;

// The last of these words before a run decides.
const SECRET_WORDS = String.raw`pass(?:word|phrase|code)s?|passwort|secrets?|token|api[ _-]?keys?|(?:app|admin|private|master|global|server|signing|access|account|service|sdk|write|setup|encryption|license|licence|secret|unseal|project|personal)[ _-]?keys?|credentials?|creds|\bo?auth2?\b|bearer|apikey|x-[\w-]{1,20}-key|login|authtoken|add-authtoken|[?&](?:key|k|code|sig|t|token)=|reset/|magic|invite/|importprivkey|recovery`;
// Services whose keys have no recognizable form; the names follow gitleaks' list (MIT licence).
const VENDORS =
  'adafruit|adobe|airtable|algolia|alibaba|amplitude|anthropic|asana|atlassian|auth0|azure|bitbucket|bittrex|braintree|buildkite|circleci|cloudflare|cloudinary|codecov|codeclimate|cohere|coinbase|confluent|consul|contentful|coveralls|datadog|deepgram|discord|dropbox|droneci|elevenlabs|etsy|facebook|fastly|figma|finicity|finnhub|flickr|freshbooks|gitter|gocardless|heroku|honeycomb|hubspot|intercom|jenkins|jfrog|artifactory|jira|confluence|kraken|kucoin|launchdarkly|linkedin|looker|mailchimp|mailgun|mapbox|mattermost|messagebird|meraki|mistral|mixpanel|netlify|newrelic|new[ -]relic|ngrok|nytimes|okta|opsgenie|pagerduty|paypal|pinecone|plaid|postmark|pusher|railway|rapidapi|rollbar|sendbird|sentry|shodan|snyk|sonar|splunk|squarespace|stripe|sumologic|telegram|travis|trello|twilio|twitch|twitter|typeform|vercel|wandb|yandex|zendesk';
const NON_SECRET_WORDS = String.raw`commit|revision|\brev\b|sha-?\d*|hash|checksum|digest|md5|etag|fingerprint|public[ _-]?key|pubkey|integrity|uuid|guid|\bids?\b|account|build|image|version|blob|tree|object|branch|tag|cert(?:ificate)?|thumbprint|request|trace|span|session_id|nonce|state|challenge|path|file|index-`;
const CONTEXT = new RegExp(`(${SECRET_WORDS}|\\b(?:${VENDORS})\\b)|(${NON_SECRET_WORDS})`, 'gi');
/** `… is the password` */
const STATED_AFTER =
  /^["'`]? {1,2}(?:is|was) (?:the|my|our|your|a) (?:[\w-]{1,20} ){0,2}(?:password|passphrase|secret|token|key)\b/i;
export const RANDOM_TEXT_PATTERNS = [RUN, CONTEXT, STATED_AFTER];

/** Removes text that looks random: keys of unknown vendors, and printed parts of pictures and programs. */
export function withoutRandomText(text: string, hide: Hide): string {
  const before = lastMatchFinder(text, CONTEXT);
  return replaceMatches(text, RUN, ({ 0: found, index }) => {
    const to = index + found.length;
    // Only the last part of a path can be a key.
    const from = isPath(found) ? found.lastIndexOf('/') + 1 : 0;
    const piece = found.slice(from);
    if (isRandom(piece)) return { from: index + from, to, put: hide('random', piece) };
    if (!isGenerated(piece)) return undefined;
    const cut = { from: index + from, to, put: '' };
    if (STATED_AFTER.test(text.slice(to, to + BEFORE))) return { ...cut, put: hide('key', piece) };
    const context = before(index + from);
    if (context?.[1] === undefined) return undefined;
    const behind = context.index + context[0].length;
    if (index + from - behind > BEFORE || isOnAnotherLine(text.slice(behind, index + from))) return undefined;
    return { ...cut, put: hide('key', piece) };
  });
}

/** The parts between the slashes are words. */
const isPath = (text: string): boolean =>
  /(?:^|\/)(?:[a-z]{3,}|[A-Z][a-z]{3,}|[a-z]+(?:-[a-z]+)+)(?:\/|$)/.test(text.slice(0, SAMPLE_LENGTH));

/** Hashes and uuids have no capitals, names and paths have words. */
function isRandom(text: string): boolean {
  if (text.length < 32) return false;
  const head = text.slice(0, SAMPLE_LENGTH);
  if (!/[a-z]/.test(head) || !/[A-Z]/.test(head) || (head.match(/\d/g)?.length ?? 0) < 3) return false;
  if (/[a-z]{8}/.test(head)) return false;
  // Encoded pictures and programs begin with many equal letters.
  return (
    entropy(head) >= LEAST_BITS || (text.length >= SAMPLE_LENGTH && entropy(text.slice(-SAMPLE_LENGTH)) >= LEAST_BITS)
  );
}

/** Machine-generated text of any purpose: hexadecimal digits, a uuid, or random letters and digits. */
function isGenerated(text: string): boolean {
  if (text.length < LEAST_GENERATED) return false;
  const parts = text.slice(0, SAMPLE_LENGTH).split(/[-_/+]/);
  // Digits throughout the text, which names do not have.
  if (parts.some((part) => part.length >= 16 && (part.match(/\d+/g)?.length ?? 0) >= 3)) return true;
  if (parts.some((part) => /[a-z]{6}|[A-Z]{8}/.test(part))) return false;
  if (/[a-z]{4}/.test(text) && (text.match(/\d+/g)?.length ?? 0) < 2) return false;
  return (
    parts.some((part) => part.length >= 8 && /\d/.test(part) && /[A-Za-z]/.test(part)) || /^[\da-f-]{36}$/.test(text)
  );
}

/** True if the value is on another line than its name, unless the line ends with the name. */
const isOnAnotherLine = (between: string): boolean => between.replace(/^[ \t:="'`>|]*\n/, '').includes('\n');

/** Shannon entropy in bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
