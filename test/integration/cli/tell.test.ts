import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { environmentOf, failedWith, NO_OUTPUT_OR_SPOOLED, runCommand } from '../../support/command-line.ts';
import { useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

// The commands that hand episodes in, against a worker that only says that it read them.
const stores = useStores();
const ID = '11111111-1111-4111-8111-111111111111';
let environment: Record<string, string>;
let queue: Queue;
let folder: string;
let closers: (() => unknown)[] = [];

beforeAll(async () => {
  environment = environmentOf(stores.config);
  const connection = retryingConnection(stores.config.valkey);
  queue = new Queue('store', { connection, prefix: stores.config.queuePrefix });
  folder = await mkdtemp(join(tmpdir(), 'memory-cli-'));
  return async () => {
    await queue.close();
    connection.disconnect();
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => queue.obliterate({ force: true }));
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

const run = (args: string[], input?: string | Uint8Array) => runCommand(args, environment, input);
const many = (input: string | Uint8Array, ...args: string[]) => run(['store-many', '-', ...args], input);

/** What was queued, after `status` has queued what waits on disk. */
async function jobs() {
  await until('an empty spool', async () => {
    const files = await readdir(join(stores.config.home, 'spool')).catch(() => []);
    if (!files.some((name) => name.endsWith('.json'))) return true;
    await run(['status']);
    return false;
  });
  return (await queue.getJobs(['wait', 'completed', 'failed'], 0, -1, true)).map(({ data }) => data);
}

async function startReader(): Promise<void> {
  const connection = retryingConnection(stores.config.valkey);
  const { queuePrefix } = stores.config;
  const read = async ({ data }: { data: { content: string } }) => {
    if (data.content.includes('unreadable')) throw new UnrecoverableError('Nobody can read it.');
  };
  const worker = new Worker('store', read, { connection, prefix: queuePrefix });
  closers.push(
    () => connection.disconnect(),
    () => worker.close(),
  );
  await worker.waitUntilReady();
}

test.each(['store', 'store-many', 'fact', 'worker', 'up'])('the help of %s fits a screen', async (name) => {
  const { status, stdout, stderr } = await run([name, '--help']);

  const lines = stdout.trimEnd().split('\n');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(lines.length).toBeLessThanOrEqual(24);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
});

test('texts and facts name the command line as their source', async () => {
  await run(['store', 'Harbor uses Redis.', '--no-wait']);
  await run(['fact', 'Mira', 'WORKS_ON', 'Harbor', '--no-wait']);
  await run(['store-many', '-', '--no-wait'], '{"content":"Pier uses Redis."}\n');

  expect((await jobs()).map(({ sourceDescription }) => sourceDescription)).toEqual(['cli', 'cli', 'cli']);
});

describe('store', () => {
  test('accepts a saga, a uuid and a source description', async () => {
    const args = ['--saga', 'monday', '--uuid', ID, '--source-description', 'notes', '--no-wait', '--json'];

    const stored = await run(['store', 'Harbor uses Redis.', ...args]);
    const again = await run(['store', 'Harbor uses Redis.', ...args]);

    expect(JSON.parse(stored.stdout)).toMatchObject({ uuid: ID, committed: false });
    // The name is that of the first unless Valkey was too slow to tell it.
    expect(JSON.parse(again.stdout)).toMatchObject({ uuid: ID, committed: false });
    expect(await jobs()).toMatchObject([
      { uuid: ID, name: JSON.parse(stored.stdout).name, saga: 'monday', sourceDescription: 'notes' },
    ]);
  });

  test.each<[string[], RegExp]>([
    [['--uuid', 'mine'], /^"mine" is not a uuid; leave the uuid out to get a new one/],
    [['--saga', ' '], /^A saga's name has 1 to 200 characters/],
    [['--source', 'fact_triple'], /^--source must be text, message or json, not "fact_triple"/],
  ])('refuses %j in one sentence', async (args, sentence) => {
    expect(await run(['store', 'x', ...args])).toMatchObject(failedWith(sentence));
  });
});

describe('fact', () => {
  test('stores the fact unchanged and waits for it', async () => {
    await startReader();

    const told = await run([
      ...['fact', 'Mira', 'works on', 'Harbor', 'Mira works on Harbor.', '--source-type', 'Person'],
      ...['--target-type', 'Project', '--valid-at', '2025-01-10', '--invalid-at', '2025-03-01', '--json'],
    ]);

    expect(told).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(told.stdout)).toEqual({
      name: expect.stringMatching(/^episode_/),
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      group: stores.config.group,
      committed: true,
    });
    const [{ source, content }] = (await jobs()) as [{ source: string; content: string }];
    expect(source).toBe('fact_triple');
    expect(JSON.parse(content)).toEqual({
      source: 'Mira',
      relation: 'WORKS_ON',
      target: 'Harbor',
      fact: 'Mira works on Harbor.',
      sourceType: 'Person',
      targetType: 'Project',
      validAt: '2025-01-10T00:00:00.000Z',
      invalidAt: '2025-03-01T00:00:00.000Z',
    });
  });

  test('without a worker says so at once and names the episode', async () => {
    const told = await run(['fact', 'Mira', 'KNOWS', 'Ines']);

    expect(told).toMatchObject({ status: 0, stdout: expect.stringMatching(/^episode_\S+\n$/) });
    expect(told.stderr).toMatch(/^The episode is safe in the queue, but no worker is running/);
  });

  test('--no-wait prints only the name', async () => {
    expect(await run(['fact', 'Mira', 'KNOWS', 'Ines', '--no-wait'])).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(NO_OUTPUT_OR_SPOOLED),
    });
  });

  test.each<[string[], RegExp]>([
    [['Mira', 'KNOWS'], /^fact needs more arguments; see memory-manager fact --help/],
    [['', 'KNOWS', 'Ines'], /^The source is empty; give a text/],
    [['Mira', '—', 'Ines'], /^The relation "—" needs letters, such as WORKS_AT/],
    [['Mira', 'KNOWS', 'mira'], /^A fact connects two different entities/],
    [['Mira', 'KNOWS', 'Ines', ''], /^The fact is empty; give a text/],
    [['Mira', 'KNOWS', 'Ines', '--valid-at', 'once'], /^--valid-at "once" is not a date; write it like/],
    [['Mira', 'KNOWS', 'Ines', '--valid-at', '2025-02-01', '--invalid-at', '2025-01-01'], /ends after it began/],
    [['Mira', 'KNOWS', 'Ines', '--source-type', 'a b'], /^The fact's "sourceType" cannot be used; see/],
    [['Mira', 'KNOWS', 'Ines', '--group', 'a b'], /^The group "a b" is not a valid name/],
  ])('refuses %j in one sentence', async (args, sentence) => {
    expect(await run(['fact', ...args])).toMatchObject(failedWith(sentence));
    expect(await jobs()).toEqual([]);
  });
});

describe('store-many', () => {
  const LINES = [
    '{"content": "One\u2028two."}',
    '',
    `{"content": "[1]", "metadata": {"n": 1}, "reference_time": "2025-03-01", "source": "json", "source_description": "notes", "uuid": "${ID}", "saga": "monday"}`,
    '{"content": "Drei Ölpumpen.", "metadata": null, "saga": null}\r',
  ].join('\n');

  test('stores every line and waits until all are processed', async () => {
    await startReader();

    const stored = await many(LINES);

    expect(stored).toMatchObject({ status: 0, stdout: '3 episodes stored.\n', stderr: '' });
    expect(await queue.getCompletedCount()).toBe(3);
    expect((await jobs()).toSorted((a, b) => (a.content < b.content ? -1 : 1))).toMatchObject([
      { content: 'Drei Ölpumpen.', metadata: null, saga: null, source: 'text' },
      { content: 'One\u2028two.', metadata: null },
      {
        content: '[1]',
        metadata: { n: 1 },
        referenceTime: '2025-03-01T00:00:00.000Z',
        source: 'json',
        sourceDescription: 'notes',
        uuid: ID,
        saga: 'monday',
      },
    ]);
  });

  test('stores a file in another group and lists the episodes with --json', async () => {
    const file = join(folder, 'episodes.jsonl');
    await writeFile(file, Array.from({ length: 2000 }, (_, index) => `{"content": "Text ${index}."}`).join('\n'));

    const stored = await run(['store-many', file, '--group', 'many', '--no-wait', '--json']);

    const listed = JSON.parse(stored.stdout) as { uuid: string }[];
    expect(stored).toMatchObject({ status: 0, stderr: expect.stringMatching(NO_OUTPUT_OR_SPOOLED) });
    expect(listed[0]).toMatchObject({ name: expect.any(String), group: 'many', committed: false });
    const kept = (await jobs()) as { uuid: string; content: string; group: string }[];
    expect(kept).toHaveLength(2000);
    expect(kept.map(({ uuid }) => uuid).toSorted()).toEqual(listed.map(({ uuid }) => uuid).toSorted());
    expect(kept.every(({ group }) => group === 'many')).toBe(true);
  });

  test('accepts a text that starts like an option', async () => {
    const content = '- Harbor uses Redis.\n- Harbor uses Valkey.';

    expect((await run(['store', content, '--no-wait'])).status).toBe(0);
    expect(await jobs()).toMatchObject([{ content }]);
  });

  test('reports with --json which episodes were processed', async () => {
    await startReader();

    const stored = await many('{"content": "a"}\n{"content": "unreadable"}\n{"content": "b"}\n', '--json');

    const listed = JSON.parse(stored.stdout) as { committed: boolean }[];
    expect(listed.map(({ committed }) => committed)).toEqual([true, false, true]);
    expect(stored.status).toBe(1);
  });

  test('names the line whose episode failed', async () => {
    await startReader();

    const stored = await many('{"content": "a"}\n\n{"content": "unreadable"}\n{"content": "b"}\n');

    expect(stored).toMatchObject(
      failedWith(/^1 of 3 episodes could not be read; the first is line 3: Nobody can read it\. `/),
    );
  });

  test('without a worker says so at once', async () => {
    const stored = await many('{"content": "a"}');

    expect(stored).toMatchObject({ status: 0, stdout: '1 episode stored.\n' });
    expect(stored.stderr).toMatch(/^The episodes are safe in the queue, but no worker is running to read them; start/);
  });

  test('that times out says what is stored', async () => {
    const stored = await many('{"content": "a"}', '--timeout', '1');

    expect(stored).toMatchObject({ status: 1, stdout: '' });
    expect(stored.stderr).toMatch(
      /did not end within 1 s; the job continues.* Still, 1 episode is stored in the queue/,
    );
  });

  test('of an empty file stores nothing', async () => {
    expect(await many('\n \n')).toMatchObject({ status: 0, stdout: '0 episodes stored.\n' });
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ['invalid JSON', '{"content": "a"', /^Line 3 is not JSON; write one JSON object on each line/],
    ['a list', '["a"]', /^Line 3: it must be a JSON object with "content"/],
    ['null', 'null', /^Line 3: it must be a JSON object with "content"/],
    ['no content', '{"metadata": {}}', /^Line 3: "content" must be text/],
    ['an empty content', '{"content": " "}', /^Line 3: The content is empty; give the text to remember/],
    ['a NUL', '{"content": "a\\u0000"}', /^Line 3: The content has a NUL character at position 2/],
    ['half a surrogate pair', '{"content": "\\ud800"}', /^Line 3: The content has half a character/],
    ['an unknown key', '{"content": "a", "text": "b"}', /^Line 3: "text" is not known; an episode takes content, /],
    ['metadata in text', '{"content": "a", "metadata": "{}"}', /^Line 3: "metadata" must be a JSON object/],
    ['an unknown source', '{"content": "a", "source": "fact_triple"}', /^Line 3: "source" must be text, message or/],
    [
      'an invalid date',
      '{"content": "a", "reference_time": "once"}',
      /^Line 3: reference_time "once" is not a date; write/,
    ],
    ['a number as uuid', '{"content": "a", "uuid": 5}', /^Line 3: "uuid" must be text/],
    ['a wrong uuid', '{"content": "a", "uuid": "5"}', /^Line 3: "5" is not a uuid/],
    ['an empty saga', '{"content": "a", "saga": ""}', /^Line 3: A saga's name has 1 to 200 characters/],
    ['a duplicate uuid', `{"content": "b", "uuid": "${ID}"}`, /^Line 3: The uuid .* another episode of the same/],
    ['bytes that are not UTF-8', new Uint8Array([97, 255]), /^Line 3 is not UTF-8 text; convert the input/],
    ['an endless line', `{"content": "${'x'.repeat(7_400_000)}`, /^Line 3 is longer than \d+ characters/],
  ])('refuses %s in one sentence and stores nothing', async (_, wrong, sentence) => {
    const before = Buffer.from(`{"content": "a", "uuid": "${ID}"}\n\n`);

    expect(await many(Buffer.concat([before, Buffer.from(wrong)]))).toMatchObject(failedWith(sentence));
    expect(await jobs()).toEqual([]);
  });

  test('refuses more than 100,000 lines', async () => {
    const stored = await many('{"content": "a"}\n'.repeat(100_001));

    expect(stored).toMatchObject(
      failedWith(/^There are more than 100000 lines; store them in parts\. Nothing was stored/),
    );
  });

  test.each<[string, RegExp]>([
    ['nowhere.jsonl', /^The file nowhere\.jsonl cannot be read \(ENOENT\)/],
    ['.', /^The file \. cannot be read \(EISDIR\)/],
  ])('refuses the file %s', async (file, sentence) => {
    expect(await run(['store-many', file])).toMatchObject(failedWith(sentence));
  });

  test('never reports success next to an error', async () => {
    const unread = { ...environment, MEMORY_QUEUE_PREFIX: '{nobody-reads}' };
    const input = '{"content": "a"}\n{"content": "b"}';

    const late = await runCommand(['store-many', '-', '--timeout', '1'], unread, input);
    const listed = await runCommand(['store-many', '-', '--timeout', '1', '--json'], unread, input);

    expect(late).toMatchObject({ status: 1, stdout: '' });
    expect(late.stderr).toMatch(/Still, 2 episodes are stored in the queue; 0 of them are in the graph\.\n$/);
    expect(listed.status).toBe(1);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ committed: false }, { committed: false }]);
  });

  test('fails at once while Valkey is down', async () => {
    const away = { ...environment, VALKEY_HOST: '127.0.0.1', VALKEY_PORT: '1' };

    const stored = await runCommand(['store-many', '-'], away, '{"content": "a"}');

    expect(stored).toMatchObject(failedWith(/^Valkey at 127\.0\.0\.1:1 does not answer/));
  });
});

describe('an invalid configuration file', () => {
  const broken = () => ({ ...environment, MEMORY_CONFIG: join(folder, 'broken.json') });
  beforeAll(() => writeFile(join(folder, 'broken.json'), '{"entityTypes": {"My Cat": {}}}'));

  test.each(['worker', 'up'])('stops %s from starting, with one sentence', async (name) => {
    const ended = await runCommand([name], broken());

    expect(ended).toMatchObject(failedWith(/broken\.json: the entity type "My Cat" needs another name/));
  });

  test('that is set but missing is reported', async () => {
    const ended = await runCommand(['worker'], { ...environment, MEMORY_CONFIG: 'nowhere.ts' });

    expect(ended).toMatchObject(
      failedWith(/^The configuration file .*nowhere\.ts does not exist; check MEMORY_CONFIG/),
    );
  });

  test('is ignored by commands that do not read it', async () => {
    expect(await runCommand(['store', 'x', '--no-wait'], broken())).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(NO_OUTPUT_OR_SPOOLED),
    });
  });
});
