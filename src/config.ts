import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { ConfigError } from './errors.ts';

// Each with its reason: zod's own ("Invalid input") helps nobody.
const whole = (most: number, reason: string) =>
  z.coerce.number(reason).check(z.int(reason), z.minimum(1, reason), z.maximum(most, reason));
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

interface Setting<T extends z.ZodMiniType> {
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
  FALKORDB_TLS: setting(flag, 'false', 'speak TLS with FalkorDB'),
  VALKEY_HOST: setting(text, 'localhost', 'host of Valkey'),
  VALKEY_PORT: setting(port, '6380', 'port of Valkey'),
  VALKEY_USERNAME: setting(z.optional(text), undefined, 'user of Valkey'),
  VALKEY_PASSWORD: secret('password of Valkey'),
  VALKEY_TLS: setting(flag, 'false', 'speak TLS with Valkey'),
  OPENAI_API_KEY: secret('key of OpenAI or of a compatible server; its presence makes MEMORY_MODELS openai'),
  OPENAI_BASE_URL: setting(
    z.optional(serverAddress),
    undefined,
    'address of a compatible server; its presence makes MEMORY_MODELS openai',
  ),
  MEMORY_LLM_MODEL: setting(text, 'gpt-4.1-mini', 'model of OpenAI that reads and judges'),
  MEMORY_EMBEDDING_MODEL: setting(text, 'text-embedding-3-small', 'model of OpenAI that makes vectors'),
  MEMORY_EMBEDDING_DIM: setting(
    whole(8192, 'it must be a whole number from 1 to 8192'),
    '1024',
    'numbers in a vector of OpenAI; a graph keeps what it began with',
  ),
  MEMORY_MODELS: setting(
    z.optional(z.enum(['openai', 'local'], 'it must be openai or local')),
    undefined,
    'who reads episodes: openai or local',
  ),
  MEMORY_CONFIG: setting(
    z.optional(text),
    undefined,
    'file with types of your own; default: memory.config.ts, .mts, .js, .mjs or .json of the working directory',
  ),
  MEMORY_GROUP: setting(text, '_', 'the memory that is used where none is named'),
  MEMORY_EXPORT_DIR: setting(text, 'exports', 'folder that exports are written to'),
  MEMORY_MAX_CONTENT_BYTES: setting(count, '1048576', 'longest episode, in bytes of UTF-8'),
  MEMORY_CONCURRENCY: setting(count, '16', 'episodes that a worker reads at once'),
  MEMORY_QUEUE_PREFIX: setting(
    z.string().check(z.regex(/^[\w{}-]+$/, 'it takes letters, digits, hyphens, underscores and braces')),
    '{memory}',
    'prefix of the queue keys in Valkey',
  ),
  // Its default follows from the environment: see `defaultHome`.
  MEMORY_HOME: setting(text, undefined, 'folder in which `up` keeps its data'),
} as const;

export type SettingName = keyof typeof SETTINGS;
type Values = { [K in SettingName]: z.output<(typeof SETTINGS)[K]['shape']> };

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls: boolean;
}

/** How OpenAI or a server that speaks its protocol is asked. */
export interface OpenAISettings {
  readonly apiKey?: string | undefined;
  /** Undefined: OpenAI itself. */
  readonly baseUrl?: string | undefined;
  readonly model: string;
  readonly embeddingModel: string;
  readonly dimension: number;
}

export interface Config {
  readonly falkordb: Address;
  readonly valkey: Address;
  /** Undefined when neither MEMORY_MODELS nor OPENAI_API_KEY nor OPENAI_BASE_URL tells. */
  readonly models: 'openai' | 'local' | undefined;
  readonly openai: OpenAISettings;
  /** The file with the users' own types; undefined: the `memory.config.…` of the working directory, if there is one. */
  readonly configFile?: string | undefined;
  readonly group: string;
  readonly exportDir: string;
  readonly maxContentBytes: number;
  readonly concurrency: number;
  readonly queuePrefix: string;
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
 * @throws ConfigError naming the variable, its value and what it may hold
 */
export function readSettings(environment: Environment = process.env): Settings {
  const home = resolve(environment.MEMORY_HOME || defaultHome(environment));
  const running = readRunning(home);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, { shape, fallback, secret }] of Object.entries(SETTINGS) as [
    SettingName,
    Setting<z.ZodMiniType>,
  ][]) {
    const given = environment[name] || undefined;
    const noted = isElsewhere(name, environment) ? undefined : running[name];
    const parsed = shape.safeParse(name === 'MEMORY_HOME' ? home : (given ?? noted ?? fallback));
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
  return {
    falkordb: address('FALKORDB'),
    valkey: address('VALKEY'),
    models: values.MEMORY_MODELS ?? (values.OPENAI_API_KEY || values.OPENAI_BASE_URL ? 'openai' : undefined),
    openai: {
      apiKey: values.OPENAI_API_KEY,
      baseUrl: values.OPENAI_BASE_URL,
      model: values.MEMORY_LLM_MODEL,
      embeddingModel: values.MEMORY_EMBEDDING_MODEL,
      dimension: values.MEMORY_EMBEDDING_DIM,
    },
    configFile: values.MEMORY_CONFIG && resolve(values.MEMORY_CONFIG),
    group: values.MEMORY_GROUP,
    exportDir: resolve(values.MEMORY_EXPORT_DIR),
    maxContentBytes: values.MEMORY_MAX_CONTENT_BYTES,
    concurrency: values.MEMORY_CONCURRENCY,
    queuePrefix: values.MEMORY_QUEUE_PREFIX,
    home: values.MEMORY_HOME,
  };
}

/** The file in which `up` notes the settings of what it started. */
export function runningFile(home: string): string {
  return join(home, 'running.json');
}

function readRunning(home: string): Record<string, string> {
  try {
    const noted: unknown = JSON.parse(readFileSync(runningFile(home), 'utf8'));
    return z.record(z.string(), z.string()).parse((noted as { settings?: unknown }).settings);
  } catch {
    // Nothing was started here, or the note is unreadable: then only the environment and the defaults count.
    return {};
  }
}

/** True for settings of a store whose host or port the environment names: what `up` noted belongs to another server. */
function isElsewhere(name: string, environment: Environment): boolean {
  const store = ['FALKORDB', 'VALKEY'].find((prefix) => name.startsWith(`${prefix}_`));
  return store !== undefined && Boolean(environment[`${store}_HOST`] || environment[`${store}_PORT`]);
}

// A declaration and not a constant: the table of settings above is made while this file is loaded.
function isServerAddress(address: string): boolean {
  const url = URL.parse(address);
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.username === '' && url.password === '';
}

function defaultHome(environment: Environment): string {
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'memory-manager');
}

function refusal(name: string, value: string, error: z.core.$ZodError): ConfigError {
  const reason = error.issues[0]?.message ?? 'not valid';
  return new ConfigError(`${name} is "${value}", which cannot be used: ${reason}.`);
}
