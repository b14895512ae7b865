import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { readStores, type StoreSettings } from './archive/stores/declarations.ts';
import { ConfigError } from './errors.ts';
import { homeFolder } from './home.ts';
import { defaultLanguageModel, type ModelSettings, readModels } from './models/declarations.ts';
import { savedSettings } from './running-settings.ts';
import type { Setting } from './setting.ts';
import { type ExpiryRule, type JournalKey, SETTINGS, type SettingName, type Values } from './settings.ts';
import { type Address, checkAddress, readAddress } from './store-address.ts';
import { SECOND } from './time.ts';

export type { Address } from './store-address.ts';

export interface Config extends ModelSettings, StoreSettings {
  readonly falkordb: Address;
  readonly valkey: Address;
  /** Replicas of Valkey that must have a job before its receipt is given; 0 waits for none. */
  readonly valkeyCopies: number;
  /** Replicas of FalkorDB that must have what a job wrote before the job is done; 0 waits for none. */
  readonly falkordbCopies: number;
  /** The file with the user's own types, if MEMORY_CONFIG or a running `up` names one. */
  readonly configFile?: string | undefined;
  readonly group: string;
  readonly exportDir: string;
  /** Whether nightly exports are compressed. */
  readonly exportGzip: boolean;
  /** Secret keys of age (`AGE-SECRET-KEY-1…`). The first one encrypts new archives, all open archives; empty: new archives are not encrypted. */
  readonly archiveKeys: readonly string[];
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
  readonly takeoverMs: number;
  readonly stalledLimit: number;
  readonly spoolLimit: number;
  readonly health: { readonly host: string; readonly port: number };
  /** Host names in lower case that our HTTP servers accept in addition to localhost and IP addresses. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Expiry of texts that are stored without their own expiry. */
  readonly expiry: readonly ExpiryRule[];
  /** Dollars for a million tokens, input and output, by model. A price given here replaces the known price. */
  readonly prices: Readonly<Record<string, readonly [number, number]>>;
  /** Dollars that all workers together may spend on models in a day of UTC; undefined: without limit. */
  readonly budget?: number | undefined;
  readonly home: string;
}

/** Where a value came from, for `memory-manager config`. */
export type Origin = 'environment' | 'running' | 'default';

export interface Settings {
  readonly values: Values;
  readonly origins: Record<SettingName, Origin>;
}

/** Variables as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings: the environment first, then what a running `memory-manager up` noted, then the defaults.
 * @throws ConfigError naming the variable, its value and its allowed values, or naming the home if other users can write to it
 */
