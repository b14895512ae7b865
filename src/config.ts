import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { ConfigError } from './errors.ts';
import { homeFolder } from './home.ts';
import { notedSettings } from './running-note.ts';
import { type JournalKey, SETTINGS, type Setting, type SettingName, type Values } from './settings.ts';
import { SECOND } from './time.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls: boolean;
}

/** OpenAI or a server that speaks its protocol. */
export interface ModelServer {
  readonly apiKey?: string | undefined;
  /** Undefined: OpenAI itself. */
  readonly baseUrl?: string | undefined;
}

export interface OpenAISettings extends ModelServer {
  readonly model: string;
}

/** Who makes vectors. */
export interface EmbeddingSettings extends ModelServer {
  readonly by: 'openai' | 'local' | 'transformers';
  /** Undefined: the one that `by` has by default. */
  readonly model?: string | undefined;
  readonly dimension?: number | undefined;
}

/** Where archives go in Backblaze B2. What is missing is told when it is needed. */
export interface B2Settings {
  readonly keyId: string | undefined;
  readonly appKey: string | undefined;
  readonly bucket: string | undefined;
  /** Stands before the name of every file; empty for none. */
  readonly prefix: string;
  /** Undefined: Backblaze's own. */
  readonly authorizeUrl: string | undefined;
}

export interface Config {
  readonly falkordb: Address;
  readonly valkey: Address;
  readonly models: 'openai' | 'local';
  readonly openai: OpenAISettings;
  readonly embeddings: EmbeddingSettings;
  /** The file with the users' own types, where MEMORY_CONFIG or a running `up` names one. */
  readonly configFile?: string | undefined;
  readonly group: string;
  readonly exportDir: string;
  /** Whether nightly exports are compressed. */
  readonly exportGzip: boolean;
  /** Undefined: exports go to `exportDir`. */
  readonly b2?: B2Settings | undefined;
  /** When every memory is exported and its archive tested; undefined for never. */
  readonly nightly: { readonly cron: string; readonly timeZone: string } | undefined;
  /** Which older archives a nightly export keeps. */
  readonly keep: 'all' | Readonly<Record<'daily' | 'weekly' | 'monthly', number>>;
  /** Undefined: journal entries are not authenticated. */
  readonly journalKey?: JournalKey | undefined;
  readonly maxContentBytes: number;
  readonly concurrency: number;
  readonly queuePrefix: string;
  /** Milliseconds. */
  readonly takeover: number;
  readonly stalledLimit: number;
  readonly spoolLimit: number;
  readonly health: { readonly host: string; readonly port: number };
  /** Names in lower case, beside localhost and addresses, under which our HTTP servers may be asked. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Dollars for a million tokens, in and out, by model: what is given here goes before the known prices. */
  readonly prices: Readonly<Record<string, readonly [number, number]>>;
  readonly home: string;
}

/** Where a value came from, for `memory-manager config`. */
export type Origin = 'environment' | 'running' | 'default';

export interface Settings {
  readonly values: Values;
  readonly origins: Record<SettingName, Origin>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings: the environment first, then what a running `memory-manager up` noted, then the defaults.
 * @throws ConfigError naming the variable, its value and what it may hold, or the home when it is not to be trusted
 */
export function readSettings(environment: Environment = process.env): Settings {
  const notedOf = notedSettings(environment, (name) => SETTINGS[name as SettingName].fallback);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, { shape, fallback, secret }] of Object.entries(SETTINGS) as [
    SettingName,
    Setting<z.ZodMiniType>,
  ][]) {
    const given = environment[name] || undefined;
    const noted = notedOf(name);
    const parsed = shape.safeParse(name === 'MEMORY_HOME' ? homeFolder(environment) : (given ?? noted ?? fallback));
    if (!parsed.success) throw refusal(name, secret ? '…' : String(given ?? noted), parsed.error);
    values[name] = parsed.data;
    origins[name] = given ? 'environment' : noted ? 'running' : 'default';
  }
  return { values: values as Values, origins: origins as Record<SettingName, Origin> };
}

