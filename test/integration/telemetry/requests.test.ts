import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../../support/command-line.ts';
import { initializeMessage, messageLines, parseReplies } from '../../support/mcp-lines.ts';
import { run, startWorker, UNTRACED, useWatched } from './watched.ts';

const watched = useWatched();
const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));
const requestOf = (resource: string) =>
  watched.agent.span((span) => span.name === 'memory.request' && span.resource === resource, resource);

test('the four functions have their own spans, in the service memory-manager', async () => {
  const environment = watched.environment();
  const worker = await startWorker({ ...environment, ...UNTRACED });

  await run(environment, 'store', 'Harbor uses Valkey 8.', '--no-wait');
  await run(environment, 'query', 'Harbor');
  await run(environment, 'entities');
  await run(environment, 'export');

  for (const resource of ['store_episode', 'query_memory', 'get_entities', 'export_to_b2'])
    expect(await requestOf(resource)).toMatchObject({ service: 'memory-manager', resource, error: false });
  expect(watched.agent.spans.filter(({ resource }) => resource === 'store_episode')).toHaveLength(1);
  await worker.stop();
});

test('a failure is marked with its kind and message but not the query', async () => {
  const ended = await runCommand(['saga', 'show', 'a secret name'], watched.environment());

  expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('a secret name') });
  const { error, tags } = await requestOf('saga');
  expect({ error, type: tags['error.type'], sentence: tags['error.message'] }).toEqual({
    error: true,
    type: 'InvalidInputError',
    sentence: 'There is no saga "…".',
  });
});

test('cache hits and misses are reported, with the group', async () => {
  const environment = watched.environment();
  const group = { group: environment.MEMORY_GROUP ?? '' };

  for (const _ of [1, 2, 3]) await run(environment, 'query', 'Harbor');

  expect(watched.agent.counted('opencode.memory.cache_miss', group)).toBe(1);
  expect(watched.agent.counted('opencode.memory.cache_hit', group)).toBe(2);
});

test('our spans are children of the spans of the calling program', async () => {
  const environment = watched.environment();

  const child = spawn(process.execPath, [PROGRAM], { env: { ...environment, DD_SERVICE: 'shop' } });

  expect(await once(child, 'close')).toEqual([0, null]);
  const own = await watched.agent.span(({ name }) => name === 'shop.order');
  const requests = watched.agent.spans.filter(({ name, trace }) => name === 'memory.request' && trace === own.trace);
  expect(requests.map(({ service, resource, error, parent }) => ({ service, resource, error, parent }))).toEqual([
    { service: 'shop', resource: 'store_episode', error: false, parent: own.id },
    { service: 'shop', resource: 'query_memory', error: false, parent: own.id },
    { service: 'shop', resource: 'history', error: true, parent: own.id },
  ]);
  const tags = { group: environment.MEMORY_GROUP ?? '', service: 'shop' };
  expect(watched.agent.counted('opencode.memory.cache_miss', tags)).toBe(1);
});

test.each([
  ['memory-manager', {}],
  ['team-memory', { DD_SERVICE: 'team-memory' }],
])('every span and every metric has the service %s', async (service, named) => {
  const environment = { ...watched.environment(), ...named };
  const worker = await startWorker(environment);
  watched.agent.reset();

  await run(environment, 'store', 'Mira [Person] WORKS_ON Harbor [Project]: Mira works on Harbor.');
  await run(environment, 'query', 'Harbor');
  await worker.stop();

  const { spans, metrics } = watched.agent;
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['memory.command', 'memory.write']));
  expect(new Set(spans.map((span) => span.service))).toEqual(new Set([service]));
  expect(metrics.map(({ name }) => name)).toContain('opencode.memory.cache_miss');
  expect(new Set(metrics.map(({ tags }) => tags.service))).toEqual(new Set([service]));
  // What a command looks up on its way is no call of anybody.
  expect(spans.filter(({ resource }) => resource === 'workers')).toEqual([]);
});

test('output of DD_TRACE_DEBUG goes to stderr, and stdout has only the answers', async () => {
  const environment = { ...watched.environment(), DD_TRACE_DEBUG: 'true' };

  const asked = await runCommand(['query', 'Harbor', '--json'], environment);
  const mcp = await runCommand(['mcp'], environment, messageLines([initializeMessage('2025-06-18')]));

  expect(JSON.parse(asked.stdout)).toMatchObject({ query: 'Harbor' });
  expect(parseReplies(mcp.stdout)).toMatchObject([{ id: 1, result: { protocolVersion: '2025-06-18' } }]);
  for (const { stderr } of [asked, mcp]) expect(stderr).toMatch(/plugin/i);
});

test('an agent that accepts the connection and never answers does not delay the end of a command', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const environment = watched.environment();

  const ended = await runCommand(['entities'], { ...environment, DD_TRACE_AGENT_URL: `http://127.0.0.1:${port}` });

  expect(ended.status).toBe(0);
});
