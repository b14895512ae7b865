import * as z from 'zod/mini';

// Each with its reason: zod's own ("Invalid input") helps nobody.
const whole = (most: number, reason: string, least = 1) =>
  z.coerce.number(reason).check(z.int(reason), z.minimum(least, reason), z.maximum(most, reason));
const port = whole(65_535, 'a port is a whole number from 1 to 65535');
const flag = z.pipe(
  z.enum(['true', 'false', '1', '0'], 'it must be true or false'),
  z.transform((text) => text === 'true' || text === '1'),
);
const count = whole(Number.MAX_SAFE_INTEGER, 'it must be a whole number from 1');
const text = z.string().check(z.minLength(1));
const serverAddress = z
  .string()
  .check(z.refine(isServerAddress, 'it must be an http or https address without a password in it'));
const KEEP = /^\s*(daily|weekly|monthly)\s*=\s*\d{1,4}\s*$/;
const keep = z
  .string()
  .check(
    z.refine(
      (text) => text === 'all' || (text.split(',').every((part) => KEEP.test(part)) && /[1-9]/.test(text)),
      'it must be like daily=7,weekly=4,monthly=12, with at least one archive, or all',
    ),
  );

/** Makes entries of journals authentic; see `journal/authentic.ts`. */
export interface JournalKey {
  readonly secret: string;
  /** Milliseconds since 1970: entries noted since must be authentic; 0 for all. */
  readonly since: number;
}

const JOURNAL_KEY = /^(?:(\d{4}-\d\d-\d\dT[\d:.]+Z)\/|(?!\d{4}-\d\d-\d\dT))(\S{32,})$/;
const journalKey = z.optional(
  z.pipe(
    z
      .string()
      .check(
        z.regex(
          JOURNAL_KEY,
          'it must be like 2026-11-29T12:00:00Z/<secret>, the time from which on it is used and a secret of 32 characters or more',
        ),
      ),
    z.transform((given): JournalKey => {
      const [, since, secret = ''] = JOURNAL_KEY.exec(given) ?? [];
      return { secret, since: since === undefined ? 0 : Date.parse(since) || 0 };
    }),
  ),
);

export interface Setting<T extends z.ZodMiniType> {
  readonly shape: T;
  readonly fallback: string | undefined;
  readonly about: string;
  readonly secret?: true;
}
const setting = <T extends z.ZodMiniType>(shape: T, fallback: string | undefined, about: string): Setting<T> => ({
  shape,
  fallback,
  about,
});
const secret = (about: string) => ({ ...setting(z.optional(text), undefined, about), secret: true as const });

