import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RECALL_BEGIN } from '../../src/capture/recalled.ts';
import { type Host, newSession, say } from '../support/opencode/host.ts';
import { isHere, useAgent } from '../support/opencode/session.ts';
import { shownTo, textOf } from '../support/opencode/stub-model.ts';
import { useStores } from '../support/stores.ts';
import { until } from '../support/wait.ts';

if (!isHere) process.stdout.write('skipped: opencode has no binary for this machine\n');

describe.skipIf(!isHere)('the real opencode', () => {
  const stores = useStores();
  const agent = useAgent(stores);
  let host: Host;

  test('a turn is one episode, with its tools and without its secrets', async () => {
    host = await agent.host();
    agent.answers(({ messages }) =>
      messages.at(-1)?.role === 'tool'
        ? { text: 'The port is 6380.' }
        : { tool: 'bash', input: { command: 'echo port 6380', description: 'prints a port' } },
    );

    const session = await newSession(host);
    await say(
      host,
      session,
      'Harbor uses Valkey 8. <private>my salary</private> The key is sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4.',
    );

    const episode = await agent.kept('The port is 6380.');
    expect(episode.content).toMatch(/^user: Harbor uses Valkey 8\.[\s\S]*\nassistant: The port is 6380\.$/);
    expect(JSON.stringify(episode)).not.toMatch(/salary|a1B2c3D4/);
    expect(episode.metadata).toMatchObject({
      ...{ host: 'opencode', session, status: 'completed', model: expect.stringContaining('stub') },
      tools: [{ tool: 'bash', status: 'completed', input: expect.stringContaining('echo port 6380') }],
    });
  });

  test('a second session is told in its first request what the first left', async () => {
    agent.answers(() => ({ text: 'Understood.' }));
    const asked = agent.model.requests.length;

    const session = await newSession(host);
    await say(host, session, 'What does Harbor use?');
    await say(host, session, 'Thank you.');

    const [first, second] = agent.model.requests.slice(asked);
    expect(shownTo(first ?? { messages: [] })).toContain(RECALL_BEGIN);
    expect(shownTo(first ?? { messages: [] })).toContain('Valkey 8');
    // Told once, at the same place: a provider's cache of the prompt stays good.
    expect(shownTo(second ?? { messages: [] }).split(RECALL_BEGIN)).toHaveLength(2);
    expect(textOf(second?.messages[0])).toBe(textOf(first?.messages[0]));
  });

  test('what was recalled is not learnt again', async () => {
    await agent.kept('Thank you.');

    const everything = await agent.everything();

    expect(everything).not.toContain(RECALL_BEGIN);
    expect(everything.split('Valkey 8')).toHaveLength(2);
  });

  test('the tools add, find, list and forget', async () => {
    const used: string[] = [];
    const session = await newSession(host);
    const use = async (tool: string, input: object) => {
      agent.answers(({ messages }) => {
        const last = messages.at(-1);
        if (last?.role !== 'tool') return { tool, input };
        used.push(textOf(last));
        return { text: 'Done.' };
      });
      await say(host, session, `Use ${tool}.`);
      return used.at(-1) ?? '';
    };

    expect(await use('memory_add', { text: 'Lighthouse runs on port 4711.' })).toContain('Kept');
    await agent.kept('Lighthouse runs on port 4711.');
    expect(await use('memory_search', { query: 'Lighthouse port' })).toContain('4711');
    expect(await use('memory_list', { limit: 5 })).toContain('Lighthouse runs on port 4711');
    expect(await use('memory_forget', { query: 'Lighthouse port 4711' })).toContain('Lighthouse');
  });

  test('a compaction keeps what memory told, and the session is told again after it', async () => {
    agent.answers(() => ({ text: 'Understood.' }));
    const session = await newSession(host);
    await say(host, session, 'What does Harbor use?');
    const asked = agent.model.requests.length;

    await host.client.session.summarize({
      path: { id: session },
      body: { providerID: 'stub', modelID: 'stub' },
    });
    const compaction = agent.model.requests.slice(asked).map(shownTo).join('\n');
    expect(compaction).toContain('Valkey 8');

    await say(host, session, 'And what does Harbor use?');
    expect(shownTo(agent.model.requests.at(-1) ?? { messages: [] })).toContain(RECALL_BEGIN);
  });

  test("a sub-agent's own turns are left out", async () => {
    agent.answers((request) => {
      const shown = shownTo(request);
      if (request.messages.at(-1)?.role === 'tool') return { text: 'The helper found it.' };
      if (shown.includes('look for the secret cove')) return { text: 'A cove that only the helper saw.' };
      const input = { description: 'look', prompt: 'look for the secret cove', subagent_type: 'general' };
      return { tool: 'task', input };
    });

    await say(host, await newSession(host), 'Send a helper.');

    expect((await agent.kept('The helper found it.')).content).toContain('user: Send a helper.');
    expect(await agent.everything()).not.toMatch(/user: look for the secret cove/);
  });

  test('an aborted turn is kept as what it is', async () => {
    agent.answers(() => ({ text: 'Half of this was said when it was stopped.', after: 20_000 }));
    const session = await newSession(host);
    const running = say(host, session, 'Tell me a long story of Harbor.').catch(() => {});
    await until('the model is asked', () => agent.model.requests.some((it) => shownTo(it).includes('long story')));
    await sleep(500);
    await host.client.session.abort({ path: { id: session } });
    await running;

    expect((await agent.kept('long story')).metadata).toMatchObject({ status: 'aborted' });
  });

  test('so is one that failed', async () => {
    agent.answers(() => ({ status: 400, message: 'the stub refuses' }));

    await say(host, await newSession(host), 'This one fails.').catch(() => {});

    expect((await agent.kept('This one fails.')).metadata).toMatchObject({ status: 'error' });
  });

  test('MEMORY_DISABLED=1 leaves no trace', async () => {
    agent.answers(() => ({ text: 'Understood.' }));
    const other = await agent.host({ environment: { MEMORY_DISABLED: '1' } });
    await say(other, await newSession(other), 'What does Harbor use in silence?');
    const [told] = agent.model.requests.slice(-1);
    await other.stop();
    await say(host, await newSession(host), 'This is told aloud.');
    await agent.kept('told aloud');

    expect(told && shownTo(told)).toContain('in silence');
    expect(told && shownTo(told)).not.toContain(RECALL_BEGIN);
    expect(await agent.everything()).not.toContain('in silence');
  });
});

