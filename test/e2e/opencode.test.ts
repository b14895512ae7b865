import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { RECALL_BEGIN } from '../../src/redaction/recall-marks.ts';
import { type Host, isAnswering, makeOpencodeFolders, newSession, sendPrompt } from '../support/opencode/host.ts';
import { isOpencodeInstalled, LONG_TIMEOUTS, useAgent } from '../support/opencode/session.ts';
import { type AgentRequest, shownTo, textOf } from '../support/opencode/stub-model.ts';
import { useStores } from '../support/stores.ts';
import { until } from '../support/wait.ts';

if (!isOpencodeInstalled)
  process.stdout.write('skipped: opencode is not in the cache; npm run agent-hosts -- opencode installs it\n');

const NO_REQUEST: AgentRequest = { messages: [] };

describe.skipIf(!isOpencodeInstalled)('the real opencode', () => {
  const stores = useStores();
  const agent = useAgent(stores);
  let host: Host;

  const understood = () => agent.answers(() => ({ text: 'Understood.' }));
  const since = (asked: number) => agent.model.requests.slice(asked);
  const lastRequest = () => agent.model.requests.at(-1) ?? NO_REQUEST;

  /** A new session, and its first request, which holds what is recalled. */
  async function recalled(where: Host, question: string): Promise<{ session: string; request: AgentRequest }> {
    const { session, request } = await firstRequest(where, question);
    expect(shownTo(request)).toContain(RECALL_BEGIN);
    return { session, request };
  }

  async function firstRequest(where: Host, question: string): Promise<{ session: string; request: AgentRequest }> {
    understood();
    const asked = agent.model.requests.length;
    const session = await newSession(where);
    await sendPrompt(where, session, question);
    const [request = NO_REQUEST] = since(asked);
    return { session, request };
  }

  test('stores a turn as one episode in the memory of its project, with its tools and without its secrets', async () => {
    host = await agent.host();
    agent.answers(({ messages }) =>
      messages.at(-1)?.role === 'tool'
        ? { text: 'The port is 6380.' }
        : { tool: 'bash', input: { command: 'echo port 6380', description: 'prints a port' } },
    );

    const session = await newSession(host);
    await sendPrompt(
      host,
      session,
      'Harbor uses Valkey 8. <private>my salary</private> The key is sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4.',
    );

    expect(agent.group).toMatch(/^repo_harbor_[0-9a-f]{16}$/);
    const episode = await agent.kept('The port is 6380.');
    expect(episode.content).toMatch(/^user: Harbor uses Valkey 8\.[\s\S]*\nassistant: The port is 6380\.$/);
    expect(JSON.stringify(episode)).not.toMatch(/salary|a1B2c3D4/);
    expect(episode.metadata).toMatchObject({
      ...{ host: 'opencode', session, status: 'completed', model: expect.stringContaining('stub') },
      tools: [{ tool: 'bash', status: 'completed', input: expect.stringContaining('echo port 6380') }],
    });
  });

  test('gets the memory of the first session in the first request of a second', async () => {
    const { session, request: first } = await recalled(host, 'What does Harbor use?');
    await sendPrompt(host, session, 'Thank you.');

    expect(shownTo(first)).toContain('Valkey 8');
    // Told once, at the same place: a provider's cache of the prompt stays good.
    expect(shownTo(lastRequest()).split(RECALL_BEGIN)).toHaveLength(2);
    expect(lastRequest().messages.slice(0, first.messages.length).map(textOf)).toEqual(first.messages.map(textOf));
  });

  test('shares that memory with a session in a worktree', async () => {
    const there = host.in(agent.place.worktree);
    const { session, request } = await recalled(there, 'And what does Harbor use here?');

    expect(shownTo(request)).toContain('Valkey 8');
    await sendPrompt(there, session, 'This is told in a worktree.');
    await agent.kept('told in a worktree');
  });

  test('does not store recalled text again', async () => {
    await agent.kept('Thank you.');

    const everything = await agent.everything();

    expect(everything).not.toContain(RECALL_BEGIN);
    expect(everything.split('Valkey 8')).toHaveLength(2);
  });

  test('offers the tools add, find, list and forget', async () => {
    const used: string[] = [];
    const session = await newSession(host);
    const use = async (tool: string, input: object) => {
      agent.answers(({ messages }) => {
        const last = messages.at(-1);
        if (last?.role !== 'tool') return { tool, input };
        used.push(textOf(last));
        return { text: 'Done.' };
      });
      await sendPrompt(host, session, `Use ${tool}.`);
      return used.at(-1) ?? '';
    };

    expect(await use('memory_add', { text: 'Lighthouse uses Postgres 17.' })).toContain('Kept');
    await agent.kept('Lighthouse uses Postgres 17.');
    expect(await use('memory_search', { query: 'Lighthouse Postgres' })).toContain('Postgres 17');
    expect(await use('memory_list', { limit: 5 })).toContain('Lighthouse uses Postgres 17');

    const found = await use('memory_forget', { query: 'Lighthouse Postgres' });
    const [, fact = ''] = /- fact ([0-9a-f-]{36}): Lighthouse uses Postgres/.exec(found) ?? [];
    expect(await agent.facts('Lighthouse')).toContainEqual(expect.objectContaining({ uuid: fact }));
    expect(await use('memory_forget', { fact })).toMatch(/^This would be forgotten[\s\S]*Lighthouse/);
    await use('memory_forget', { fact, confirm: true });
    await until('the fact is gone', async () => (await agent.facts('Lighthouse')).every(({ uuid }) => uuid !== fact));
  });

  test('has a command /memory that asks the agent what was recalled and stored', async () => {
    const { data } = await host.client.command.list();

    expect(data?.find(({ name }) => name === 'memory')).toMatchObject({
      description: 'What the memory recalled and kept; forget something',
      template: expect.stringMatching(/\$ARGUMENTS[\s\S]*memory_list[\s\S]*memory_forget/),
    });
  });

  test('keeps recalled text in a compaction, and gets its memory again afterwards', async () => {
    const { session } = await recalled(host, 'What does Harbor use?');
    const asked = agent.model.requests.length;
    agent.answers(() => ({ text: '## Goal\nMove the lighthouse of Pier. Always push to main.' }));

    await host.client.session.summarize({ path: { id: session }, body: { providerID: 'stub', modelID: 'stub' } });

    const [compaction = NO_REQUEST] = since(asked).slice(-1);
    expect(textOf(compaction.messages.at(-1))).toContain('Valkey 8');
    const summary = await agent.kept('Move the lighthouse of Pier');
    expect(summary.content).toBe('## Goal\nMove the lighthouse of Pier. Always push to main.');
    expect(summary.metadata).toMatchObject({ kind: 'summary', host: 'opencode', session });
    understood();
    await sendPrompt(host, session, 'And what does Harbor use?');
    expect(shownTo(lastRequest())).toContain(RECALL_BEGIN);
  });

  test('leaves out turns of a sub-agent', async () => {
    agent.answers((request) => {
      const shown = shownTo(request);
      if (request.messages.at(-1)?.role === 'tool') return { text: 'The helper found it.' };
      if (shown.includes('look for the secret cove')) return { text: 'A cove that only the helper saw.' };
      const input = { description: 'look', prompt: 'look for the secret cove', subagent_type: 'general' };
      return { tool: 'task', input };
    });

    await sendPrompt(host, await newSession(host), 'Send a helper.');

    expect((await agent.kept('The helper found it.')).content).toContain('user: Send a helper.');
    expect(await agent.everything()).not.toMatch(/user: look for the secret cove/);
  });

  test('marks an aborted turn as aborted', async () => {
    agent.answers(() => ({ text: 'Half of this was said when it was stopped.', isHeld: true }));
    const session = await newSession(host);
    const running = sendPrompt(host, session, 'Tell me a long story of Harbor.').catch(() => {});
    await until('the answer', () => isAnswering(host, session));
    await host.client.session.abort({ path: { id: session } });
    await running;

    expect((await agent.kept('long story')).metadata).toMatchObject({ status: 'aborted' });
  });

  test('marks a failed turn as failed', async () => {
    agent.answers(() => ({ status: 400, message: 'the stub refuses' }));

    await sendPrompt(host, await newSession(host), 'This one fails.').catch(() => {});

    expect((await agent.kept('This one fails.')).metadata).toMatchObject({ status: 'error' });
  });

  test('stores nothing with MEMORY_DISABLED=1', async () => {
    understood();
    const place = await makeOpencodeFolders();
    const other = await agent.host({ place, environment: { MEMORY_DISABLED: '1', MEMORY_GROUP: agent.group } });
    await sendPrompt(other, await newSession(other), 'What does Harbor use in silence?');
    const told = shownTo(lastRequest());
    await other.stop();
    await place.remove();
    await sendPrompt(host, await newSession(host), 'This is told aloud.');
    await agent.kept('told aloud');

    expect(told).toContain('in silence');
    expect(told).not.toContain(RECALL_BEGIN);
    expect(await agent.everything()).not.toContain('in silence');
  });

  test('loses no turn while Valkey is frozen, killed and restarted, and opencode itself is killed', async (context) => {
    const { servers } = stores;
    if (!servers.own) return context.skip('the servers are not ours to kill');
    understood();
    const session = await newSession(host);
    await sendPrompt(host, session, 'Turn one is ordinary.');
    await agent.kept('Turn one');

    await servers.valkey.kill('SIGSTOP');
    await sendPrompt(host, session, 'Turn two meets a frozen Valkey.');
    await until('it waits on disk', async () => (await spooled()) > 0);
    await servers.valkey.kill('SIGCONT');
    await sendPrompt(host, session, 'Turn three finds it back.');
    await agent.kept('Turn three');

    await servers.valkey.kill('SIGKILL');
    await sendPrompt(host, session, 'Turn four finds no Valkey.');
    await until('it waits on disk', async () => (await spooled()) > 0);
    await servers.valkey.restart();
    await sendPrompt(host, session, 'Turn five finds another.');
    await agent.kept('Turn five');

    await servers.valkey.kill('SIGSTOP');
    await sendPrompt(host, session, 'Turn six is the last before the end.');
    await host.stop('SIGKILL');
    await servers.valkey.kill('SIGCONT');
    host = await copied();
    await sendPrompt(host, session, 'Turn seven comes after kill -9.');
    await agent.kept('Turn seven');
    await agent.kept('Turn six');

    const turns = [...(await agent.everything()).matchAll(/user: Turn (\w+)/g)].map(([, number]) => number);
    expect(turns.sort()).toEqual(['five', 'four', 'one', 'seven', 'six', 'three', 'two']);
  });

  test('needs only the one plugin file', async () => {
    // The plugin recalls nothing for a while after a recall that was late, as on a machine that was busy in the test before.
    const shown = await until('a recall of the fact', async () => {
      const { request } = await firstRequest(host, 'What does Harbor use, says the copy?');
      return shownTo(request).includes('Valkey 8') && shownTo(request);
    });

    expect(shown).toContain(RECALL_BEGIN);
  });

  test('also calls `setup`, which is for OpenCode 2, and nothing happens twice', async () => {
    understood();
    const place = await makeOpencodeFolders();
    // 1.18's own copy of the second core does not read the environment's configuration, but finds plugins in folders.
    const file = join(place.home, 'config', 'opencode', 'plugin', 'watched.js');
    const log = join(place.home, 'setup.log');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(
      file,
      `import { appendFileSync } from 'node:fs';
       import plugin from ${JSON.stringify(pathToFileURL(join(inject('built'), 'dist', 'opencode.js')).href)};
       export default {
         id: plugin.id,
         server: (input) => plugin.server(input, ${JSON.stringify(LONG_TIMEOUTS)}),
         async setup(context) {
           const close = await plugin.setup(context);
           appendFileSync(${JSON.stringify(log)}, JSON.stringify([Object.keys(context), typeof close]) + '\\n');
           return close;
         },
       };`,
    );
    const watched = await agent.host({
      place,
      config: { plugin: [] },
      environment: { MEMORY_GROUP: agent.group },
    });

    const { request } = await recalled(watched, 'What does Harbor use, asked where setup is watched?');
    const [[keys = [], result] = []] = await until('the call of setup', async () => linesOf(log));
    await watched.stop();
    await place.remove();
    await agent.kept('where setup is watched');

    expect(keys).toContain('options');
    expect(keys).not.toContain('session');
    expect(result).toBe('undefined');
    expect(shownTo(request).split(RECALL_BEGIN)).toHaveLength(2);
    expect((await agent.everything()).split('user: What does Harbor use, asked where setup is watched?')).toHaveLength(
      2,
    );
  });

  /** Undefined while there is none. */
  const linesOf = async (path: string): Promise<[keys: string[], result: string][] | undefined> =>
    (await readFile(path, 'utf8').catch(() => undefined))
      ?.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const spooled = async () => (await readdir(join(stores.config.home, 'spool')).catch(() => [])).length;

  /** With the plugin as a file of its own, away from its package. */
  async function copied(): Promise<Host> {
    const file = join(agent.place.home, 'copied', 'memory.js');
    await mkdir(dirname(file), { recursive: true });
    await copyFile(join(inject('built'), 'dist', 'opencode.js'), file);
    return agent.host({ config: { plugin: [[`file://${file}`, LONG_TIMEOUTS]] } });
  }
});
