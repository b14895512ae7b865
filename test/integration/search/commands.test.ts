import { beforeAll, describe, expect, test } from 'vitest';
import { startWorkers } from '../../../workers/main.ts';
import { environmentOf, failedWith, runCommand } from '../../support/command-line.ts';
import { plainModel } from '../../support/models.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { useMemories } from './memories.ts';

const stores = useStores();
const newMemory = useMemories(stores);
let environment: Record<string, string>;
const run = (args: string[]) => runCommand(args, environment);

beforeAll(async () => {
  const { group, entity, fact, episode } = await newMemory();
  const [harbor, redis] = [await entity('Harbor', { type: 'Project', summary: 'a service' }), await entity('Redis')];
  const told = await episode('told', { metadata: { file: 'a.md' }, mentions: [harbor] });
  await fact(harbor, redis, {
    fact: 'Harbor keeps its sessions in Redis 7',
    validAt: '2025-01-10T00:00:00+00:00',
    invalidAt: '2025-03-01T00:00:00+00:00',
    expiredAt: '2025-05-01T00:00:00+00:00',
    episodes: [told],
  });
  await fact(harbor, redis, { fact: 'Harbor uses Valkey', validAt: '2025-03-01T00:00:00+00:00' });
  environment = { ...environmentOf(stores.config), MEMORY_GROUP: group };
});

describe('history', () => {
  test('prints both intervals of every fact, in columns', async () => {
    const { status, stdout } = await run(['history', 'harbor']);

    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: [
        '2025-01-10 to 2025-03-01  Harbor keeps its sessions in Redis 7  (known 2025-01-01, end known 2025-05-01)',
        `since 2025-03-01          Harbor uses Valkey${' '.repeat(20)}(known 2025-01-01)`,
        '',
      ].join('\n'),
    });
  });

  test('reports an unknown entity in one sentence', async () => {
    expect(await run(['history', 'Nobody'])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'There is no entity "Nobody"; memory-manager entities lists all entities.\n',
    });
  });

  test('gives the same facts as JSON', async () => {
    const document = JSON.parse((await run(['history', 'Harbor', '--json'])).stdout);

    expect(document.entities).toMatchObject([{ name: 'Harbor', type: 'Project' }]);
    expect(document.facts).toHaveLength(2);
  });
});

test.each([
  ['as text', ['--find', 'facts'], /\(since 2025-01-10\)/],
  ['in the default answer', [], /\(since 2025-01-10\)/],
  ['within a budget', ['--budget', '200'], /2025-01-10/],
  ['as JSON', ['--json'], /"invalidAt":null,"createdAt":"2025-01-01[^"]*","expiredAt":null/],
])('an end that was learned later is not printed %s', async (_, options, expected) => {
  const ask = (knownAt: string) =>
    run(['query', 'Harbor keeps its sessions', ...options, '--as-of', '2025-02-01', '--known-at', knownAt]);
  const [before, after] = [(await ask('2025-04-30')).stdout, (await ask('2025-05-01')).stdout];

  expect(before).toMatch(expected);
  expect(before).not.toMatch(/2025-03-01|2025-05-01/);
  expect(after).toMatch(/2025-03-01/);
});

test('query accepts every filter', async () => {
  const worker = await startWorkers(stores.config, ['store'], { languageModel: plainModel() });
  const group = ['--group', newGroup()];
  const store = (text: string, metadata: string, day: string) =>
    run(['store', text, metadata, '--reference-time', day, ...group]);
  await store('Harbor uses Redis.', '{"file":"a.md"}', '2025-01-10');
  await store('Quay runs Lua.', '{"file":"b.md","line":7}', '2025-02-10');
  const query = async (...options: string[]) =>
    (await run(['query', 'Harbor Quay Redis Lua', ...options, ...group])).stdout;
  const [harbor, quay] = ['- Harbor uses Redis (since 2025-01-10)\n', '- Quay runs Lua (since 2025-02-10)\n'];

  expect(await query('--find', 'facts', '--limit', '1', '--rank', 'distance', '--center', 'lua')).toBe(quay);
  expect(await query('--relation', 'RUNS', '--relation', 'EATS')).toBe(quay);
  expect(await query('--from', 'harbor')).toBe(harbor);
  expect(await query('--to', 'Lua')).toBe(quay);
  expect(await query('--about', 'Redis', '--type', 'product')).toBe(harbor);
  expect(await query('--find', 'facts', '--since', '2025-02-01')).toBe(quay);
  expect(await query('--find', 'facts', '--until', '2025-02-01')).toBe(harbor);
  expect(await query('--find', 'facts', '--where', 'file=b.md', '--where', 'line=7')).toBe(quay);
  expect(await query('--known-at', '2025-06-01')).toBe('Nothing relevant is known.\n');
  expect(await query('--find', 'facts', '--min-score', '1000')).toBe('Nothing relevant is known.\n');
  expect(await query('--find', 'entities', '--limit', '1', '--about', 'redis', '--rank', 'mmr')).toMatch(
    /^- (Harbor|Redis) \(Product\)/,
  );
  const document = JSON.parse(await query('--find', 'all', '--json'));
  expect(Object.keys(document)).toEqual(['query', 'group', 'facts', 'episodes', 'entities', 'communities']);
  expect(document.facts[0].sources).toMatchObject([{ name: expect.stringMatching(/^episode_/) }]);
  await worker.close();
});

test('entities are listed in pages and as of a time', async () => {
  expect((await run(['entities', '--limit', '1', '--offset', '1'])).stdout).toBe('Redis  Entity\n');
  expect((await run(['entities', '--as-of', '2024-12-31'])).stderr).toBe(
    'No entity matches these dates, --limit and --offset; without them there are some.\n',
  );
  expect((await run(['entities', '--known-at', '2025-01-02'])).stdout).toContain('Harbor');
});

test.each<[string, string[], RegExp]>([
  [
    'an unknown value of --find',
    ['--find', 'cats'],
    /^--find must be facts, entities, episodes, communities or all, not "cats"\.$/,
  ],
  ['an unknown ranker', ['--rank', 'best'], /^--rank must be rrf, .* or cross-encoder, not "best"\.$/],
  ['the distance ranker without a center', ['--rank', 'distance'], /^--rank distance needs --center/],
  ['metadata without a value', ['--where', 'file'], /^--where must be written key=value, .*, not "file"\.$/],
  ['metadata without a key', ['--where', '=x'], /^--where must be written key=value/],
  ['a score that is not a number', ['--min-score', 'high'], /^--min-score must be a number, not "high"\.$/],
  ['an invalid --known-at', ['--known-at', 'soon'], /^--known-at "soon" is not a date/],
  ['an invalid --since', ['--since', '2025-02-31'], /^--since "2025-02-31" is not a date/],
  ['an empty type', ['--type', ''], /^--type must not be empty\.$/],
  [
    'a ranker that cannot rank the type',
    ['--find', 'episodes', '--rank', 'mmr'],
    /^The ranker mmr cannot rank episodes/,
  ],
])('%s is refused in one sentence', async (_, options, sentence) => {
  expect(await run(['query', 'x', ...options])).toMatchObject(
    failedWith(new RegExp(sentence.source.replace(/\$$/, '\\n$'))),
  );
});
