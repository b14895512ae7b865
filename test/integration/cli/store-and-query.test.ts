import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MemoryManager } from '../../../src/memory.ts';
import { type RunningWorkers, startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

const stores = useStores();
let worker: RunningWorkers;

beforeAll(async () => {
  worker = await startWorkers(stores.config, ['store', 'export'], { languageModel: plainModel() });
});
afterAll(() => worker.close());

/** A command line with a memory of its own. */
function newMemory() {
  const group = newGroup();
  const environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };
  const run = (args: string[], input?: string | Uint8Array) => runCommand(args, environment, input);
  return { group, run };
}

describe('store', () => {
  test("prints the episode's name, and the fact can be queried at once", async () => {
    const { run } = newMemory();

    const stored = await run(['store', 'Harbor uses Redis.', '{"file":"docs/harbor.md"}']);

    expect(stored).toMatchObject({ status: 0, stderr: '' });
    expect(stored.stdout).toMatch(/^episode_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\n$/);
    expect((await run(['query', 'Harbor'])).stdout).toMatch(/^- Harbor uses Redis\. \(said \d{4}-\d\d-\d\d\)\n$/);
  });

  test('stores colour codes as text, and never prints control sequences', async () => {
    const { run } = newMemory();
    const text =
      'Harbor uses Valkey 8\u001b]0;owned\u0007\u001b[2K\u001b[1A. Ann leads \u001b[8mHarbor\u001b[0m. \u001b[31mERROR\u001b[0m Harbor depends on Kafka 3.';
    const name = (await run(['store', '-'], text)).stdout.trim();

    const printed = await Promise.all(
      [
        ['query', 'Harbor'],
        ['query', 'Harbor', '--json'],
        ['entities'],
        ['entities', '--json'],
        ['history', 'Harbor'],
        ['history', 'Har\u001b[2Jbor'],
        ['episode', name],
        ['episode', name, '--json'],
        ['episode', 'a\u009b2J'],
        ['nothing\u001b[2J'],
        ['saga', 'show', 'x\u001b[2J'],
        ['dead-letter', 'show', 'x\u001b[2J'],
      ].map((args) => run(args)),
    );

    for (const { stdout, stderr } of printed) expect(stdout + stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    const [query, , entities, entitiesJson, , , episode, episodeJson] = printed.map(({ stdout }) => stdout);
    expect(query).toContain('Harbor');
    expect(entities).not.toMatch(/owned|\[\d*[mKA]/);
    expect(JSON.parse(entitiesJson ?? '')).toBeInstanceOf(Array);
    // As it was stored, and shown as JSON writes it.
    expect(JSON.parse(episodeJson ?? '').content).toBe(text);
    expect(episode).toContain('\\u001b]0;owned\\u0007');
  });

  test('reads standard input', async () => {
    const { run } = newMemory();

    await run(['store', '-'], 'Hafen nutzt Ölpumpen.\n');

    expect((await run(['query', 'Hafen'])).stdout).toContain('Hafen nutzt Ölpumpen');
  });

  test('accepts content that looks like an option after --', async () => {
    const { run } = newMemory();

    const stored = await run(['store', '--json', '--', '--help']);

    expect(JSON.parse(stored.stdout)).toMatchObject({ committed: true });
  });

  test('prints JSON of a stable shape with --json', async () => {
    const { run, group } = newMemory();

    const stored = await run(['store', 'Harbor uses Redis.', '--json']);

    expect(JSON.parse(stored.stdout)).toEqual({
      name: expect.stringMatching(/^episode_/),
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      group,
      committed: true,
    });
  });

  test('without waiting prints a receipt that a query can wait for', async () => {
    const { run } = newMemory();
    const stored = JSON.parse((await run(['store', 'Harbor uses Redis.', '--no-wait', '--json'])).stdout);
    // Hands in what waits on disk, since Valkey was slow to accept it.
    await run(['status']);

    const answer = await run(['query', 'Harbor', '--after', stored.uuid]);

    expect(stored.committed).toBe(false);
    expect(answer.stdout).toContain('Harbor uses Redis');
  });

  test('dates an episode as requested', async () => {
    const { run } = newMemory();
    await run(['store', 'Harbor uses Redis.', '--reference-time', '2025-03-01']);

    const [before, since] = await Promise.all([
      run(['query', 'Harbor', '--as-of', '2025-02-28']),
      run(['query', 'Harbor', '--as-of', '2025-03-02']),
    ]);

    expect(before.stdout).toBe('Nothing relevant is known.\n');
    expect(since.stdout).toBe('- Harbor uses Redis. (said 2025-03-01)\n');
  });
});

describe('notes', () => {
  test('store --kind and --replaces change the briefing, within its budget', async () => {
    const { run, group } = newMemory();
    const store = async (...args: string[]) => JSON.parse((await run(['store', ...args, '--json'])).stdout).uuid;
    await store('Always sign commits.', '--kind', 'rule');
    await store('We chose Valkey because its licence is free.', '--kind', 'decision');
    const task = await store('Move the cache to Kiel.', '--kind', 'task');

    const before = await run(['briefing']);
    await store('Move the cache to Bremen.', '--kind', 'task', '--replaces', task);
    const after = await run(['briefing', '--no-cache']);
    const [json, small] = await Promise.all([run(['briefing', '--json']), run(['briefing', '--budget', '50'])]);

    expect(before).toMatchObject({ status: 0, stderr: '' });
    expect(before.stdout).toMatch(/^Rules and preferences of the user:\n- Always sign commits\. \(/m);
    expect(before.stdout).toMatch(/^Open tasks:\n- Move the cache to Kiel\. \(/m);
    expect(before.stdout).toMatch(/^Decisions:\n- We chose Valkey because its licence is free\. \(/m);
    expect(after.stdout).toMatch(/^Open tasks:\n- Move the cache to Bremen\. \(/m);
    expect(after.stdout).not.toContain('Move the cache to Kiel.');
    expect(JSON.parse(json.stdout)).toMatchObject({
      group,
      pending: 0,
      tasks: [{ text: 'Move the cache to Bremen.' }],
    });
    expect(small.stdout).toContain('Always sign commits.');
    expect(small.stdout.length).toBeLessThanOrEqual(4 * 50);
    expect(await run(['store', 'x', '--kind', 'wish'])).toMatchObject(
      failedWith(/^--kind must be fact, decision, rule or/),
    );
  });

  test('confirm adds a rule that an agent proposed to the briefing', async () => {
    const { run, group } = newMemory();
    const memory = new MemoryManager({ ...stores.config, group });
    onTestFinished(() => memory.close());
    const proposed = await memory.enqueueEpisode('Always sign commits.', null, { kind: 'rule' });
    await memory.waitFor(proposed);

    const before = await run(['briefing', '--no-cache']);
    const confirmed = await run(['confirm', proposed.uuid]);
    const after = await run(['briefing']);

    expect(before.stdout).not.toContain('Always sign commits.');
    expect(before.stderr).toContain(
      'One rule that an agent proposed is pending; `memory-manager confirm <uuid>` confirms a rule.\n',
    );
    expect(confirmed).toEqual({ status: 0, stdout: 'Confirmed: Always sign commits.\n', stderr: '' });
    expect(after.stdout).toContain('- Always sign commits. (');
    expect(after.stderr).toBe('');
    expect(await run(['confirm', '11111111-1111-4111-8111-111111111111'])).toMatchObject(failedWith(/There is no /));
  });

  test('unpin takes a rule out of the briefing, and confirm brings it back', async () => {
    const { run, group } = newMemory();
    const memory = new MemoryManager({ ...stores.config, group });
    onTestFinished(() => memory.close());
    const rule = await memory.enqueueEpisode('Always sign commits.', null, { kind: 'rule', confirmed: true });
    await memory.waitFor(rule);

    const ended = await run(['unpin', rule.uuid]);
    const without = await run(['briefing']);
    const again = await run(['unpin', rule.uuid]);
    await run(['confirm', rule.uuid]);

    expect(ended).toEqual({ status: 0, stdout: 'Ended: Always sign commits.\n', stderr: '' });
    expect(without.stdout).not.toContain('Always sign commits. (');
    expect(again).toMatchObject(failedWith(/has no rule that applies/));
    expect((await run(['briefing'])).stdout).toContain('- Always sign commits. (');
  });

  test('the briefing of an empty memory is one sentence', async () => {
    expect(await newMemory().run(['briefing'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'This memory is empty.\n',
    });
  });
});

describe('query', () => {
  test('--budget prints one block within its token budget, and rejects --json', async () => {
    const { run } = newMemory();
    await run(['store', 'Always sign commits to Harbor.', '--kind', 'rule']);
    for (const text of ['Harbor uses Redis.', `Harbor is slow, since ${'it waits for its old cache '.repeat(20)}.`])
      await run(['store', text]);

    const [block, small, json] = await Promise.all([
      run(['query', 'What does Harbor use, and why is Harbor slow?', '--budget', '1000']),
      run(['query', 'What does Harbor use, and why is Harbor slow?', '--budget', '60']),
      run(['query', 'Harbor', '--budget', '60', '--json']),
    ]);

    expect(block.stdout).toMatch(/^Rules and preferences of the user:\n- Always sign commits to Harbor\. \(/);
    expect(block.stdout).toMatch(/^Current facts:\n- Harbor uses Redis\b.*episode [0-9a-f-]{36}\)$/m);
    expect(block.stdout).toMatch(/^What was said:\n/m);
    expect(small.stdout.length).toBeLessThanOrEqual(4 * 60);
    expect(small.stdout).toContain('Harbor');
    expect(json).toMatchObject(failedWith(/^--budget prints text and --json prints data; use only one of them\./));
  });

  test('prints at most --limit bullets, and the same results as JSON', async () => {
    const { run, group } = newMemory();
    for (const text of ['Harbor uses Redis.', 'Harbor uses Valkey.', 'Harbor uses Lua.']) await run(['store', text]);

    const [text, json] = await Promise.all([
      run(['query', 'What does Harbor use?', '--limit', '2']),
      run(['query', 'What does Harbor use?', '--limit', '2', '--json']),
    ]);

    const document = JSON.parse(json.stdout);
    expect(text.stdout.trim().split('\n')).toHaveLength(2);
    expect(Object.keys(document)).toEqual(['query', 'group', 'facts', 'episodes', 'passages']);
    expect(document).toMatchObject({ query: 'What does Harbor use?', group, episodes: [] });
    expect(document.facts).toHaveLength(2);
    expect(document.passages).toHaveLength(2);
    expect(document.facts[0]).toMatchObject({ source: 'Harbor', relation: 'USES', invalidAt: null });
  });

  test('is answered from the cache the second time', async () => {
    const { run, group } = newMemory();
    await run(['store', 'Harbor uses Redis.']);
    const valkey = new Redis({ host: stores.config.valkey.host, port: stores.config.valkey.port });
    const changeCached = async () => {
      for (const key of await valkey.keys(`*query:{${group}}:*`)) {
        const kept = (await valkey.get(key)) ?? '';
        await valkey.set(key, kept.replaceAll('Redis', 'a cache'), 'KEEPTTL');
      }
    };

    // A late change of the memory, such as a passage's vector, ends a cached answer once more.
    await until('an answer from the cache', async () => {
      await run(['query', 'Harbor']);
      await changeCached();
      return (await run(['query', 'Harbor'])).stdout.includes('Harbor uses a cache');
    });
    const fresh = await run(['query', 'Harbor', '--no-cache']);

    expect(fresh.stdout).toContain('Harbor uses Redis');
    valkey.disconnect();
  });

  test('refuses to wait for an episode that was never stored', async () => {
    const { run } = newMemory();

    const answer = await run(['query', 'x', '--after', '11111111-1111-4111-8111-111111111111']);

    expect(answer).toMatchObject(failedWith(/^There is no store job .*give the uuid/));
  });
});

describe('entities', () => {
  test('prints names and types, filters by type, and lists the types', async () => {
    const { run } = newMemory();
    await run(['store', 'Harbor uses redis.']);

    const [all, products, none, json] = await Promise.all([
      run(['entities']),
      run(['entities', 'product']),
      run(['entities', 'Person']),
      run(['entities', 'Product', '--json']),
    ]);

    expect(all.stdout).toBe('Harbor  Product\nredis   Entity\n');
    expect(products.stdout).toBe('Harbor  Product\n');
    expect(none).toMatchObject({ status: 0, stdout: '' });
    expect(none.stderr).toBe('No entity has the type "Person"; there are Entity, Product.\n');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { name: 'Harbor', type: 'Product', summary: expect.stringContaining('Harbor') },
    ]);
  });

  test('of an empty memory prints one sentence', async () => {
    const { run } = newMemory();

    expect(await run(['entities'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'This memory is empty.\n',
    });
  });
});

test('entities of a memory whose episodes name none says so', async () => {
  const { run } = newMemory();
  await run(['store', 'It rained and we went home early.']);

  const none = await run(['entities']);

  expect(none).toMatchObject({ status: 0, stdout: '' });
  expect(none.stderr).toBe(
    'There are no entities yet: the one episode here names none, or no worker has read it yet.\n',
  );
});

describe('export and status', () => {
  test('export prints the name of a file that contains the whole memory as JSON', async () => {
    const { run, group } = newMemory();
    await run(['store', 'Harbor uses Redis.']);

    const exported = await run(['export']);

    const [file = ''] = /graphiti_export_[\dTZ.-]+\.json/.exec(exported.stdout) ?? [];
    const document = JSON.parse(await readFile(join(stores.config.exportDir, file), 'utf8'));
    expect(exported).toMatchObject({ status: 0, stderr: '' });
    expect(document).toMatchObject({ format: 'memory-manager', group });
    expect(document.edges).toHaveLength(3);
  });

  test('export into an unusable folder fails after one attempt', async () => {
    const { run } = newMemory();
    await run(['store', 'Harbor uses Redis.']);
    await rm(stores.config.exportDir, { recursive: true, force: true });
    await writeFile(stores.config.exportDir, 'a file in the place of the folder');
    onTestFinished(() => rm(stores.config.exportDir));

    const exported = await run(['export']);

    expect(exported).toMatchObject(
      failedWith(/The folder .* cannot be used for archives \(EEXIST\); check MEMORY_EXPORT_DIR/),
    );
    const letters = JSON.parse((await run(['dead-letter', 'list', '--queue', 'export', '--json'])).stdout);
    expect(letters).toMatchObject([{ attempts: 1 }]);
  });

  test('status counts waiting and stored episodes', async () => {
    const { run, group } = newMemory();
    await run(['store', 'Harbor uses Redis.']);

    const status = await run(['status', '--json']);

    expect(JSON.parse(status.stdout)).toMatchObject({
      group,
      valkey: { ok: true, workers: 1, store: { waiting: 0, failed: 0 } },
      falkordb: { ok: true, graph: { episodes: 1, entities: 2, facts: 1 } },
    });
  });
});
