import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryManager } from '../../../src/index.ts';
import { MINUTE } from '../../../src/time.ts';
import { environmentOf, failedWith, NO_OUTPUT_OR_SPOOLED, runCommand } from '../../support/command-line.ts';
import { useStores } from '../../support/stores.ts';

// No worker runs in this file.
const stores = useStores();
let environment: Record<string, string>;
beforeAll(() => {
  environment = environmentOf(stores.config);
});
const run = (args: string[], input?: string | Uint8Array) => runCommand(args, environment, input);

const COMMANDS = [
  ...[
    'store',
    'store-many',
    'fact',
    'query',
    'entities',
    'episode',
    'history',
    'communities',
    'saga',
    'forget',
    'import',
  ],
  ...['export', 'archive', 'dead-letter', 'worker', 'up', 'down', 'mcp', 'install', 'hook', 'status', 'config'],
  ...['groups', 'briefing', 'confirm', 'reembed', 'doctor', 'completion', 'logs', 'redact', 'join'],
];
const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;

describe('help', () => {
  test.each([[], ...COMMANDS.map((name) => [name])])('of "%s" fits a screen', async (...command) => {
    const { status, stdout, stderr } = await run([...command.filter(Boolean), '--help']);

    const lines = stdout.trimEnd().split('\n');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('is printed for a call without arguments, and lists every command', async () => {
    const { status, stdout } = await run([]);

    expect(status).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('without a worker', () => {
  test('store says so at once, and the episode is safe', async () => {
    const stored = await run(['store', 'Harbor uses Redis.']);

    expect(stored).toMatchObject({ status: 0, stdout: expect.stringMatching(/^episode_\S+\n$/) });
    expect(stored.stderr).toMatch(
      /^The episode is safe in the queue, but no worker is running .* start one with `memory-manager up` or `memory-manager worker`\.\n$/,
    );
    expect(JSON.parse((await run(['status', '--json'])).stdout).valkey.store.waiting).toBe(1);
  });

  test("store that times out still prints the episode's name", async () => {
    const stored = await run(['store', 'Harbor uses Redis.', '--timeout', '1', '--json']);

    expect(stored.status).toBe(1);
    expect(JSON.parse(stored.stdout)).toMatchObject({ name: expect.stringMatching(/^episode_/), committed: false });
    expect(stored.stderr).toMatch(/did not end within 1 s; the job continues/);
  });

  test('status --require-worker exits with status 1', async () => {
    const [plain, required] = await Promise.all([run(['status']), run(['status', '--require-worker'])]);

    expect([plain.status, required.status]).toEqual([0, 1]);
    expect(required.stdout).toContain('Workers  0');
  });

  test('store --no-wait prints only the name', async () => {
    expect(await run(['store', 'Harbor uses Redis.', '--no-wait'])).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(NO_OUTPUT_OR_SPOOLED),
    });
  });

  test('export says so at once', async () => {
    const exported = await run(['export']);

    expect(exported).toMatchObject(
      failedWith(/^No worker is running.*start one with `memory-manager up` or `memory-manager worker`/),
    );
  });
});

test.each<[string, string[], RegExp]>([
  ['a mistyped command', ['stauts'], /no command "stauts"; did you mean status\? \(memory-manager --help shows all\)/],
  ['a mistyped option', ['query', 'x', '--sicne', 'yesterday'], /'--sicne'; did you mean --since\?/],
  ['an unknown command', ['frobnicate'], /no command "frobnicate"; see memory-manager --help/],
  ['the name of an object property', ['constructor'], /no command "constructor"/],
  ['a missing argument', ['query'], /needs more arguments; see memory-manager query --help/],
  ['too many arguments', ['query', 'two', 'words'], /takes 1 argument; put text in quotes/],
  ['an argument for a command that takes none', ['export', 'x'], /takes no arguments/],
  ['a timeout without a wait', ['status', '--timeout', '5'], /Unknown option '--timeout'; see/],
  [
    'an unknown option',
    ['query', 'x', '--frobnicate'],
    /Unknown option '--frobnicate'; see memory-manager query --help/,
  ],
  ['a missing value', ['query', 'x', '--limit'], /--limit.* argument missing; see/],
  ['a value for a flag', ['query', 'x', '--json=yes'], /--json.* does not take an argument/],
  ['a limit of zero', ['query', 'x', '--limit', '0'], /--limit must be a whole number from 1 to 100, not "0"/],
  ['a limit in words', ['query', 'x', '--limit', 'many'], /--limit must be a whole number/],
  ['a timeout of zero', ['store', 'x', '--timeout', ''], /--timeout must be a whole number/],
  ['a day that does not exist', ['query', 'x', '--as-of', '2025-02-31'], /--as-of "2025-02-31" is not a date; write/],
  ['an hour that does not exist', ['query', 'x', '--as-of', '2025-02-01 25:00'], /is not a date; write it like/],
  [
    'a date in unknown words',
    ['store', 'x', '--reference-time', 'someday'],
    /--reference-time "someday" is not a date/,
  ],
  ['an empty date', ['store', 'x', '--reference-time', ''], /--reference-time "" is not a date/],
  ['an unknown source', ['store', 'x', '--source', 'book'], /--source must be text, message or json, not "book"/],
  ['a group with a space', ['query', 'x', '--group', 'a b'], /group "a b" is not a valid name; use 1 to 128/],
  ['a group with braces', ['store', 'x', '--group', '{a}'], /group "\{a\}" is not a valid name/],
  ['a group without a letter', ['entities', '--group', ''], /group "" is not a valid name/],
  ['the graph of the default group', ['export', '--group', 'default_db'], /name that group "_"/],
  ['a very long group', ['query', 'x', '--group', 'g'.repeat(200)], /is not a valid name; use 1 to 128/],
  ['a group for the status', ['status', '--group', 'a b'], /is not a valid name/],
  ['an empty text', ['store', ''], /content is empty; give the text/],
  ['a blank text', ['store', ' \t\n'], /content is empty/],
  ['an empty query', ['query', ' '], /query is empty; give the words/],
  ['an empty type', ['entities', ''], /type is empty; name one/],
  ['metadata that is a list', ['store', 'x', '[1]'], /metadata must be a JSON object, such as/],
  ['metadata that is null', ['store', 'x', 'null'], /metadata must be a JSON object/],
  ['metadata that is not valid JSON', ['store', 'x', '{a:1}'], /metadata must be a JSON object/],
  ['deeply nested metadata', ['store', 'x', deep], /nested deeper than 64 levels.*make it flatter/],
  [
    'a center without the distance ranker',
    ['query', 'x', '--center', 'Harbor'],
    /^--center works only with --rank dist/,
  ],
  [
    'an end before its start',
    ['query', 'x', '--since', '2025-03-01', '--until', '2025-02-01'],
    /^--since must be before --until/,
  ],
  ['an episode without a name', ['episode', ' '], /episode's name is empty; give it, or the uuid/],
  ['a saga without a name', ['saga', 'show', ''], /name of the saga is empty; `memory-manager saga list`/],
  ['an unknown role', ['worker', '--roles', 'store,cook'], /--roles takes store, export, scheduler, not "cook"/],
])('%s is refused in one sentence', async (_, args, sentence) => {
  expect(await run(args)).toMatchObject(failedWith(sentence));
});

test.each<[string, string | Uint8Array, RegExp]>([
  ['empty text', '', /content is empty/],
  ['a NUL', 'a\0b', /NUL character at position 2; take it out/],
  ['bytes that are not UTF-8', new Uint8Array([97, 255, 254]), /not UTF-8 text; convert it first/],
  ['half a surrogate pair', new Uint8Array([0xed, 0xa0, 0x80]), /not UTF-8 text/],
  [
    'more than the limit',
    'é'.repeat(524_289),
    /more than 1048576 bytes; store it in parts or raise MEMORY_MAX_CONTENT/,
  ],
])('%s on standard input is refused in one sentence', async (_, input, sentence) => {
  expect(await run(['store', '-'], input)).toMatchObject(failedWith(sentence));
});

test('a text exactly at the limit is accepted, and the limit can be configured', async () => {
  const short = { ...environment, MEMORY_MAX_CONTENT_BYTES: '4' };

  const [most, fits, long] = await Promise.all([
    run(['store', '-', '--no-wait'], 'é'.repeat(524_288)),
    runCommand(['store', 'abcd', '--no-wait'], short),
    runCommand(['store', 'abcde', '--no-wait'], short),
  ]);

  expect([most.status, fits.status]).toEqual([0, 0]);
  expect(long).toMatchObject(failedWith(/has 5 bytes and the limit is 4; .*MEMORY_MAX_CONTENT_BYTES/));
});

test.each([
  ['FALKORDB_PORT', '99999', /a port is a whole number from 1 to 65535/],
  ['VALKEY_PORT', 'abc', /a port is a whole number/],
  ['FALKORDB_TLS', 'perhaps', /it must be true or false/],
  ['MEMORY_MODELS', 'clever', /it must be openai or local/],
  ['MEMORY_CONCURRENCY', '0', /it must be a whole number from 1/],
  ['MEMORY_QUEUE_PREFIX', 'a:b', /it takes letters/],
])('the setting %s=%s is refused, and the error names it', async (name, value, reason) => {
  const ended = await runCommand(['query', 'x'], { ...environment, [name]: value });

  expect(ended).toMatchObject(failedWith(reason));
  expect(ended.stderr).toContain(`${name} is "${value}"`);
});

test('a home that is not a folder is refused, and the error names it', async () => {
  const up = await runCommand(['up'], { ...environment, MEMORY_HOME: import.meta.filename });

  expect(up).toMatchObject(failedWith(/^The folder .* cannot be created \(EEXIST\); check MEMORY_HOME/));
});

test('output to a closed pipe is not a failure', () => {
  const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
  const command = `("${process.execPath}" "${main}" query x; echo "status $?" >&2) | true`;
  const env = { PATH: process.env.PATH, ...environment };

  expect(spawnSync('sh', ['-c', command], { env, encoding: 'utf8', timeout: 2 * MINUTE }).stderr).toBe('status 0\n');
});

test('config shows where values come from, and no secret', async () => {
  const secrets = { OPENAI_API_KEY: 'sk-secret', VALKEY_PASSWORD: 'hush' };

  const [text, json] = await Promise.all([
    runCommand(['config'], { ...environment, ...secrets }),
    runCommand(['config', '--json'], { ...environment, ...secrets }),
  ]);

  expect(text.stdout + json.stdout).not.toMatch(/sk-secret|hush/);
  expect(JSON.parse(json.stdout)).toMatchObject({
    OPENAI_API_KEY: { value: '(set)', origin: 'environment' },
    VALKEY_PORT: { value: environment.VALKEY_PORT, origin: 'environment' },
    MEMORY_CONCURRENCY: { value: '16', origin: 'default' },
  });
});

test('no refused input is in the queue or the graph', async () => {
  const memory = new MemoryManager({ ...stores.config, group: 'a' });

  expect(await memory.getGraphSize()).toMatchObject({ nodes: 0 });
  expect((await memory.getJobCounts('store')).failed).toBe(0);
  await memory.close();
});
