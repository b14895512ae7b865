import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, modelChoiceReason, readSettings } from '../../src/config.ts';
import { ConfigError } from '../../src/errors.ts';
import { runningFile } from '../../src/home.ts';

let home: string;
const note = (text: string) => writeFileSync(runningFile(home), text);

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-config-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('a value comes from', () => {
  test("the environment, then the running servers' note, then the default", () => {
    note('{"settings": {"VALKEY_PORT": "7001", "FALKORDB_PORT": "7002"}}');

    const { values, origins } = readSettings({ MEMORY_HOME: home, VALKEY_PORT: '7000', VALKEY_HOST: '' });

    expect(values).toMatchObject({ VALKEY_PORT: 7000, FALKORDB_PORT: 7002, VALKEY_HOST: 'localhost' });
    expect(origins).toMatchObject({ VALKEY_PORT: 'environment', FALKORDB_PORT: 'running', VALKEY_HOST: 'default' });
  });

  test('the default instead of the note for a store whose host or port the environment sets', () => {
    note('{"settings": {"VALKEY_PORT": "7001", "VALKEY_TLS": "true", "FALKORDB_PORT": "7002"}}');

    const { values, origins } = readSettings({ MEMORY_HOME: home, VALKEY_HOST: '127.0.0.2' });

    expect(values).toMatchObject({ VALKEY_HOST: '127.0.0.2', VALKEY_PORT: 6380, VALKEY_TLS: false });
    expect(values.FALKORDB_PORT).toBe(7002);
    expect(origins).toMatchObject({ VALKEY_PORT: 'default', FALKORDB_PORT: 'running' });
  });

  test('the note, including its password, when the environment names exactly the noted server', () => {
    note('{"settings": {"VALKEY_HOST": "127.0.0.1", "VALKEY_PORT": "7001", "VALKEY_PASSWORD": "noted"}}');
    const password = (environment: Record<string, string>) =>
      readSettings({ MEMORY_HOME: home, ...environment }).values.VALKEY_PASSWORD;

    expect(password({})).toBe('noted');
    expect(password({ VALKEY_PORT: '7001' })).toBe('noted');
    expect(password({ VALKEY_HOST: 'localhost', VALKEY_PORT: '7001' })).toBe('noted');
    expect(password({ VALKEY_PORT: '7002' })).toBeUndefined();
    expect(password({ VALKEY_HOST: 'queue', VALKEY_PORT: '7001' })).toBeUndefined();
    expect(password({ VALKEY_PASSWORD: 'given' })).toBe('given');
  });

  test("another home's note only for the password of that home's server", () => {
    const [data, other] = [join(home, 'data'), join(home, 'other-home')];
    mkdirSync(join(data, 'memory-manager', 'servers'), { recursive: true });
    mkdirSync(other);
    symlinkSync(other, join(data, 'memory-manager', 'servers', '7001'));
    const settings = {
      VALKEY_HOST: '127.0.0.1',
      VALKEY_PORT: '7001',
      VALKEY_PASSWORD: 'noted',
      MEMORY_MODELS: 'openai',
    };
    writeFileSync(runningFile(other), JSON.stringify({ settings }));
    const read = (environment: Record<string, string>) =>
      readSettings({ MEMORY_HOME: join(home, 'mine'), XDG_DATA_HOME: data, ...environment }).values;

    expect(read({ VALKEY_PORT: '7001' })).toMatchObject({ VALKEY_PASSWORD: 'noted', MEMORY_MODELS: undefined });
    expect(read({ VALKEY_PORT: '7001', VALKEY_HOST: 'queue' }).VALKEY_PASSWORD).toBeUndefined();
    expect(read({ FALKORDB_PORT: '7001' }).FALKORDB_PASSWORD).toBeUndefined();
    expect(read({}).VALKEY_PASSWORD).toBeUndefined();
    chmodSync(other, 0o777);
    expect(read({ VALKEY_PORT: '7001' }).VALKEY_PASSWORD).toBeUndefined();
  });

  test.each(['', '{', '[]', '{"settings": 5}', '{"settings": {"VALKEY_PORT": 7001}}', 'null'])(
    'the default when the note is %j',
    (text) => {
      note(text);

      expect(readSettings({ MEMORY_HOME: home }).values.VALKEY_PORT).toBe(6380);
    },
  );
});

