import * as z from 'zod/mini';
import { STORE_VARIABLES } from './archive/stores/declarations.ts';
import { parseDuration } from './duration.ts';
import { MODEL_VARIABLES } from './models/declarations.ts';
import { integerSetting, optionalText, secret, setting, text, type ValuesOf } from './setting.ts';
import { parseEndpoints, parseStoreUrl } from './store-address.ts';

const port = integerSetting(65_535, 'a port is a whole number from 1 to 65535');
const flag = z.pipe(
  z.enum(['true', 'false', '1', '0'], 'it must be true or false'),
  z.transform((text) => text === 'true' || text === '1'),
);
const count = integerSetting(Number.MAX_SAFE_INTEGER, 'it must be a whole number from 1');
const DOLLARS = 'it must be a number of dollars such as 2.50';
const KEEP = /^\s*(daily|weekly|monthly)\s*=\s*\d{1,4}\s*$/;
const keep = z
  .string()
  .check(
    z.refine(
      (text) => text === 'all' || (text.split(',').every((part) => KEEP.test(part)) && /[1-9]/.test(text)),
      'it must be like daily=7,weekly=4,monthly=12, with at least one archive, or all',
    ),
  );

/** Makes entries of journals authentic; see `journal/hmac.ts`. */
export interface JournalKey {
  readonly secret: string;
  /** Entries written from this time on must be authentic; default: all. */
  readonly since?: Date | undefined;
}

const JOURNAL_KEY = /^(?:(\d{4}-\d\d-\d\dT[\d:.]+Z)\/|(?!\d{4}-\d\d-\d\dT))(\S{32,})$/;
const journalKey = z.optional(
  z.pipe(
    z
      .string()
      .check(
        z.regex(
          JOURNAL_KEY,
          'it must be like 2026-11-29T12:00:00Z/<secret>, the time from which the key is used, and a secret of 32 characters or more',
        ),
      ),
    z.transform((given): JournalKey => {
      const [, since, secret = ''] = JOURNAL_KEY.exec(given) ?? [];
      const start = new Date(since ?? '');
      return Number.isNaN(start.getTime()) ? { secret } : { secret, since: start };
    }),
  ),
);

const ARCHIVE_KEY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{50,}$/;
const listed = (given: string): string[] => given.split(',').map((part) => part.trim());
const archiveKeys = z.pipe(
  z
    .string()
    .check(
      z.refine(
        (given) => given === '' || listed(given).every((key) => ARCHIVE_KEY.test(key)),
        'it must be a key that `memory-manager archive new-key` prints, or several with commas between them',
      ),
    ),
  z.transform((given): readonly string[] => (given === '' ? [] : listed(given))),
);

/** When texts of a source or of a kind expire. */
export interface ExpiryRule {
  /** `source`: the source description; `kind`: the kind of a note, or `turn` and `summary` of agents. */
  readonly by: 'source' | 'kind';
  readonly name: string;
  /** Milliseconds from the moment at which a text was accepted. */
  readonly afterMs: number;
}

const EXPIRY_RULE = /^(source|kind):([^=,]+)=(\w+)$/;

/** Undefined for a text that is no rule. */
function expiryRule(text: string): ExpiryRule | undefined {
  const [, by, name = '', duration = ''] = EXPIRY_RULE.exec(text.trim()) ?? [];
  const afterMs = parseDuration(duration);
  return by && afterMs ? { by: by as ExpiryRule['by'], name: name.trim(), afterMs } : undefined;
}

const rulesIn = (text: string): string[] => text.split(',').filter((rule) => rule.trim() !== '');
const expiryRules = z.pipe(
  z
    .string()
    .check(
      z.refine(
        (text) => rulesIn(text).every((rule) => expiryRule(rule)),
        'it must be like source:claude-code=90d,kind:turn=4w, in minutes (m), hours (h), days (d) or weeks (w)',
      ),
    ),
  z.transform((text) => rulesIn(text).flatMap((rule) => expiryRule(rule) ?? [])),
);

