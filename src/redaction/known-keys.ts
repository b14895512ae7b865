import { literalFilter, type MightContain, type PatternAlternative, patternForText } from './character-pairs.ts';
import { endOfRun, replaceMatches } from './linear-scan.ts';

type Hide = (kind: string, secret: string) => string;

/** Character classes that may follow a prefix. Each run is read to its end, and only once. */
const TAILS = {
  letters: /[A-Za-z0-9]*/y,
  word: /[\w-]*/y,
  dotted: /[\w.-]*/y,
  base64: /[\w+/=.~-]*/y,
  any: /[^\s"'`<>,;|]*/y,
} as const;

/**
 * Prefixes of keys: kind, character class and minimum length of the rest. Vendors publish them for secret scanning. The list follows that
 * of gitleaks (MIT licence), whose patterns do not run in linear time here.
 */
const PREFIXES: readonly (readonly [kind: string, tail: keyof typeof TAILS, least: number, prefixes: string])[] = [
  ['openai-key', 'word', 16, 'sk-'],
  ['stripe-key', 'base64', 10, 'sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ whsec_ whsec-'],
  ['github-token', 'word', 20, 'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_'],
  [
    'gitlab-token',
    'dotted',
    16,
    'glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glimt- glagent- glffct- gloas- glwt- GR1348941',
  ],
  ['aws-key', 'base64', 60, 'ABSK bedrock-api-key- FwoGZXIvYXdz IQoJb3JpZ2lu'],
  ['google-key', 'word', 20, 'AIza GOCSPX- 1//0'],
  ['google-key', 'dotted', 20, 'ya29.'],
  ['slack-token', 'dotted', 8, 'xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- xwfp-'],
  ['npm-token', 'letters', 30, 'npm_'],
  ['registry-token', 'word', 20, 'pypi- rubygems_ dckr_pat_ dckr_oat_ oy2 cio AKCp cmVmd CLOJARS_ clojars_'],
  [
    'cloud-token',
    'base64',
    16,
    'dop_v1_ doo_v1_ dor_v1_ dapi sbp_ sb_secret_ tskey- pscale_tkn_ pscale_pw_ pscale_oauth_ dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. rnd_ vercel_ vcp_ vck_ vca_ vci_ vcr_ fm1a_ fm1r_ fm2_ fo1_ FlyV1 hvs. hvb. hvr. ops_ nfp_ CFPAT- HRKU- LTAI pul- napi_ v1.0- AQVN tk-us- sha256~ SWMTKN- 4b1d p8e- dnkey-',
  ],
  [
    'model-key',
    'word',
    20,
    'hf_ api_org_ gsk_ r8_ pplx- xai- nvapi- tvly- fw_ csk- voyage- jina_ lsv2_pt_ lsv2_sk_ pcsk_ wandb_v1_ sk_',
  ],
  [
    'service-token',
    'base64',
    16,
    'lin_api_ lin_oauth_ ntn_ secret_ figd_ figu_ shpat_ shpss_ shpca_ shppa_ sq0atp- sq0csp- sq0idp- EAAA EAAC EAAG EAAM EAAl ATATT3 ATCTT3 ATBB PMAK- sntrys_ sntryu_ glsa_ glc_ eyJrIjoi NRAK- NRJS- NRII- NRRA- phc_ phx_ bkua_ CCIPAT_ CCIPRJ_ EZAK EZTK rzp_live_ rzp_test_ xkeysib- xsmtpsib- hapi- pat-na1- pat-eu1- dt0c01. dt0s01. dt0s16. pnu_ pnb_ ico- prefect_ hcaik_ hcbik_ hcxik_ squ_ sqp_ sqa_ tfp_ rdme_ shippo_live_ shippo_test_ duffel_live_ duffel_test_ FLWSECK- fio-u- sgp_ sm_aat_ sm_pat_ sm_sat_ WPL_AP1. sl.u. sl.B dsapi_ ddapp_ pdus- pduk s-s4t2 access_token$production$ access_token$sandbox$ access-production- access-sandbox- access-development-',
  ],
  ['jwt', 'dotted', 60, 'ZXlK'],
  ['private-key', 'letters', 20, 'AGE-SECRET-KEY-1 AGE-SECRET-KEY-PQ-1'],
  [
    'private-key',
    'base64',
    40,
    'LS0tLS1CRUdJTiBSU0Eg LS0tLS1CRUdJTiBQUklW LS0tLS1CRUdJTiBFQyBQ LS0tLS1CRUdJTiBPUEVO LS0tLS1CRUdJTiBFTkNS LS0tLS1CRUdJTiBEU0Eg LS0tLS1CRUdJTiBQR1Ag',
  ],
  ['bitcoin-key', 'letters', 70, 'xprv yprv zprv tprv'],
  ['webhook', 'any', 16, 'hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/'],
  [
    'webhook',
    'any',
    10,
    'hooks.zapier.com/hooks/ discord.com/api/webhooks/ discordapp.com/api/webhooks/ maker.ifttt.com/trigger/',
  ],
  ['webhook', 'any', 16, '.webhook.office.com/webhookb2/ outlook.office.com/webhook/ chat.googleapis.com/v1/spaces/'],
  [
    'password-hash',
    'any',
    20,
    '$apr1$ $1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $7$ $y$ $gy$ $argon2i$ $argon2d$ $argon2id$ $scrypt$ $pbkdf2 $P$ {SSHA} {SHA} {SSHA512} pbkdf2_sha256$ pbkdf2_sha1$ bcrypt_sha256$ SCRAM-SHA-256$',
  ],
];

/** Characters of a run that are checked for randomness. */
const SAMPLE_LENGTH = 200;

interface Rule {
  readonly kind: string;
  readonly tail: keyof typeof TAILS;
  readonly least: number;
}
const RULES: ReadonlyMap<string, Rule> = new Map(
  PREFIXES.flatMap(([kind, tail, least, prefixes]) =>
    prefixes.split(' ').map((prefix) => [prefix, { kind, tail, least }]),
  ),
);
const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
// In alphabetical order, alternatives share their beginnings, so that most positions fail at once.
const ALL_PREFIXES = [...RULES.keys()]
  .sort((a, b) => (b.startsWith(a) ? 1 : a.startsWith(b) ? -1 : a < b ? -1 : 1))
  .map((prefix): PatternAlternative => ({ form: literally(prefix), literals: [prefix] }));
const prefixPattern = (some: readonly PatternAlternative[]): RegExp =>
  new RegExp(`(?<![A-Za-z0-9])(?:${some.map(({ form }) => form).join('|')})`, 'g');
const prefixesIn = patternForText(ALL_PREFIXES, prefixPattern);

/**
 * Secrets of several parts: kind, literals (each such secret contains one of them), and form. Each part is bounded, or begins where no
 * character of its class stands before, so that matching is linear. In literals `HEX`, `DIGIT` and `CAPITAL` stand for any character of
 * that class.
 */
const FORMS: readonly (readonly [kind: string, literals: string, form: string])[] = [
  [
    'private-key',
    '-BEGIN',
    '-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)',
  ],
  ['private-key', 'PuTTY-User-Key-File-', 'PuTTY-User-Key-File-\\d[^]*'],
  ['jwt', 'eyJ', '(?<![\\w-])eyJ[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]*){0,3}'],
  [
    'aws-key',
    'AKIA ASIA ABIA ACCA AROA AIDA AIPA A3T',
    '\\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AIPA|A3T[A-Z0-9])[A-Z0-9]{16}\\b',
  ],
  ['discord-token', 'M N O', '\\b[MNO][\\w-]{22,27}\\.[\\w-]{6}\\.[\\w-]{27,}'],
  ['telegram-token', ':AA', '(?:\\b|(?<=\\bbot))\\d{8,10}:AA[\\w-]{30,}'],
  ['sendgrid-key', 'SG.', '\\bSG\\.[\\w-]{16,32}\\.[\\w-]{16,}'],
  ['mailgun-key', 'key- HEX-', '\\b(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\\b'],
  ['mailchimp-key', '-us', '\\b[0-9a-f]{32}-us\\d{1,2}\\b'],
  ['twilio-key', 'SK', '\\bSK[0-9a-fA-F]{32}\\b'],
  // An account's token follows its id: Client("AC…", "…").
  ['twilio-key', 'AC', '(?<=\\bAC[0-9a-f]{32}["\'`]?[,:\\s]{1,4}["\'`]?)[0-9a-f]{32}\\b'],
  // Its parameters contain commas, at which a prefix match would stop.
  ['password-hash', '$argon2', '\\$argon2(?:id|i|d)\\$[^\\s"\'`|<>]{16,}'],
  ['azure-key', 'Q~', '(?<![\\w~.-])[\\w~.-]{3}\\dQ~[\\w.~-]{30,}'],
  ['terraform-token', '.atlasv1.', '\\b[A-Za-z0-9]{14}\\.atlasv1\\.[\\w=-]{40,}'],
  ['airtable-token', 'pat', '\\bpat[A-Za-z0-9]{14}\\.[a-f0-9]{60,}'],
  ['mapbox-token', 'sk.eyJ', '\\bsk\\.eyJ[\\w-]{20,}(?:\\.[\\w-]*)?'],
  ['harness-key', 'at.', '\\b[ps]at\\.[\\w-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}'],
  [
    'service-token',
    're_ API- K10 t1. sdk- api- mob-',
    '\\b(?:re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,}|API-[A-Z0-9]{26}\\b|K10[0-9a-f]{40,}(?:::[\\w:]{16,})?|t1\\.[\\w-]{20,200}={0,2}\\.[\\w-]{60,}|(?:sdk|api|mob)-[0-9a-f]{8}-[0-9a-f-]{27}\\b)',
  ],
  ['model-key', 'hf_ api_org_', '\\b(?:hf|api_org)_[A-Za-z]{34}\\b'],
  [
    'service-token',
    'FLWSECK_TEST- .acc_ .acc-',
    '\\bFLWSECK_TEST-[a-h0-9]{12,}|\\b(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.[\\w+/=-]{30,}',
  ],
  ['service-token', 'DIGIT| DIGIT%', '\\b\\d{15,16}[|%][\\w-]{27,40}(?![\\w-])'],
  ['asana-token', '1/ 2/', '\\b[12]/\\d{16}(?:/\\d{16})?:[0-9a-f]{32}\\b'],
  ['maxmind-key', '_mmk', '\\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\\b'],
  ['firebase-key', ':APA91b', '\\bAAAA[\\w-]{7}:APA91b[\\w-]{60,}'],
  ['twitter-token', 'AAA', '\\bA{20,24}[A-Za-z0-9%]{40,}'],
  ['adyen-key', 'AQE', '\\bAQE[\\w+/]{20,200}={0,2}-[\\w+/=]{20,}(?:-\\S{8,})?'],
  ['vault-token', 's.', '(?<![\\w.])s\\.[A-Za-z0-9]{24}\\b'],
  ['1password-key', 'A3-', '\\bA3-[A-Z0-9]{6}-[A-Z0-9]{6}(?:-?[A-Z0-9]{5}){4}\\b'],
  ['backblaze-key', 'K00', '\\bK00\\d[\\w+/]{27}(?![\\w+/])'],
  ['license-key', 'CAPITAL- DIGIT-', '(?<![\\w-])[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3,5}(?![\\w-])'],
  ['private-key', 'K L 5H 5J 5K', '(?<![\\w])(?:[KL][1-9A-HJ-NP-Za-km-z]{51}|5[HJK][1-9A-HJ-NP-Za-km-z]{49})(?!\\w)'],
  [
    'signature',
    'X-Amz- X-Goog- Signature= sig=',
    '\\b(?:X-(?:Amz|Goog)-(?:Signature|Security-Token|Credential)|Signature|sig)=[\\w%+/~=.-]{16,}',
  ],
  [
    'azure-key',
    'AccountKey= SharedAccessKey= SharedAccessSignature=',
    '\\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[\\w+/%.=-]{16,}',
  ],
];
interface Form extends PatternAlternative {
  readonly kind: string;
}
const CLASSES: readonly (readonly [name: string, characters: string])[] = [
  ['HEX', '0123456789abcdef'],
  ['DIGIT', '0123456789'],
  ['CAPITAL', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
];
const spelledOut = (literal: string): string[] => {
  const found = CLASSES.find(([name]) => literal.startsWith(name));
  return found ? [...found[1]].map((character) => character + literal.slice(found[0].length)) : [literal];
};
const ALL_FORMS = FORMS.map(
  ([kind, literals, form]): Form => ({ kind, form, literals: literals.split(' ').flatMap(spelledOut) }),
);
const formsIn = patternForText(ALL_FORMS, (some) => new RegExp(some.map(({ form }) => `(${form})`).join('|'), 'g'));

/** A test checks that no match lacks the literals of its alternative. */
export const KNOWN_KEY_ALTERNATIVES: readonly PatternAlternative[] = [...ALL_PREFIXES, ...ALL_FORMS];

export const KNOWN_KEY_PATTERNS = [
  prefixPattern(ALL_PREFIXES),
  ...ALL_FORMS.map(({ form }) => new RegExp(form, 'g')),
  ...Object.values(TAILS),
];

/** Masks secrets that are recognizable by their form alone. File names, uuids and commit hashes stay. */
export function withoutKnownKeys(text: string, hide: Hide): string {
  const mightContain = literalFilter(text);
  const left = withoutForms(text, mightContain, hide);
  return withoutPrefixed(left, left === text ? mightContain : literalFilter(left), hide);
}

function withoutForms(text: string, mightContain: MightContain, hide: Hide): string {
  const forms = formsIn(mightContain);
  if (!forms) return text;
  return text.replace(forms.pattern, (secret: string, ...groups: unknown[]) => {
    const kind = forms.some[groups.findIndex((group) => group !== undefined)]?.kind ?? 'secret';
    return kind === 'license-key' && !DIGITS.test(secret) ? secret : hide(kind, secret);
  });
}

function withoutPrefixed(text: string, mightContain: MightContain, hide: Hide): string {
  const prefixes = prefixesIn(mightContain);
  if (!prefixes) return text;
  // The end of the last run of each class, so that adjacent prefixes do not read the run again.
  const ends = new Map<string, number>();
  return replaceMatches(text, prefixes.pattern, ({ 0: prefix, index }) => {
    const { kind, tail, least } = RULES.get(prefix) as Rule;
    const from = index + prefix.length;
    const read = ends.get(tail) ?? 0;
    const to = from < read ? read : endOfRun(TAILS[tail], text, from);
    ends.set(tail, to);
    if (to - from < least || !isRandom(text.slice(from, Math.min(to, from + SAMPLE_LENGTH)), least)) return undefined;
    return { from: index, to, put: hide(kind, text.slice(index, to)) };
  });
}

const DIGITS = /\d/;
const [LOWER, UPPER] = [/[a-z]/, /[A-Z]/];

/** A key has digits in its long part, or mixes upper and lower case at random. */
function isRandom(text: string, least: number): boolean {
  const isMixed = LOWER.test(text) && UPPER.test(text) && !/[a-z]{5}/.test(text);
  if (DIGITS.test(text)) return isMixed || text.split(/[-_.]/).some((part) => part.length >= 6 && DIGITS.test(part));
  if (text.length < Math.max(least, 20)) return false;
  return isMixed || (LOWER.test(text) && UPPER.test(text) && !/[-_.]/.test(text));
}
