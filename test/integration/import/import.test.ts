import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ImportFormat, MemoryManager } from '../../../src/index.ts';
import { retryingConnection } from '../../../src/valkey/connections.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand, startCommand } from '../../support/command-line.ts';
import { startProxy } from '../../support/faults/proxy.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';

const stores = useStores();
const model = plainModel();
let folder: string;
let worker: RunningWorkers;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-import-test-'));
  worker = await startWorkers(stores.config, ['store'], { languageModel: model });
});
afterAll(async () => {
  await worker?.close();
  await rm(folder, { recursive: true, force: true });
});

const EPISODES = [
  { name: 'first', content: 'Harbor uses Redis.', reference_time: '2025-01-02T00:00:00Z' },
  { episode_body: 'Harbor not uses Redis. Harbor uses Valkey.', reference_time: '2025-03-01', saga: 'monday' },
];
const MEM0 = {
  results: [
    { id: 'm1', memory: 'Harbor uses Valkey.', user_id: 'mira', created_at: '2025-03-01T09:00:00.123456-07:00' },
  ],
  relations: [{ source: 'mira', relationship: 'works_on', target: 'harbor' }],
};
const MCP = [
  { type: 'entity', name: 'Harbor', entityType: 'software_project', observations: ['uses Valkey', 'Sleeps at night'] },
  { type: 'entity', name: 'Mira', entityType: 'person', observations: [] },
  { type: 'relation', from: 'Mira', to: 'Harbor', relationType: 'works_on' },
];
const INPUTS: [ImportFormat, string][] = [
  ['episodes', EPISODES.map((it) => JSON.stringify(it)).join('\n')],
  ['mem0', JSON.stringify(MEM0, null, 2)],
  ['mcp-memory', MCP.map((it) => JSON.stringify(it)).join('\n')],
];

/** A memory of a group of its own. */
async function withMemory<T>(work: (memory: MemoryManager) => Promise<T>): Promise<T> {
  const memory = new MemoryManager({ ...stores.config, group: newGroup() });
  try {
    return await work(memory);
  } finally {
    await memory.close();
  }
}

describe.each(INPUTS)('%s', (format, text) => {
  test('is imported into the graph, can be queried, and a second import changes nothing', () =>
    withMemory(async (memory) => {
      const first = await memory.import('auto', { text }, { wait: true });
      const [size, calls] = [await memory.getGraphSize(), model.calls];
      const again = await memory.import(format, { text }, { wait: true });

      expect(first).toMatchObject({ format, skipped: 0, failed: 0, duplicates: 0, added: first.texts + first.facts });
      expect(await memory.queryMemory('Valkey')).toMatch(/Harbor uses Valkey/);
      expect(again).toMatchObject({ added: 0, duplicates: first.added, failed: 0 });
      expect(await memory.getGraphSize()).toEqual(size);
      expect(model.calls).toBe(calls);
    }));
});

test('episodes keep their times, their order and their names', () =>
  withMemory(async (memory) => {
    await memory.import('episodes', { text: INPUTS[0]?.[1] ?? '' }, { wait: true });

    const { facts } = await memory.getHistory('Redis');
    expect(facts).toMatchObject([
      { fact: 'Harbor uses Redis', validAt: new Date('2025-01-02'), invalidAt: new Date('2025-03-01') },
    ]);
    expect((await memory.sagas.list()).map(({ name }) => name)).toEqual(['monday']);
    const found = await memory.search('Harbor uses Redis', 5, { asOf: new Date('2025-02-01') });
    const uuid = found.facts[0]?.sources?.[0]?.uuid ?? '';
    expect(await memory.getEpisode(uuid)).toMatchObject({ metadata: { name: 'first' } });
  }));

test('entities of the MCP reference server keep their types, and those of mem0 their relations', () =>
  withMemory(async (memory) => {
    await memory.import('auto', { text: INPUTS[2]?.[1] ?? '' }, { wait: true, referenceTime: new Date('2025-05-01') });
    const entities = await memory.getEntities();
    await memory.import('auto', { text: INPUTS[1]?.[1] ?? '' }, { wait: true });

    expect(entities.map(({ name, type }) => `${name}: ${type}`)).toEqual(
      expect.arrayContaining(['Harbor: SoftwareProject', 'Mira: Person']),
    );
    const facts = (await memory.getHistory('Mira')).facts;
    expect(facts.map(({ fact, validAt }) => [fact.toLowerCase(), validAt])).toEqual(
      expect.arrayContaining([['mira works on harbor', new Date('2025-05-01')]]),
    );
    expect(await memory.queryMemory('who sleeps at night')).toMatch(/Harbor: Sleeps at night/);
  }));

