/**
 * Secrets that show by their form alone: kind and pattern. The forms are those that the vendors publish for secret scanning; each
 * asks for more than a word could have, so that names of files, uuids and hashes of commits pass.
 */
const FORMS: readonly (readonly [kind: string, form: string])[] = [
  [
    'private-key',
    '-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)',
  ],
  ['private-key', 'PuTTY-User-Key-File-\\d[^]*'],
  ['private-key', 'AGE-SECRET-KEY-1[A-Z0-9]{20,}'],
  ['jwt', '\\beyJ[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]*){0,3}'],
  ['openai-key', '\\bsk-(?=[\\w-]*\\d)[\\w-]{16,}'],
  ['stripe-key', '\\b(?:[rsp]k_(?:live|test|prod)_|whsec_)[\\w+/=]{10,}'],
  ['github-token', '\\b(?:gh[opusr]_\\w{20,}|github_pat_\\w{20,})'],
  ['gitlab-token', '\\b(?:gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|ffct)-|GR1348941)[\\w.-]{16,}'],
  ['aws-key', '\\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AIPA)[A-Z0-9]{16}\\b'],
  ['aws-key', '\\bABSK[\\w+/=]{60,}'],
  ['google-key', '\\bAIza[\\w-]{30,}'],
  ['google-key', '\\bya29\\.[\\w.-]{20,}'],
  ['google-key', '\\bGOCSPX-[\\w-]{20,}'],
  ['google-key', '\\b1//0[\\w-]{20,}'],
  ['slack-token', '\\b(?:xox[a-z]-|xapp-|xwfp-)[\\w.-]{10,}'],
  ['webhook', '\\bhooks\\.slack\\.com/(?:services|workflows|triggers)/[\\w/+-]{16,}'],
  ['webhook', '\\bdiscord(?:app)?\\.com/api/webhooks/\\d+/[\\w-]+'],
  ['webhook', '\\b[\\w-]+\\.webhook\\.office\\.com/webhookb2/[\\w@/-]+'],
  ['discord-token', '\\b[MNO][\\w-]{22,27}\\.[\\w-]{6}\\.[\\w-]{27,}'],
  ['telegram-token', '\\b\\d{8,10}:AA[\\w-]{30,}'],
  ['sendgrid-key', '\\bSG\\.[\\w-]{16,}\\.[\\w-]{16,}'],
  ['mailgun-key', '\\bkey-[0-9a-f]{32}\\b'],
  ['mailchimp-key', '\\b[0-9a-f]{32}-us\\d{1,2}\\b'],
  ['twilio-key', '\\bSK[0-9a-f]{32}\\b'],
  ['npm-token', '\\bnpm_[A-Za-z0-9]{30,}'],
  ['pypi-token', '\\bpypi-[\\w-]{16,}'],
  ['registry-token', '\\b(?:rubygems_|dckr_(?:pat|oat)_|cio|oy2)[\\w-]{25,}'],
  [
    'cloud-token',
    '\\b(?:do[por]_v1_|dapi|sbp_|sb_secret_|tskey-|pscale_\\w{2,5}_|dp\\.(?:pt|st|ct|sa|scim|audit)\\.|rnd_|vercel_|vc[pkiar]_|fm[12][ra]?_|fo1_|hvs\\.|hvb\\.|hvr\\.|ops_|nfp_|CFPAT-)(?=[\\w.-]*\\d)[\\w./+=-]{16,}',
  ],
  [
    'model-key',
    '\\b(?:hf_|gsk_|r8_|pplx-|xai-|nvapi-|tvly-|fw_|csk-|voyage-|jina_|lsv2_\\w{2}_)(?=[\\w-]*\\d)[\\w-]{20,}',
  ],
  [
    'service-token',
    '\\b(?:lin_api_|ntn_|secret_|figd_|shp(?:at|ss|ca|pa)_|sq0[a-z]{3}-|ATATT3|ATCTT3|ATBB|PMAK-|sntry[su]_|glsa_|glc_|NRAK-|ph[cx]_|bkua_|CCIPAT_|EAAA|EZAK|EZTK|rzp_(?:live|test)_|xkeysib-|whsec-|hapi-|pat-\\w{2}\\d-|dt0c01\\.|pnu_|ico-|prefect_)(?=[\\w.-]*\\d)[\\w./=+-]{16,}',
  ],
  ['backblaze-key', '\\bK00\\d[\\w+/]{27}(?![\\w+/])'],
  ['azure-key', '\\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig)=[\\w+/%.=-]{16,}'],
  ['bitcoin-key', '\\b(?:xprv|yprv|zprv)[1-9A-HJ-NP-Za-km-z]{70,}'],
];

const ANY = new RegExp(FORMS.map(([, form]) => `(${form})`).join('|'), 'g');

/** @param hide what to put in the place of a secret of this kind */
export function withoutKnownKeys(text: string, hide: (kind: string, secret: string) => string): string {
  return text.replace(ANY, (secret: string, ...groups: unknown[]) =>
    hide(FORMS[groups.findIndex((group) => group !== undefined)]?.[0] ?? 'secret', secret),
  );
}