export function readSettings(environment: Environment = process.env): Settings {
  const notedOf = savedSettings(environment, (name) => SETTINGS[name as SettingName].fallback);
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

/** Reads the settings of the environment, then those of a running `up`, then the defaults. @throws ConfigError for a missing or invalid value */
export function loadConfig(environment: Environment = process.env): Config {
  const { values, origins } = readSettings(environment);
  const address = (store: 'FALKORDB' | 'VALKEY'): Address =>
    readAddress(store, {
      url: values[`${store}_URL`],
      nodes: values[`${store}_NODES`],
      sentinel: {
        name: values[`${store}_SENTINEL_NAME`],
        username: values[`${store}_SENTINEL_USERNAME`],
        password: values[`${store}_SENTINEL_PASSWORD`],
      },
      host: values[`${store}_HOST`],
      port: values[`${store}_PORT`],
      explicitPlace: (['HOST', 'PORT'] as const).find((name) => origins[`${store}_${name}`] === 'environment'),
      username: values[`${store}_USERNAME`],
      password: values[`${store}_PASSWORD`],
      tls: values[`${store}_TLS`],
      files: {
        CA: values[`${store}_TLS_CA`],
        CERT: values[`${store}_TLS_CERT`],
        KEY: values[`${store}_TLS_KEY`],
      },
      servername: values[`${store}_TLS_SERVERNAME`],
    });
  const config: Config = {
    falkordb: address('FALKORDB'),
    valkey: address('VALKEY'),
    valkeyCopies: values.VALKEY_COPIES,
    falkordbCopies: values.FALKORDB_COPIES,
    ...readModels(values),
    configFile: values.MEMORY_CONFIG && resolve(values.MEMORY_CONFIG),
    group: values.MEMORY_GROUP,
    exportDir: resolve(values.MEMORY_EXPORT_DIR),
    exportGzip: values.MEMORY_EXPORT_GZIP,
    archiveKeys: values.MEMORY_ARCHIVE_KEY,
    ...readStores(values),
    nightly:
      values.MEMORY_EXPORT_CRON === 'off'
        ? undefined
        : { cron: values.MEMORY_EXPORT_CRON, timeZone: values.MEMORY_EXPORT_TZ },
    keep: readKeep(values.MEMORY_ARCHIVE_KEEP),
    journalKey: values.MEMORY_JOURNAL_KEY,
    maxContentBytes: values.MEMORY_MAX_CONTENT_BYTES,
    concurrency: values.MEMORY_CONCURRENCY,
    queuePrefix: values.MEMORY_QUEUE_PREFIX,
    takeoverMs: values.MEMORY_TAKEOVER_SECONDS * SECOND,
    stalledLimit: values.MEMORY_STALLED_LIMIT,
    spoolLimit: values.MEMORY_SPOOL_LIMIT,
    health: { host: values.MEMORY_HEALTH_HOST, port: values.MEMORY_HEALTH_PORT },
    allowedHosts: values.MEMORY_ALLOWED_HOSTS.toLowerCase()
      .split(/\s*,\s*/)
      .filter(Boolean),
    logLevel: values.MEMORY_LOG_LEVEL,
    expiry: values.MEMORY_EXPIRY,
    prices: readPrices(values.MEMORY_PRICES),
    budget: values.MEMORY_BUDGET,
    home: values.MEMORY_HOME,
  };
  checkStores(config);
  return config;
}

/** Why the models are those that `loadConfig` chose, in a phrase. */
export function modelChoiceReason({ values, origins }: Settings = readSettings()): string {
  const { name, reason } = defaultLanguageModel(values);
  if (!values.MEMORY_MODELS) return reason;
  if (origins.MEMORY_MODELS !== 'running') return `MEMORY_MODELS is ${values.MEMORY_MODELS}`;
  return name === 'local' || name === values.MEMORY_MODELS ? '`up` chose them' : chosenAtStartReason(reason);
}

/** Says why a key or setting that the user gave while `up` runs changes nothing yet. @param reason for other models */
export const chosenAtStartReason = (reason: string): string =>
  `\`up\` chose them at its start (${reason} now; \`memory-manager down\`, then \`up\`, uses it)`;

const pricesShape = z.record(z.string(), z.tuple([z.number().check(z.minimum(0)), z.number().check(z.minimum(0))]));

function readPrices(given: string | undefined): Config['prices'] {
  if (given === undefined) return {};
  try {
    return pricesShape.parse(JSON.parse(given));
  } catch (error) {
    throw new ConfigError(
      'MEMORY_PRICES cannot be read; write it like {"gpt-4.1-mini": [0.4, 1.6]}, in dollars per million input and output tokens.',
      { cause: error },
    );
  }
}

/** Checks what several settings of the stores must have in common; a program's settings are merged before. @throws ConfigError */
export function checkStores({ falkordb, valkey, queuePrefix }: Config): void {
  checkAddress('FALKORDB', falkordb);
  checkAddress('VALKEY', valkey);
  // A cluster keeps keys on one node only if they have the same text in braces; the scripts of the queues need that.
  if (valkey.topology?.kind !== 'cluster' || /\{[^{}]+\}/.test(queuePrefix)) return;
  throw new ConfigError(
    `MEMORY_QUEUE_PREFIX is "${queuePrefix}", which cannot be used with a cluster: it needs braces, like {${queuePrefix.replace(/[{}]/g, '') || 'memory'}}, so that all keys of the queues are on one node.`,
  );
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