const storeUrl = z.optional(
  z.pipe(
    z
      .string()
      .check(
        z.refine(
          (given) => parseStoreUrl(given) !== undefined,
          'it must be like redis://host:6379, rediss://user:password@host:6379, redis+sentinel://host:26379,host:26379/name or redis+cluster://host:7000,host:7000',
        ),
      ),
    z.transform((given) => parseStoreUrl(given)),
  ),
);
const nodes = z.optional(
  z.pipe(
    z
      .string()
      .check(z.refine((given) => parseEndpoints(given) !== undefined, 'it must be like one:7000,two:7000,three:7000')),
    z.transform((given) => parseEndpoints(given)),
  ),
);
const secretUrl = (about: string) => ({ ...setting(storeUrl, undefined, about), secret: true as const });

/** Every environment variable that is read: its allowed values, its default and its purpose. */
export const SETTINGS = {
  FALKORDB_HOST: setting(text, 'localhost', 'host of FalkorDB'),
  FALKORDB_PORT: setting(port, '6379', 'port of FalkorDB'),
  FALKORDB_USERNAME: optionalText('user of FalkorDB'),
  FALKORDB_PASSWORD: secret('password of FalkorDB'),
  FALKORDB_TLS: setting(flag, 'false', 'use TLS for FalkorDB'),
  FALKORDB_TLS_CA: optionalText("file with the certificate of the authority that signed FalkorDB's certificate"),
  FALKORDB_TLS_CERT: optionalText("file with the client's certificate for FalkorDB"),
  FALKORDB_TLS_KEY: optionalText("file with the key of the client's certificate for FalkorDB"),
  FALKORDB_TLS_SERVERNAME: optionalText("name in FalkorDB's certificate, if it differs from the address"),
  FALKORDB_URL: secretUrl('address of FalkorDB as redis[s]:// or redis[s]+sentinel://, in place of host and port'),
  FALKORDB_NODES: setting(nodes, undefined, 'the sentinels of FalkorDB, with commas between them'),
  FALKORDB_SENTINEL_NAME: optionalText(
    'name under which sentinels watch FalkorDB; FALKORDB_NODES are then the sentinels',
  ),
  FALKORDB_SENTINEL_USERNAME: optionalText('user of the sentinels of FalkorDB'),
  FALKORDB_SENTINEL_PASSWORD: secret('password of the sentinels of FalkorDB'),
  FALKORDB_COPIES: setting(
    integerSetting(10, 'it must be a whole number of replicas from 0 to 10', 0),
    '0',
    'replicas of FalkorDB that must have a commit before its job is done; 0 waits for none',
  ),
  VALKEY_HOST: setting(text, 'localhost', 'host of Valkey'),
  VALKEY_PORT: setting(port, '6380', 'port of Valkey'),
  VALKEY_USERNAME: optionalText('user of Valkey'),
  VALKEY_PASSWORD: secret('password of Valkey'),
  VALKEY_TLS: setting(flag, 'false', 'use TLS for Valkey'),
  VALKEY_TLS_CA: optionalText("file with the certificate of the authority that signed Valkey's certificate"),
  VALKEY_TLS_CERT: optionalText("file with the client's certificate for Valkey"),
  VALKEY_TLS_KEY: optionalText("file with the key of the client's certificate for Valkey"),
  VALKEY_TLS_SERVERNAME: optionalText("name in Valkey's certificate, if it differs from the address"),
  VALKEY_URL: secretUrl(
    'address of Valkey as redis[s]://, redis[s]+sentinel:// or redis[s]+cluster://, in place of host and port',
  ),
  VALKEY_NODES: setting(nodes, undefined, "Valkey's sentinels, or nodes of its cluster, with commas between them"),
  VALKEY_SENTINEL_NAME: optionalText('name under which sentinels watch Valkey; VALKEY_NODES are then the sentinels'),
  VALKEY_SENTINEL_USERNAME: optionalText('user of the sentinels of Valkey'),
  VALKEY_SENTINEL_PASSWORD: secret('password of the sentinels of Valkey'),
  VALKEY_COPIES: setting(
    integerSetting(10, 'it must be a whole number of replicas from 0 to 10', 0),
    '0',
    'replicas of Valkey that must have a text before it counts as stored; 0 waits for none',
  ),
  ...MODEL_VARIABLES,
  MEMORY_CONFIG: optionalText('file with your own types; default: a trusted memory.config.… in the working directory'),
  MEMORY_GROUP: setting(text, '_', 'the memory to use if a command or call names none'),
  MEMORY_EXPORT_DIR: setting(text, 'exports', 'folder for exports'),
  MEMORY_EXPORT_GZIP: setting(flag, 'false', 'compress nightly exports, to .json.gz'),
  MEMORY_ARCHIVE_KEY: {
    ...setting(
      archiveKeys,
      '',
      'key that encrypts archives, from `archive new-key`; after a comma, older keys that still open archives',
    ),
    secret: true as const,
  },
  MEMORY_EXPORT_CRON: setting(
    z
      .string()
      .check(
        z.regex(
          /^(off|\S+( +\S+){4})$/,
          'it must be five fields such as "0 3 * * *" (minute, hour, day, month, day of the week), or off',
        ),
      ),
    '0 3 * * *',
    'when every memory is exported and tested, and old archives are pruned; off for never',
  ),
  MEMORY_EXPORT_TZ: setting(
    z.string().check(z.refine(isTimeZone, 'it must be a time zone such as UTC or Europe/Berlin')),
    'UTC',
    'time zone of MEMORY_EXPORT_CRON',
  ),
  MEMORY_ARCHIVE_KEEP: setting(
    keep,
    'daily=7,weekly=4,monthly=12',
    'nightly archives to keep of each memory, as numbers of days, weeks and months; all keeps all',
  ),
  ...STORE_VARIABLES,
  MEMORY_JOURNAL_KEY: {
    ...setting(
      journalKey,
      undefined,
      'key that authenticates journal entries: <time from which the key is used>/<secret>; the same for all workers',
    ),
    secret: true as const,
  },
  MEMORY_MAX_CONTENT_BYTES: setting(count, '1048576', 'longest episode, in bytes of UTF-8'),
  MEMORY_CONCURRENCY: setting(count, '16', 'episodes that a worker reads in parallel'),
  MEMORY_QUEUE_PREFIX: setting(
    z.string().check(z.regex(/^[\w{}-]+$/, 'it takes letters, digits, hyphens, underscores and braces')),
    '{memory}',
    'prefix of the queue keys in Valkey',
  ),
  MEMORY_TAKEOVER_SECONDS: setting(
    integerSetting(600, 'it must be a whole number from 1 to 600'),
    '15',
    'seconds of silence after which a worker counts as dead and others take over its jobs',
  ),
  MEMORY_STALLED_LIMIT: setting(
    count,
    '100',
    'how often a job may be taken over from dead workers before it becomes a dead letter',
  ),
  MEMORY_SPOOL_LIMIT: setting(count, '10000', 'episodes that the spool keeps on disk while Valkey is down'),
  MEMORY_EXPIRY: setting(
    expiryRules,
    '',
    'when texts expire, by source description or kind, such as source:claude-code=90d,kind:turn=4w; does not apply to texts stored earlier',
  ),
  MEMORY_HEALTH_HOST: setting(text, '127.0.0.1', "host of a worker's /health and /metrics"),
  MEMORY_HEALTH_PORT: setting(
    integerSetting(65_535, 'a port is a whole number from 0 to 65535', 0),
    '9464',
    "port of a worker's /health and /metrics; a free port if it is taken; 0 switches them off",
  ),
  MEMORY_ALLOWED_HOSTS: setting(
    z
      .string()
      .check(z.regex(/^[\w.-]*(\s*,\s*[\w.-]+)*$/, 'it must be host names such as prometheus,memory.example.org')),
    '',
    'host names that may be used for /health, /metrics and mcp --http, in addition to localhost and IP addresses',
  ),
  MEMORY_LOG_LEVEL: setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'it must be debug, info, warn, error or silent'),
    'info',
    'log level of a worker',
  ),
  MEMORY_PRICES: optionalText(
    'prices of models in dollars per million tokens, input and output: {"gpt-4.1-mini": [0.4, 1.6]}',
  ),
  MEMORY_BUDGET: setting(
    z.optional(z.coerce.number(DOLLARS).check(z.minimum(0, DOLLARS), z.maximum(1_000_000, DOLLARS))),
    undefined,
    'dollars that workers may spend on models in a day (UTC); after that, texts are stored, and the model reads them the next day',
  ),
  // Its default follows from the environment: see `defaultHome`.
  MEMORY_HOME: setting(text, undefined, 'folder with the data of `up` and the spool'),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Values = ValuesOf<typeof SETTINGS>;

function isTimeZone(name: string): boolean {
  try {
    // Reading the time zone takes a while, and the setting is rarely changed.
    return name === 'UTC' || Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