/** @throws ConfigError */
export function loadConfig(environment: Environment = process.env): Config {
  const { values } = readSettings(environment);
  const address = (store: 'FALKORDB' | 'VALKEY'): Address => ({
    host: values[`${store}_HOST`],
    port: values[`${store}_PORT`],
    username: values[`${store}_USERNAME`],
    password: values[`${store}_PASSWORD`],
    tls: values[`${store}_TLS`],
  });
  const models = values.MEMORY_MODELS ?? (values.OPENAI_API_KEY || values.OPENAI_BASE_URL ? 'openai' : 'local');
  return {
    falkordb: address('FALKORDB'),
    valkey: address('VALKEY'),
    models,
    openai: { apiKey: values.OPENAI_API_KEY, baseUrl: values.OPENAI_BASE_URL, model: values.MEMORY_LLM_MODEL },
    embeddings: embeddingSettings(values, models),
    configFile: values.MEMORY_CONFIG && resolve(values.MEMORY_CONFIG),
    group: values.MEMORY_GROUP,
    exportDir: resolve(values.MEMORY_EXPORT_DIR),
    exportGzip: values.MEMORY_EXPORT_GZIP,
    b2: b2Settings(values),
    nightly:
      values.MEMORY_EXPORT_CRON === 'off'
        ? undefined
        : { cron: values.MEMORY_EXPORT_CRON, timeZone: values.MEMORY_EXPORT_TZ },
    keep: readKeep(values.MEMORY_ARCHIVE_KEEP),
    journalKey: values.MEMORY_JOURNAL_KEY,
    maxContentBytes: values.MEMORY_MAX_CONTENT_BYTES,
    concurrency: values.MEMORY_CONCURRENCY,
    queuePrefix: values.MEMORY_QUEUE_PREFIX,
    takeover: values.MEMORY_TAKEOVER_SECONDS * SECOND,
    stalledLimit: values.MEMORY_STALLED_LIMIT,
    spoolLimit: values.MEMORY_SPOOL_LIMIT,
    health: { host: values.MEMORY_HEALTH_HOST, port: values.MEMORY_HEALTH_PORT },
    allowedHosts: values.MEMORY_ALLOWED_HOSTS.toLowerCase()
      .split(/\s*,\s*/)
      .filter(Boolean),
    logLevel: values.MEMORY_LOG_LEVEL,
    prices: readPrices(values.MEMORY_PRICES),
    home: values.MEMORY_HOME,
  };
}

/** Why the models are those that `loadConfig` chose, in a phrase. */
export function reasonForModels({ values, origins }: Settings = readSettings()): string {
  if (values.MEMORY_MODELS)
    return origins.MEMORY_MODELS === 'running' ? '`up` chose them' : `MEMORY_MODELS is ${values.MEMORY_MODELS}`;
  if (values.OPENAI_API_KEY) return 'OPENAI_API_KEY is set';
  return values.OPENAI_BASE_URL ? 'OPENAI_BASE_URL is set' : 'neither MEMORY_MODELS nor OPENAI_API_KEY is set';
}

function embeddingSettings(values: Values, models: Config['models']): EmbeddingSettings {
  const ownServer = values.MEMORY_EMBEDDING_BASE_URL;
  return {
    by: values.MEMORY_EMBEDDINGS ?? (ownServer ? 'openai' : models),
    model: values.MEMORY_EMBEDDING_MODEL,
    dimension: values.MEMORY_EMBEDDING_DIM,
    // A key goes to no other server than the one that it was given for.
    apiKey: values.MEMORY_EMBEDDING_API_KEY ?? (ownServer ? undefined : values.OPENAI_API_KEY),
    baseUrl: ownServer ?? values.OPENAI_BASE_URL,
  };
}

/** B2 is meant as soon as any of its settings is there, so that a forgotten one is told and not passed over. */
function b2Settings(values: Values): B2Settings | undefined {
  const { B2_KEY_ID: keyId, B2_APP_KEY: appKey, B2_BUCKET: bucket } = values;
  if (!keyId && !appKey && !bucket) return undefined;
  return { keyId, appKey, bucket, prefix: values.B2_PREFIX ?? '', authorizeUrl: values.B2_AUTHORIZE_URL };
}

const pricesShape = z.record(z.string(), z.tuple([z.number().check(z.minimum(0)), z.number().check(z.minimum(0))]));

function readPrices(given: string | undefined): Config['prices'] {
  if (given === undefined) return {};
  try {
    return pricesShape.parse(JSON.parse(given));
  } catch (error) {
    throw new ConfigError(
      'MEMORY_PRICES cannot be read; write it like {"gpt-4.1-mini": [0.4, 1.6]}, dollars for a million tokens in and out.',
      { cause: error },
    );
  }
}

function readKeep(checked: string): Config['keep'] {
  if (checked === 'all') return 'all';
  const counts = new Map(checked.split(',').map((part) => part.trim().split(/\s*=\s*/) as [string, string]));
  const count = (kind: string) => Number(counts.get(kind) ?? 0);
  return { daily: count('daily'), weekly: count('weekly'), monthly: count('monthly') };
}

function refusal(name: string, value: string, error: z.core.$ZodError): ConfigError {
  const reason = error.issues[0]?.message ?? 'not valid';
  return new ConfigError(`${name} is "${value}", which cannot be used: ${reason}.`);
}