test('episodes go to the groups that they name, unless one group is given for all', () =>
  withMemory(async (memory) => {
    const [own, other] = [newGroup(), newGroup()];
    const text = `{"content": "Harbor uses Kafka.", "group_id": "${own}"}`;

    await memory.import('auto', { text }, { wait: true });
    await memory.import('auto', { text }, { wait: true, group: other });

    for (const group of [own, other]) expect(await memory.queryMemory('Kafka', 5, { group })).toMatch(/Kafka/);
    expect(await memory.queryMemory('Kafka')).not.toMatch(/Kafka/);
  }));

describe('an invalid line', () => {
  const text = '{"content": "Harbor uses Nginx."}\n\n{"content": 5}\n{"content": "Harbor uses Caddy."}\n';

  test('stops the whole import and is named', () =>
    withMemory(async (memory) => {
      await expect(memory.import('episodes', { text })).rejects.toThrow(
        'Line 3: "content" must be text. Nothing was imported.',
      );
      expect(await memory.getGraphSize()).toMatchObject({ episodes: 0 });
    }));

  test('is skipped on request', () =>
    withMemory(async (memory) => {
      const imported = await memory.import('episodes', { text }, { skipBroken: true, wait: true });

      expect(imported).toMatchObject({ added: 2, skipped: 1, problems: ['Line 3: "content" must be text.'] });
      expect(await memory.queryMemory('Caddy')).toMatch(/Caddy/);
    }));

  test('with another text for the same uuid is refused and named, and the existing episode stays', () =>
    withMemory(async (memory) => {
      const uuid = crypto.randomUUID();
      const line = (content: string) => `{"content": "${content}", "uuid": "${uuid}"}\n`;
      await memory.import('episodes', { text: line('Harbor uses Nginx.') }, { wait: true });

      const other = { text: `{"content": "Harbor uses Caddy."}\n${line('Harbor uses Traefik.')}` };

      await expect(memory.import('episodes', other)).rejects.toThrow(/^Line 2: The uuid .* belongs to another episode/);
      await expect(memory.import('episodes', { text: line('a') + line('b') })).rejects.toThrow(
        /^Line 2: The uuid .* of the same input/,
      );
      expect(await memory.import('episodes', other, { skipBroken: true, wait: true })).toMatchObject({
        added: 1,
        skipped: 1,
      });
    }));
});

test('a dry run stores nothing and shows what would be stored', () =>
  withMemory(async (memory) => {
    const [, text = ''] = INPUTS[2] ?? [];

    const imported = await memory.import('auto', { text }, { dryRun: true });

    expect(imported).toMatchObject({ format: 'mcp-memory', dryRun: true, texts: 2, facts: 1, added: 0, duplicates: 0 });
    expect(imported.examples).toMatchObject([
      { content: 'Harbor uses Valkey', source: 'text', metadata: { entity: 'Harbor' } },
      { content: 'Harbor: Sleeps at night' },
      { source: 'fact_triple', content: expect.stringContaining('"sourceType":"Person"') },
    ]);
    expect(await memory.getGraphSize()).toMatchObject({ episodes: 0 });
  }));

test('an aborted import stops storing and can be repeated', () =>
  withMemory(async (memory) => {
    const stop = new AbortController();
    const input = { text: JSON.stringify(MEM0) };
    const onProgress = () => stop.abort(new Error('The program ends.'));

    const aborted = memory.import('mem0', input, { signal: stop.signal, onProgress });

    await expect(aborted).rejects.toThrow('The program ends.');
    expect(await memory.import('mem0', input)).toMatchObject({ added: 2, duplicates: 0 });
  }));

test('streamed input is read as it arrives, and leaves nothing on disk', () =>
  withMemory(async (memory) => {
    const temporary = join(folder, 'temporary');
    await mkdir(temporary);
    // The folder for temporary files of the machine is everybody's.
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    let seen: string[] = [];
    async function* pieces() {
      for (const piece of INPUTS[0]?.[1].match(/[\s\S]{1,5}/g) ?? []) yield Buffer.from(piece);
      seen = await readdir(temporary);
    }

    expect(await memory.import('auto', pieces(), { wait: true })).toMatchObject({ added: 2 });
    expect(seen).toEqual([expect.stringMatching(/^memory-import-/)]);
    expect(await readdir(temporary)).toEqual([]);
  }));