describe.skipIf(!isHere)('while Valkey is in trouble, the real opencode', () => {
  const stores = useStores();
  const agent = useAgent(stores);
  const signal = async (name: NodeJS.Signals) => {
    if (stores.servers.own) await stores.servers.valkey.kill(name);
  };
  const spooled = async () => (await readdir(join(stores.config.home, 'spool')).catch(() => [])).length;

  test('goes on, frozen and back, killed and back, and not a turn is lost', async () => {
    let host = await agent.host();
    const session = await newSession(host);
    const turn = async (text: string) => {
      await say(host, session, text);
    };
    await turn('Turn one is ordinary.');
    await agent.kept('Turn one');

    await signal('SIGSTOP');
    await turn('Turn two meets a frozen Valkey.');
    await until('it waits on disk', async () => (await spooled()) > 0);
    await signal('SIGCONT');
    await turn('Turn three finds it back.');
    await agent.kept('Turn three');

    await signal('SIGSTOP');
    await turn('Turn four is the last before the end.');
    await host.stop('SIGKILL');
    await signal('SIGCONT');
    host = await agent.host({ place: host.place });
    await turn('Turn five comes after kill -9.');
    await agent.kept('Turn five');
    await agent.kept('Turn four');

    const turns = [...(await agent.everything()).matchAll(/user: Turn (\w+)/g)].map(([, number]) => number);
    expect(turns.sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
  });
});
