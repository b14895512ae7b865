import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RunningWorkers, startWorkers } from '../../../../workers/main.ts';
import { environmentOf, failedWith, runCommand, startCommand } from '../../../support/command-line.ts';
import { type McpClient, mcpClientOf } from '../../../support/mcp-client.ts';
import { newGroup, useStores } from '../../../support/stores.ts';
import { until } from '../../../support/wait.ts';

const stores = useStores();
const folder = mkdtempSync(join(tmpdir(), 'memory-mcp-'));
const tokenFile = join(folder, 'keys', 'token');
const running: ChildProcess[] = [];
const clients: McpClient[] = [];
let workers: RunningWorkers;
/** Asked by all tests that do not end it. */
let shared: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  workers = await startWorkers(stores.config, ['store']);
  shared = await start();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((it) => it.close().catch(() => {})));
  await Promise.all(running.filter((child) => child !== shared.child).map(stop));
});
afterAll(async () => {
  if (shared) await stop(shared.child);
  await workers?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(port = 0) {
  const child = startCommand(['mcp', '--http', `${port}`, '--token-file', tokenFile], environmentOf(stores.config));
  running.push(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await until('the server that says its address', () => /token is/.test(said));
  const url = new URL(/http:\S+\/mcp/.exec(said)?.[0] ?? '');
  return { child, url, output: () => said, token: readFileSync(tokenFile, 'utf8').trim() };
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  return status as number | null;
}

async function connect(url: URL, token: string, mode: 'legacy' | 'auto' = 'legacy'): Promise<McpClient> {
  const client = new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode } });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const asked = mcpClientOf(client);
  clients.push(asked);
  return asked;
}

/** Unlike `fetch` this lets a test say which host it means. */
function post(url: URL, headers: Record<string, string | undefined>, body = '{}') {
  const usual = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const given = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined);
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers: Object.fromEntries(given) }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('two clients share one memory, with the protocols of 2025 and 2026', async () => {
  const { url, token } = shared;
  const [one, other] = [await connect(url, token), await connect(url, token, 'auto')];
  const group_id = newGroup();

  const { uuid } = await one.call('add_memory', { name: 'x', episode_body: 'Harbor uses Redis.', group_id });
  await expect.poll(async () => (await other.call('get_memory_status', { uuid, group_id })).state).toBe('committed');
  const { facts } = await other.call('search_memory_facts', { query: 'Harbor', group_ids: [group_id] });

  expect(facts).toMatchObject([{ episodes: [uuid] }]);
  expect((await one.client.listTools()).tools.map(({ name }) => name)).not.toContain('clear_graph');
});

test('the token is created once, stored privately and required', async () => {
  const { url, token, output } = shared;
  expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
  expect(output()).toContain(token);

  expect((await post(url, {})).status).toBe(401);
  expect((await post(url, { authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await post(url, { authorization: `Basic ${token}` })).status).toBe(401);
  expect((await post(url, { authorization: `Bearer ${token}` })).status).toBe(400);

  const second = await start();
  expect(second.token).toBe(token);
  expect(second.output()).not.toContain(token);
});

test('only programs and pages of this machine are accepted', async () => {
  const { url, token } = shared;
  const listing = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const status = async (headers: Record<string, string>) =>
    (await post(url, { authorization: `Bearer ${token}`, ...headers }, listing)).status;

  expect(await status({ host: 'evil.example' })).toBe(403);
  expect(await status({ origin: 'https://evil.example' })).toBe(403);
  expect(await status({ origin: 'null' })).toBe(403);
  expect(await status({ origin: 'http://localhost:3000' })).toBe(200);
  expect(await status({ host: 'localhost' })).toBe(200);
  expect((await post(new URL('/health', url), { host: 'evil.example' })).status).toBe(403);
});

const LISTING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });

test.each([
  ['application/json', 'application/json'],
  ['*/*', 'application/json'],
  [undefined, 'application/json'],
  ['application/json;q=0.9, text/plain', 'application/json'],
  ['text/event-stream', 'text/event-stream'],
  ['application/json, text/event-stream', 'text/event-stream'],
])('a client that accepts %s is answered with %s', async (accept, type) => {
  const { url, token } = shared;

  const answer = await post(url, { authorization: `Bearer ${token}`, accept }, LISTING);

  expect(answer).toMatchObject({ status: 200, type });
  const json = type === 'application/json' ? answer.text : (/^data: (.*)$/m.exec(answer.text)?.[1] ?? '');
  expect(JSON.parse(json)).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
});

test('a client that accepts neither format gets an error', async () => {
  const { url, token } = shared;
  const answer = await post(url, { authorization: `Bearer ${token}`, accept: 'text/html' }, LISTING);

  expect(answer).toMatchObject({ status: 406, text: expect.stringContaining('application/json') });
});

test('null in place of params is accepted', async () => {
  const { url, token } = shared;
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list', params: null });

  const answer = await post(url, { authorization: `Bearer ${token}`, accept: 'application/json' }, body);

  expect(JSON.parse(answer.text)).toMatchObject({ id: 7, result: { tools: expect.any(Array) } });
});

test('a request that is too long, not JSON or at another path is refused', async () => {
  const { url, token } = shared;
  const authorization = `Bearer ${token}`;

  expect((await post(url, { authorization }, 'x'.repeat(9_000_000)).catch(() => ({ status: 413 }))).status).toBe(413);
  expect((await post(url, { authorization }, '{"jsonrpc":')).status).toBe(400);
  expect((await post(new URL('/other', url), { authorization })).status).toBe(404);
  expect(await (await fetch(new URL('/health', url))).json()).toEqual({ status: 'healthy', service: 'memory-manager' });
});

test('clients do not notice a restart', async () => {
  const first = await start();
  const client = await connect(first.url, first.token);
  expect(await client.call('get_status')).toMatchObject({ status: 'ok' });

  expect(await stop(first.child)).toBe(0);
  await start(Number(first.url.port));

  expect(await client.call('get_status')).toMatchObject({ status: 'ok' });
});

test('SIGTERM ends the server although a client holds its connection', async () => {
  const { child, url, token } = await start();
  await connect(url, token);
  const held = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  held.on('error', () => {});
  held.write('{');

  expect(await stop(child)).toBe(0);
});

test('an unusable address is reported in one sentence', async () => {
  const { url } = shared;
  const short = join(folder, 'short');
  writeFileSync(short, 'abc\n', { mode: 0o600 });
  const open = join(folder, 'open');
  writeFileSync(open, `${'x'.repeat(40)}\n`);
  chmodSync(open, 0o644);
  const run = (...args: string[]) => runCommand(['mcp', ...args], environmentOf(stores.config));

  expect(
    await Promise.all([
      run('--http', url.port, '--token-file', tokenFile),
      run('--http', '0', '--token-file', short),
      run('--http', '0', '--token-file', folder),
      run('--http', '0', '--token-file', open),
      run('--allow-clear', '--read-only'),
      run('--http', '99999'),
      run('8000'),
      run('--group', 'a b'),
    ]),
  ).toMatchObject([
    failedWith(/^Port \d+ is taken/),
    failedWith(/at least 16 characters/),
    failedWith(/cannot be used \(EISDIR\)/),
    failedWith(/is open to other users \(mode 0644\); run chmod 600 on it/),
    failedWith(/^--allow-clear adds a tool that deletes, and --read-only allows none/),
    failedWith(/a port from 0 to 65535/),
    failedWith(/only with --http/),
    failedWith(/not a valid name/),
  ]);
});