describe('the import command', () => {
  const environment = () => ({ ...environmentOf(stores.config), MEMORY_GROUP: newGroup() });

  test('shows a preview, imports, and reports the second time that nothing is new', async () => {
    const [own, file] = [environment(), join(folder, 'memory.jsonl')];
    await writeFile(file, INPUTS[2]?.[1] ?? '');

    const dry = await runCommand(['import', file, '--dry-run', '--reference-time', '2025-05-01'], own);
    const first = await runCommand(['import', file, '--wait'], own);
    const again = await runCommand(['import', 'mcp-memory', '-', '--json'], own, INPUTS[2]?.[1]);

    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout.replaceAll(own.MEMORY_GROUP, 'mine')).toBe(
      [
        'Would import 2 texts and 1 given fact (mcp-memory), such as:',
        '- Harbor uses Valkey (text, 2025-05-01T00:00:00Z, mine)',
        '- Harbor: Sleeps at night (text, 2025-05-01T00:00:00Z, mine)',
        '- Mira works on Harbor (fact_triple, 2025-05-01T00:00:00Z, mine)\n',
      ].join('\n'),
    );
    expect(first).toMatchObject({ status: 0, stderr: '', stdout: 'Imported 2 texts and 1 given fact (mcp-memory).\n' });
    expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, duplicates: 3 });
    expect((await runCommand(['import', file], own)).stdout).toBe(
      'Nothing new: 2 texts and 1 given fact (mcp-memory) were imported before.\n',
    );
    expect((await runCommand(['query', 'where does Mira work'], own)).stdout).toMatch(/Mira works on Harbor/);
  });

  test.each<[string, string[], string, RegExp]>([
    ['a missing file', ['nowhere.json'], '', /^The file nowhere\.json cannot be read \(ENOENT\)/],
    ['a folder', ['.'], '', /^The file \. cannot be read \(EISDIR\)/],
    ['an unknown format', ['zep', '-'], '{}', /^import supports episodes, mem0 and mcp-memory, not "zep"/],
    [
      'an invalid line',
      ['-'],
      '{"content":"a"}\n{"content',
      /^Line 2 is not JSON; .* With --skip-broken it is skipped/,
    ],
    ['an unsupported export', ['-'], '[{"chat_messages":[]}]', /^Element 1: it looks like .* and import those\.\n$/],
    ['no file', [], '', /^import needs more arguments/],
  ])('%s is refused in one sentence', async (_, args, input, sentence) => {
    expect(await runCommand(['import', ...args], environment(), input)).toMatchObject(failedWith(sentence));
  });

  test('imports nothing of a damaged file, or the valid lines with --skip-broken', async () => {
    const own = environment();
    const input = '{"results": [{"memory": "Harbor uses Valkey 8."}, {"memory": null}, {"memory": "Mira';

    const whole = await runCommand(['import', '-'], own, input);
    const skipped = await runCommand(['import', '-', '--skip-broken'], own, input);
    const nothing = await runCommand(['import', '-', '--skip-broken'], own, '[{"memory": null}]');

    expect(whole).toMatchObject(
      failedWith(/^Element 2 of results: .* Nothing was imported\. With --skip-broken it is/),
    );
    expect(skipped.stdout).toBe('Imported 1 text and 0 given facts (mem0).\n');
    expect(skipped.stderr).toMatch(/^2 skipped; the first: Element 2 of results: "memory" must be text/);
    expect(nothing).toMatchObject({ status: 1, stdout: 'The input contains nothing to import.\n' });
  });

  test('has a help text that fits a screen', async () => {
    const lines = (await runCommand(['import', '--help'], environment())).stdout.trimEnd().split('\n');

    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('stores each episode once if it is killed halfway and repeated', async () => {
    const COUNT = 20_000;
    // Its own queue, without a worker.
    const own = { ...environment(), MEMORY_QUEUE_PREFIX: `{${newGroup()}}` };
    const file = join(folder, 'many.json');
    const list = Array.from({ length: COUNT }, (_, id) => ({
      id: `m${id}`,
      memory: `Harbor uses Thing${id}.`,
      user_id: 'mira',
    }));
    await writeFile(file, JSON.stringify({ results: list }));
    const connection = retryingConnection(stores.config.valkey);
    const proxy = await startProxy(stores.config.valkey, 'resp');
    const queue = new Queue('store', { connection, prefix: own.MEMORY_QUEUE_PREFIX });
    try {
      const killed = startCommand(['import', file], {
        ...own,
        VALKEY_HOST: proxy.host,
        VALKEY_PORT: String(proxy.port),
      });
      // Valkey never hears the rest, so that the import is in the middle however fast the machine is.
      proxy.intercept({
        matches: (message) => message.some((word) => word.includes('Harbor uses Thing5000.')),
        before: () => {
          killed.kill('SIGKILL');
          return 'drop';
        },
      });
      await once(killed, 'close');
      const before = await queue.getWaitingCount();

      const repeated = await runCommand(['import', file, '--json'], own);

      expect(before).toBeGreaterThan(500);
      expect(before).toBeLessThan(COUNT);
      const { added, duplicates } = JSON.parse(repeated.stdout) as { added: number; duplicates: number };
      expect(added + duplicates).toBe(COUNT);
      expect(duplicates).toBeGreaterThanOrEqual(before);
      expect(await queue.getWaitingCount()).toBe(COUNT);
    } finally {
      await proxy.close();
      await queue.close();
      connection.disconnect();
    }
  });
});