/** Every environment variable that is read, what it may hold, what holds without it, and what it is for. */
export const SETTINGS = {
  FALKORDB_HOST: setting(text, 'localhost', 'host of FalkorDB'),
  FALKORDB_PORT: setting(port, '6379', 'port of FalkorDB'),
  FALKORDB_USERNAME: setting(z.optional(text), undefined, 'user of FalkorDB'),
  FALKORDB_PASSWORD: secret('password of FalkorDB'),
  FALKORDB_TLS: setting(flag, 'false', 'use TLS for FalkorDB'),
  VALKEY_HOST: setting(text, 'localhost', 'host of Valkey'),
  VALKEY_PORT: setting(port, '6380', 'port of Valkey'),
  VALKEY_USERNAME: setting(z.optional(text), undefined, 'user of Valkey'),
  VALKEY_PASSWORD: secret('password of Valkey'),
  VALKEY_TLS: setting(flag, 'false', 'use TLS for Valkey'),
  OPENAI_API_KEY: secret('key of OpenAI or a compatible server; if set, MEMORY_MODELS is openai by default'),
  OPENAI_BASE_URL: setting(
    z.optional(serverAddress),
    undefined,
    'address of a compatible server; if set, MEMORY_MODELS is openai by default',
  ),
  MEMORY_LLM_MODEL: setting(
    text,
    'gpt-4.1-mini',
    'OpenAI model that reads episodes and decides about duplicates and contradictions',
  ),
  MEMORY_EMBEDDINGS: setting(
    z.optional(z.enum(['openai', 'local', 'transformers'], 'it must be openai, local or transformers')),
    undefined,
    'embedder: openai, local or transformers; default: openai if MEMORY_EMBEDDING_BASE_URL is set, else the same as MEMORY_MODELS',
  ),
  MEMORY_EMBEDDING_MODEL: setting(
    z.optional(text),
    undefined,
    'embedding model; default: text-embedding-3-small for openai, a small multilingual model for transformers, which also takes a folder',
  ),
  MEMORY_EMBEDDING_DIM: setting(
    z.optional(whole(8192, 'it must be a whole number from 1 to 8192')),
    undefined,
    'dimensions of a vector; default: 1024 for openai, else those of the model; a graph keeps its dimension',
  ),
  MEMORY_EMBEDDING_BASE_URL: setting(
    z.optional(serverAddress),
    undefined,
    'address of a compatible server for embeddings; default: OPENAI_BASE_URL',
  ),
  MEMORY_EMBEDDING_API_KEY: secret('key of the server for embeddings; default: OPENAI_API_KEY'),
  MEMORY_MODELS: setting(
    z.optional(z.enum(['openai', 'local'], 'it must be openai or local')),
    undefined,
    'models that read episodes: openai or local; default: openai if there is a key or an address, else local',
  ),
  MEMORY_CONFIG: setting(
    z.optional(text),
    undefined,
    'file with your own types; default: a trusted memory.config.… in the working directory',
  ),
  MEMORY_GROUP: setting(text, '_', 'the memory that is used when none is named'),
  MEMORY_EXPORT_DIR: setting(text, 'exports', 'folder for exports'),
  MEMORY_EXPORT_GZIP: setting(flag, 'false', 'compress nightly exports, to .json.gz'),
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
  B2_KEY_ID: setting(z.optional(text), undefined, 'application key id of Backblaze B2; if set, exports go to B2'),
  B2_APP_KEY: secret('application key of Backblaze B2'),
  B2_BUCKET: setting(z.optional(text), undefined, 'bucket of Backblaze B2 for exports'),
  B2_PREFIX: setting(z.optional(text), undefined, 'prefix of the names of exports in the bucket, such as memory/'),
  B2_AUTHORIZE_URL: setting(
    z.optional(serverAddress),
    undefined,
    "address at which B2 keys are authorized; default: Backblaze's own",
  ),
  MEMORY_JOURNAL_KEY: {
    ...setting(
      journalKey,
      undefined,
      'key that authenticates journal entries: <time from which it is used>/<secret>; the same for all workers',
    ),
    secret: true as const,
  },
  MEMORY_MAX_CONTENT_BYTES: setting(count, '1048576', 'longest episode, in bytes of UTF-8'),
  MEMORY_CONCURRENCY: setting(count, '16', 'episodes that a worker reads at once'),
  MEMORY_QUEUE_PREFIX: setting(
    z.string().check(z.regex(/^[\w{}-]+$/, 'it takes letters, digits, hyphens, underscores and braces')),
    '{memory}',
    'prefix of the queue keys in Valkey',
  ),
  MEMORY_TAKEOVER_SECONDS: setting(
    whole(600, 'it must be a whole number from 1 to 600'),
    '15',
    'seconds of silence after which a worker counts as dead and others take over its jobs',
  ),
  MEMORY_STALLED_LIMIT: setting(
    count,
    '100',
    'how often a job may be taken over from dead workers before it becomes a dead letter',
  ),
  MEMORY_SPOOL_LIMIT: setting(count, '10000', 'episodes that the spool keeps on disk while Valkey is away'),
  MEMORY_HEALTH_HOST: setting(text, '127.0.0.1', "host of a worker's /health and /metrics"),
  MEMORY_HEALTH_PORT: setting(
    whole(65_535, 'a port is a whole number from 0 to 65535', 0),
    '9464',
    "port of a worker's /health and /metrics; a free port if it is taken; 0 switches them off",
  ),
  MEMORY_ALLOWED_HOSTS: setting(
    z
      .string()
      .check(z.regex(/^[\w.-]*(\s*,\s*[\w.-]+)*$/, 'it must be names of hosts such as prometheus,memory.example.org')),
    '',
    'host names that may be used for /health, /metrics and mcp --http, in addition to localhost and IP addresses',
  ),
  MEMORY_LOG_LEVEL: setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'it must be debug, info, warn, error or silent'),
    'info',
    'log level of a worker',
  ),
  MEMORY_PRICES: setting(
    z.optional(text),
    undefined,
    'prices of models in dollars per million tokens, input and output: {"gpt-4.1-mini": [0.4, 1.6]}',
  ),
  // Its default follows from the environment: see `defaultHome`.
  MEMORY_HOME: setting(text, undefined, 'folder with the data of `up` and the spool'),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Values = { [K in SettingName]: z.output<(typeof SETTINGS)[K]['shape']> };

// A declaration and not a constant: the table of settings above is made while this file is loaded.
function isServerAddress(address: string): boolean {
  const url = URL.parse(address);
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.password === '';
}

function isTimeZone(name: string): boolean {
  try {
    // To ask takes a while, and almost nobody sets another.
    return name === 'UTC' || Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
