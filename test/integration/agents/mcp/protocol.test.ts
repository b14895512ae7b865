import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config.ts';
import { environmentOf, runCommand } from '../../../support/command-line.ts';
import { startMcp } from '../../../support/mcp-client.ts';
import { initializeMessage, messageLines, parseReplies } from '../../../support/mcp-lines.ts';

// No server is needed to shake hands.
const environment: Record<string, string> = { ...environmentOf(loadConfig({})), VALKEY_PORT: '1', FALKORDB_PORT: '1' };

async function said(...messages: object[]) {
  return parseReplies((await runCommand(['mcp'], environment, messageLines(messages))).stdout);
}

test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'the server speaks protocol version %s',
  async (version) => {
    const [welcome, listed] = await said(initializeMessage(version), { jsonrpc: '2.0', id: 2, method: 'tools/list' });

    expect(welcome.result.protocolVersion).toBe(version);
    expect(listed.result.tools.map((it: { name: string }) => it.name)).toContain('add_memory');
  },
);

test('an unknown protocol version gets the latest known one', async () => {
  const [welcome] = await said(initializeMessage('2099-01-01'));

  expect(welcome.result.protocolVersion).toMatch(/^2025-/);
});

test('the protocol of 2026 is used with a client that requests it', async () => {
  const mcp = await startMcp([], environment, { versionNegotiation: { mode: 'auto' } });

  const { tools } = await mcp.client.listTools();

  expect(mcp.client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  expect(tools.map(({ name }) => name)).toContain('add_memory');
  expect(await mcp.call('get_status')).toMatchObject({ status: 'error' });
  await mcp.close();
});

test("the tools are Graphiti's, each annotated with its effect on the memory", async () => {
  const mcp = await startMcp([], environment);
  const { tools } = await mcp.client.listTools();
  await mcp.close();

  const kinds = tools.map(({ name, annotations }) => [
    name,
    annotations?.readOnlyHint ? 'reads' : annotations?.destructiveHint ? 'removes' : 'writes',
  ]);
  expect(Object.fromEntries(kinds)).toEqual({
    ...{ search_memory_facts: 'reads', search_nodes: 'reads', get_episodes: 'reads', get_entity_edge: 'reads' },
    ...{ get_episode_entities: 'reads', get_memory_status: 'reads', get_status: 'reads', get_briefing: 'reads' },
    ...{ add_memory: 'writes', add_triplet: 'writes', summarize_saga: 'writes', build_communities: 'writes' },
    ...{ delete_episode: 'removes', delete_entity_edge: 'removes' },
  });
  for (const { inputSchema, outputSchema } of tools) {
    expect(inputSchema).toMatchObject({ type: 'object', properties: expect.any(Object) });
    expect(inputSchema).not.toHaveProperty('additionalProperties', false);
    expect(outputSchema).toMatchObject({ type: 'object', required: expect.arrayContaining(['message']) });
  }
});

test('clear_graph is listed only if it is allowed', async () => {
  const mcp = await startMcp(['--allow-clear'], environment);

  expect((await mcp.client.listTools()).tools.map(({ name }) => name)).toContain('clear_graph');
  await mcp.close();
});

test('a project has its own group, and the user has another', async () => {
  const { MEMORY_GROUP: _, ...rest } = environment;
  const cwd = mkdtempSync(join(tmpdir(), 'project-'));
  const identity = ['-c', 'user.name=Mira', '-c', 'user.email=mira@example.org'];
  execFileSync('git', ['init', '--quiet'], { cwd });
  execFileSync('git', [...identity, 'commit', '--quiet', '--allow-empty', '-m', 'Begin'], { cwd });
  const mcp = await startMcp(['--group', 'auto'], { ...rest, MEMORY_USER_GROUP: 'user_mira' }, { cwd });

  const instructions = mcp.client.getInstructions();
  await mcp.close();
  rmSync(cwd, { recursive: true });

  expect(instructions).toMatch(/the group is "repo_[\w-]+", and searches also read "user_mira"/);
});

test('the instructions are the same text each time', async () => {
  const [first, second] = [await said(initializeMessage('2025-06-18')), await said(initializeMessage('2025-06-18'))];

  expect(first[0].result.instructions).toBe(second[0].result.instructions);
  expect(first[0].result.instructions.length).toBeLessThan(2000);
});
