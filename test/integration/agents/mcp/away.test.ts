import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startFalkorDB, startValkey } from '../../../../src/embedded/servers.ts';
import { environmentOf, runCommand } from '../../../support/command-line.ts';
import { type McpProcess, startMcp } from '../../../support/mcp-client.ts';
import { callMessage, initializeMessage, messageLines, parseReplies } from '../../../support/mcp-lines.ts';
import { useStores } from '../../../support/stores.ts';

const stores = useStores();
const opened: McpProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((mcp) => mcp.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'memory-mcp-'));
  folders.push(folder);
  return folder;
}

async function start(environment: Record<string, string>): Promise<McpProcess> {
  const mcp = await startMcp([], { ...environmentOf(stores.config), MEMORY_HOME: newHome(), ...environment });
  opened.push(mcp);
  return mcp;
}

/** Nothing listens there. */
const NOBODY = { VALKEY_PORT: '1', FALKORDB_PORT: '1' };
const ADDED = { name: 'x', episode_body: 'Harbor uses Redis.' };

test('without servers the tools are listed, and each call says which server is down', async () => {
  const mcp = await start(NOBODY);

  const { tools } = await mcp.client.listTools();
  const said = await Promise.all([
    mcp.refusal('search_memory_facts', { query: 'Harbor' }),
    mcp.refusal('search_nodes', { query: 'Harbor' }),
    mcp.refusal('get_episodes'),
    mcp.refusal('delete_episode', { uuid: 'x' }),
  ]);

  expect(tools.length).toBeGreaterThan(10);
  for (const sentence of said) expect(sentence).toMatch(/^(FalkorDB|Valkey|Nothing)[^\n]*\.$/);
  expect(await mcp.call('get_status')).toMatchObject({ status: 'error', message: expect.stringMatching(/FalkorDB/) });
});

test('without Valkey an episode is spooled on disk, and its status says so', async () => {
  const mcp = await start(NOBODY);

  const receipt = await mcp.call('add_memory', ADDED);

  expect(receipt).toMatchObject({ state: 'spooled', message: expect.stringMatching(/on this machine's disk/) });
  expect(await mcp.call('get_memory_status', { uuid: receipt.uuid })).toMatchObject({ state: 'spooled' });
});

test('frozen servers block no call, and the episode is queued once they recover', async () => {
  const [valkey, falkordb] = await Promise.all([startValkey(), startFalkorDB()]);
  const mcp = await start({ VALKEY_PORT: `${valkey.port}`, FALKORDB_PORT: `${falkordb.port}` });
  let receipt: Record<string, unknown>;
  await valkey.kill('SIGSTOP');
  await falkordb.kill('SIGSTOP');
  try {
    const [added, refused] = await Promise.all([
      mcp.call('add_memory', ADDED),
      mcp.refusal('search_memory_facts', { query: 'Harbor' }),
    ]);
    receipt = added;
    expect(added).toMatchObject({ state: 'spooled' });
    expect(refused).toMatch(/did not answer|does not answer/);
    expect((await mcp.client.listTools()).tools.length).toBeGreaterThan(10);
  } finally {
    await valkey.kill('SIGCONT');
    await falkordb.kill('SIGCONT');
  }

  await expect.poll(async () => (await mcp.call('get_memory_status', { uuid: receipt.uuid })).state).toBe('waiting');
  await Promise.all([valkey.stop(), falkordb.stop()]);
});

/** Runs the program with some messages on its standard input, which then ends. */
async function pipe(messages: readonly (object | string)[], environment: Record<string, string> = {}) {
  const home = newHome();
  const env = { ...environmentOf(stores.config), MEMORY_HOME: home, ...environment };
  const { stdout, ...ended } = await runCommand(['mcp'], env, messageLines(messages));
  return { ...ended, answers: parseReplies(stdout), home };
}

test('requests before the end of the input are answered, and the program exits', async () => {
  const { status, answers, stderr } = await pipe([
    initializeMessage('2025-06-18'),
    callMessage(2, 'add_memory', ADDED),
  ]);

  expect(status).toBe(0);
  expect(answers).toMatchObject([{ id: 1 }, { id: 2, result: { structuredContent: { state: 'waiting' } } }]);
  expect(stderr).toBe('');
});

test('empty or unreadable input ends the program without extra output', async () => {
  expect(await pipe([])).toMatchObject({ status: 0, answers: [], stderr: '' });
  const rubbish = await pipe(['{"jsonrpc":', '[]', initializeMessage('2025-06-18')]);
  expect(rubbish.status).toBe(0);
  expect(rubbish.answers.at(-1)).toMatchObject({ id: 1, result: { serverInfo: { name: 'memory-manager' } } });
});

test('an episode added just before the end of the input is on disk without Valkey', async () => {
  const { status, home } = await pipe([callMessage(1, 'add_memory', ADDED)], NOBODY);

  expect(status).toBe(0);
  expect(readdirSync(join(home, 'spool')).filter((name) => name.endsWith('.json'))).toHaveLength(1);
});
