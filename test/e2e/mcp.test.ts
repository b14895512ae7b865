import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { newSession, sendPrompt } from '../support/opencode/host.ts';
import { isOpencodeInstalled, useAgent } from '../support/opencode/session.ts';
import { type AgentRequest, shownTo, textOf } from '../support/opencode/stub-model.ts';
import { useStores } from '../support/stores.ts';

describe.skipIf(!isOpencodeInstalled)('the MCP server in the real opencode', () => {
  const stores = useStores();
  const agent = useAgent(stores);
  const nameOf = ({ tools }: AgentRequest, end: string) =>
    tools?.map((tool) => tool.function.name).find((name) => name.endsWith(end)) ?? end;

  test('explains its use, stores what one session adds, and shows it to the next', async () => {
    const command = [process.execPath, join(inject('built'), 'dist', 'bin', 'main.cjs'), 'mcp', '--group', 'auto'];
    const host = await agent.host({
      config: {
        plugin: [],
        mcp: { memory: { type: 'local', command, environment: agent.environment, timeout: 120_000 } },
      },
    });
    const answers: string[] = [];
    const use = async (tool: string, input: object) => {
      agent.answers((request) => {
        const last = request.messages.at(-1);
        if (last?.role !== 'tool') return { tool: nameOf(request, tool), input };
        answers.push(textOf(last));
        return { text: 'Done.' };
      });
      await sendPrompt(host, await newSession(host), `Use ${tool}.`);
      return answers.at(-1) ?? '';
    };

    const added = await use('add_memory', { name: 'note', episode_body: 'Lighthouse runs on port 4711.' });
    expect(JSON.parse(added)).toMatchObject({ message: expect.any(String) });
    await agent.kept('Lighthouse runs on port 4711.');
    await agent.everything();

    expect(await use('search_memory_facts', { query: 'Lighthouse port' })).toContain('4711');
    expect(await use('search_nodes', { query: 'Lighthouse' })).toContain('Lighthouse');
    expect(await use('get_episodes', {})).toContain('Lighthouse runs on port 4711.');
    const [request] = agent.model.requests.slice(-1);
    expect(request && shownTo(request)).toContain('<mcp_instructions>');
  });
});