test('without any settings the documented defaults apply', () => {
  const config = loadConfig({ HOME: '/nowhere', XDG_DATA_HOME: '/nowhere' });

  expect(config).toMatchObject({
    falkordb: { host: 'localhost', port: 6379, tls: false },
    valkey: { host: 'localhost', port: 6380, tls: false },
    models: 'local',
    openai: {
      apiKey: undefined,
      baseUrl: undefined,
      model: 'gpt-4.1-mini',
    },
    embeddings: { provider: 'local', apiKey: undefined, baseUrl: undefined, model: undefined, dimension: undefined },
    group: '_',
    maxContentBytes: 1_048_576,
    queuePrefix: '{memory}',
    home: '/nowhere/memory-manager',
  });
});

test('an API key selects the models unless models are named', () => {
  const key = { MEMORY_HOME: '/nowhere', OPENAI_API_KEY: 'sk-1' };

  expect(loadConfig(key).models).toBe('openai');
  expect(loadConfig({ ...key, MEMORY_MODELS: 'local' }).models).toBe('local');
});

test.each([
  [{}, 'neither MEMORY_MODELS nor OPENAI_API_KEY is set'],
  [{ OPENAI_API_KEY: 'sk-1' }, 'OPENAI_API_KEY is set'],
  [{ OPENAI_BASE_URL: 'http://localhost:11434/v1' }, 'OPENAI_BASE_URL is set'],
  [{ OPENAI_API_KEY: 'sk-1', MEMORY_MODELS: 'local' }, 'MEMORY_MODELS is local'],
])('with %j the reported reason for the models is that %s', (environment, reason) => {
  expect(modelChoiceReason(readSettings({ MEMORY_HOME: '/nowhere', ...environment }))).toBe(reason);
});

test('the address of a compatible server also selects the models, and needs no key', () => {
  const { models, openai, embeddings } = loadConfig({
    MEMORY_HOME: '/nowhere',
    OPENAI_BASE_URL: 'http://localhost:11434/v1',
    MEMORY_LLM_MODEL: 'qwen3',
    MEMORY_EMBEDDING_DIM: '768',
  });

  expect(models).toBe('openai');
  expect(openai).toMatchObject({
    apiKey: undefined,
    baseUrl: 'http://localhost:11434/v1',
    model: 'qwen3',
  });
  expect(embeddings).toMatchObject({ provider: 'openai', baseUrl: 'http://localhost:11434/v1', dimension: 768 });
});

test.each([
  ['FALKORDB_PORT', '0', 'a port is a whole number from 1 to 65535'],
  ['FALKORDB_PORT', '65536', 'a port is a whole number from 1 to 65535'],
  ['VALKEY_PORT', '63.5', 'a port is a whole number from 1 to 65535'],
  ['VALKEY_PORT', 'redis', 'a port is a whole number from 1 to 65535'],
  ['VALKEY_TLS', 'yes', 'it must be true or false'],
  ['MEMORY_CONCURRENCY', '-1', 'it must be a whole number from 1'],
  ['MEMORY_MAX_CONTENT_BYTES', '1e400', 'it must be a whole number from 1'],
  ['MEMORY_MODELS', 'OpenAI', 'it must be openai or local'],
  ['MEMORY_EMBEDDING_DIM', '0', 'it must be a whole number from 1 to 8192'],
  ['OPENAI_BASE_URL', 'localhost:1234', 'it must be an http or https address without a password in it'],
  ['OPENAI_BASE_URL', 'http://me@host/v1', 'it must be an http or https address without a password in it'],
  [
    'MEMORY_EXPORT_CRON',
    '0 3 * *',
    'it must be five fields such as "0 3 * * *" (minute, hour, day, month, day of the week), or off',
  ],
  ['MEMORY_EXPORT_TZ', 'Berlin', 'it must be a time zone such as UTC or Europe/Berlin'],
  ...['daily', 'daily=0', 'daily=7,hourly=3', 'daily=-1', 'none'].map((keep) => [
    'MEMORY_ARCHIVE_KEEP',
    keep,
    'it must be like daily=7,weekly=4,monthly=12, with at least one archive, or all',
  ]),
  ['MEMORY_QUEUE_PREFIX', 'a b', 'it takes letters, digits, hyphens, underscores and braces'],
])('%s=%s is rejected by name, with the value and the allowed values', (name, value, reason) => {
  const read = () => loadConfig({ MEMORY_HOME: '/nowhere', [name]: value });

  expect(read).toThrow(ConfigError);
  expect(read).toThrow(`${name} is "${value}", which cannot be used: ${reason}.`);
});

