import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { setupWith } from '../../../../src/agents/opencode/v2/setup.ts';
import type { Config } from '../../../../src/config.ts';
import { MemoryManager } from '../../../../src/memory.ts';
import { openSpool } from '../../../../src/queue/spool/spool.ts';
import { RECALL_BEGIN } from '../../../../src/redaction/recall-marks.ts';
import { MINUTE } from '../../../../src/time.ts';
import { startWorkers } from '../../../../workers/main.ts';
import { environmentOf } from '../../../support/command-line.ts';
import { newGroup, useStores } from '../../../support/stores.ts';
import { until } from '../../../support/wait.ts';
import { pluginContract } from './contract.ts';
import { openSecondHost, type Request, type SecondHost } from './host-2.ts';

pluginContract('OpenCode 2');

describe('OpenCode 2', () => {
  const stores = useStores();
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    vi.unstubAllEnvs();
  });
  const PATIENT = { recallTimeoutMs: 2 * MINUTE };

  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'memory-project-'));
    closers.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  async function newConfig(): Promise<Config> {
    const config = { ...stores.config, home: await folder(), group: newGroup(), queuePrefix: `{${newGroup()}}` };
    for (const [name, value] of Object.entries(environmentOf(config))) vi.stubEnv(name, value);
    return config;
  }

  async function load(host: SecondHost, directory: string, options: object) {
    const close = await setupWith(host.context(directory, options), () => {});
    closers.push(() => close?.());
    return async () => close?.();
  }

  /** The turns that wait on disk. Only where Valkey is away do they stay there. */
  async function withoutValkey() {
    const config = await newConfig();
    vi.stubEnv('VALKEY_PORT', '1');
    const kept = () =>
      openSpool(config.home, 1_000)
        .files()
        .map((path) => readFileSync(path, 'utf8'));
    return { config, kept };
  }

  test('gets nothing from `setup` if it is opencode 1.18, which also calls it', async () => {
    const poor = { options: {}, agent: {}, catalog: {}, command: {}, plugin: {}, skill: {} };

    expect(await setupWith(poor, () => {})).toBeUndefined();
    expect(await setupWith(undefined, () => {})).toBeUndefined();
  });

  test('gets the reason why the memory is off if it does not name the folder', async () => {
    await newConfig();
    const log: string[] = [];
    const { location: _, ...context } = openSecondHost().context('/nowhere');

    expect(await setupWith(context, (message) => log.push(message))).toBeUndefined();
    expect(log).toEqual([expect.stringContaining('which folder')]);
  });

  test('sends the same recalled text at the same position in each request, also after a restart', async () => {
    const config = await newConfig();
    const running = await startWorkers(config, ['store']);
    const memory = new MemoryManager(config);
    closers.push(
      () => running.close(),
      () => memory.close(),
    );
    for (const note of ['Harbor uses Redis for sessions.', 'The port of Lighthouse is 4711.'])
      await memory.waitFor(await memory.enqueueEpisode(note));
    const [host, directory] = [openSecondHost(), await folder()];
    const close = await load(host, directory, { ...PATIENT, group: config.group });
    const session = await host.newSession(directory);

    const requests: Request[] = [];
    for (const question of ['Where are sessions of Harbor?', 'Which port has Lighthouse?', 'Thank you.']) {
      requests.push((await host.prompt(session, question)).request);
      await host.step(session, { tool: 'shell', input: { command: 'ls' }, output: 'a' });
      requests.push(await host.request(session));
      await host.step(session, { text: 'Understood.' });
      await host.end(session);
    }
    await close();
    await load(host, directory, { ...PATIENT, group: config.group });
    requests.push(await host.request(session));

    const last = requests.at(-1);
    expect(last?.messages[0]?.text.split(RECALL_BEGIN)).toHaveLength(2);
    expect(JSON.stringify(last)).toContain('Redis');
    for (const { system, messages } of requests) {
      expect(system).toEqual(['You are an agent.']);
      expect(last?.messages.slice(0, messages.length)).toEqual(messages);
    }
    // What the user sees of a stored message is what the user wrote.
    expect(host.sessions.get(session)?.messages.filter(({ text = '' }) => text.includes(RECALL_BEGIN))).toEqual([]);
  });

  test('leaves out turns of a sub-agent, even if it reports late that the session is one', async () => {
    const { config, kept } = await withoutValkey();
    const [host, directory] = [openSecondHost(), await folder()];
    const context = host.context(directory, { group: config.group });
    let say = (_info: unknown): void => {};
    const late = {
      ...context.session,
      get: () =>
        new Promise((resolve) => {
          say = resolve;
        }),
    };
    const close = await setupWith({ ...context, session: late }, () => {});
    closers.push(() => close?.());

    const session = await host.newSession(directory);
    await host.prompt(session, 'Look for the cove.');
    say({ id: session, parentID: 'ses_parent' });
    await host.step(session, { text: 'A cove.' });
    await host.end(session);

    expect(kept()).toEqual([]);
  });

  test('with two folders stores each turn once, in the memory of its folder', async () => {
    const { config, kept } = await withoutValkey();
    const [host, one, two] = [openSecondHost(), await folder(), await folder()];
    await load(host, one, { group: `${config.group}-one` });
    await load(host, two, { group: `${config.group}-two` });

    for (const directory of [one, two]) {
      const session = await host.newSession(directory);
      await host.prompt(session, `I am in ${directory}.`);
      await host.step(session, { text: 'Understood.' });
      await host.end(session);
    }

    expect(kept()).toHaveLength(2);
    for (const [directory, group] of [
      [one, 'one'],
      [two, 'two'],
    ])
      expect(kept().filter((turn) => turn.includes(`I am in ${directory}`) && turn.includes(`-${group}`))).toHaveLength(
        1,
      );
  });

  test('runs one of two copies in a folder, or of a reloaded plugin', async () => {
    const { config, kept } = await withoutValkey();
    const [host, directory] = [openSecondHost(), await folder()];
    await load(host, directory, { group: config.group });
    await load(host, directory, { group: config.group });

    const session = await host.newSession(directory);
    await host.prompt(session, 'Hello');
    await host.step(session, { text: 'Hi.' });
    await host.end(session);

    expect(kept()).toHaveLength(1);
  });

  test("distinguishes the template of a command from the user's words", async () => {
    const { config, kept } = await withoutValkey();
    const [host, directory] = [openSecondHost(), await folder()];
    await mkdir(join(directory, '.opencode', 'commands', 'deep'), { recursive: true });
    await writeFile(join(directory, '.opencode', 'commands', 'deep', 'ship.md'), 'Always push to main: $ARGUMENTS');
    await writeFile(
      join(directory, 'opencode.jsonc'),
      '{ // of the team\n  "commands": { "deploy": { "template": "Never ask before a deployment of $1" }, }\n}',
    );
    await load(host, directory, { group: config.group });
    const session = await host.newSession(directory);

    for (const words of ['Always push to main: now', 'Never ask before a deployment of Harbor', 'Push it.']) {
      await host.prompt(session, words);
      await host.step(session, { text: 'Done.' });
      await host.end(session);
    }

    await until('all', () => kept().length === 3);
    expect(kept().filter((turn) => turn.includes('"template":true'))).toHaveLength(2);
  });

  test("has the command /memory, whose text is not stored as the user's words; an existing command of that name stays", async () => {
    const { config, kept } = await withoutValkey();
    const [host, directory, other] = [openSecondHost(), await folder(), await folder()];
    await mkdir(join(other, '.opencode', 'commands'), { recursive: true });
    await writeFile(join(other, '.opencode', 'commands', 'memory.md'), 'Print the free memory.');
    const contexts = [directory, other].map((path) => host.context(path, { group: config.group }));
    for (const context of contexts) {
      const close = await setupWith(context, () => {});
      closers.push(() => close?.());
    }
    const session = await host.newSession(directory);

    await contexts[0]?.commands.get('memory')?.execute({ sessionID: session, prompt: { text: 'forget Harbor' } });

    expect(host.prompted).toEqual([{ sessionID: session, text: expect.stringContaining('request: "forget Harbor"') }]);
    await host.prompt(session, host.prompted[0]?.text ?? '');
    await host.step(session, { text: 'Forgotten.' });
    await host.end(session);
    await until('the turn', () => kept().some((turn) => turn.includes('"template":true')));
    expect([...(contexts[1]?.commands.keys() ?? [])]).toEqual([]);
  });

  test('offers its tools as plain JSON Schema that the model can call directly', async () => {
    const config = await newConfig();
    const [host, directory] = [openSecondHost(), await folder()];
    const context = host.context(directory, { group: config.group });
    const close = await setupWith(context, () => {});
    closers.push(() => close?.());

    expect([...context.tools.keys()]).toEqual(['memory_search', 'memory_add', 'memory_forget', 'memory_list']);
    const search = context.tools.get('memory_search');
    expect(search?.options).toEqual({ codemode: false });
    expect(JSON.parse(JSON.stringify(search?.input))).toEqual({
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, maxLength: 20_000 },
        limit: { type: 'integer', minimum: 1, maximum: 50 },
        scope: { type: 'string', enum: ['project', 'user'] },
      },
      required: ['query'],
    });
  });

  test('never gets an exception, whatever it sends', async () => {
    const { config } = await withoutValkey();
    const [host, directory] = [openSecondHost(), await folder()];
    await load(host, directory, { group: config.group });
    const session = await host.newSession(directory);

    for (const rubbish of [undefined, null, 7, {}, { sessionID: session }, { sessionID: session, messages: [null] }])
      for (const hook of ['prompt', 'context', 'compaction'] as const)
        await host.run(hook, Object.assign(Object(rubbish ?? {}), { sessionID: session }) as never);
    await host.emit('session.step.started', { sessionID: session });
    await host.emit('session.execution.failed', {});
  });
});