test('the nightly export runs at 03:00 and keeps a limited number of archives by default', () => {
  const read = (more = {}) => loadConfig({ MEMORY_HOME: '/nowhere', ...more });

  expect(read().nightly).toEqual({ cron: '0 3 * * *', timeZone: 'UTC' });
  expect(read().keep).toEqual({ daily: 7, weekly: 4, monthly: 12 });
  expect(read({ MEMORY_EXPORT_TZ: 'Europe/Berlin' }).nightly?.timeZone).toBe('Europe/Berlin');
  expect(read({ MEMORY_EXPORT_CRON: 'off' }).nightly).toBeUndefined();
  expect(read({ MEMORY_ARCHIVE_KEEP: ' weekly = 2 , daily=1' }).keep).toEqual({ daily: 1, weekly: 2, monthly: 0 });
  expect(read({ MEMORY_ARCHIVE_KEEP: 'all' }).keep).toBe('all');
});

test.each([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])('TLS=%s means %s', (value, tls) => {
  expect(loadConfig({ MEMORY_HOME: '/nowhere', VALKEY_TLS: value }).valkey.tls).toBe(tls);
});

test('a home that is writable by others or belongs to another user is rejected', () => {
  const open = join(home, 'open');
  mkdirSync(open);
  chmodSync(open, 0o770);

  expect(() => readSettings({ MEMORY_HOME: open })).toThrow(
    /^Other users of this machine can write into .*open.*chmod 700/,
  );
  chmodSync(open, 0o755);
  expect(readSettings({ MEMORY_HOME: open }).values.MEMORY_HOME).toBe(open);
  const foreign = process.getuid?.() === 0 ? open : '/usr';
  if (foreign === open) chownSync(open, 65_534, 65_534);
  expect(() => readSettings({ MEMORY_HOME: foreign })).toThrow(
    /belongs to another user of this machine; set MEMORY_HOME/,
  );
});

test('a directory in place of the note is ignored', () => {
  const other = join(home, 'other');
  mkdirSync(join(other, 'running.json'), { recursive: true });

  expect(readSettings({ MEMORY_HOME: other }).origins.VALKEY_PORT).toBe('default');
});

test('the journal key is a secret, with or without the time from which the key is used', () => {
  const secret = 'x/y'.repeat(11);
  const keyOf = (text: string) => loadConfig({ MEMORY_HOME: '/nowhere', MEMORY_JOURNAL_KEY: text }).journalKey;

  expect(keyOf(secret)).toEqual({ secret });
  expect(keyOf(`2026-11-29T12:00:00Z/${secret}`)).toEqual({ secret, since: new Date('2026-11-29T12:00:00Z') });
  expect(loadConfig({ MEMORY_HOME: '/nowhere' }).journalKey).toBeUndefined();
  for (const wrong of [
    'short',
    '2026-11-29T12:00:00Z/short',
    '2026-11-29T12:00:00Z/not-quite-as-long',
    'two words of more than thirty-two characters',
  ])
    expect(() => keyOf(wrong)).toThrow(/^MEMORY_JOURNAL_KEY is "…", which cannot be used: it must be like/);
});

test('a key that is set while `up` runs with local models is named in the reason', () => {
  note('{"settings": {"MEMORY_MODELS": "local"}}');
  const reason = (environment: NodeJS.ProcessEnv) =>
    modelChoiceReason(readSettings({ MEMORY_HOME: home, ...environment }));

  expect(reason({})).toBe('`up` chose them');
  expect(reason({ OPENAI_API_KEY: 'sk-1' })).toMatch(
    /^`up` chose them at its start \(OPENAI_API_KEY is set now; .*down/,
  );
});
