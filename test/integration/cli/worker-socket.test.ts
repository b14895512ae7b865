import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HookEvent } from '../../../src/agents/hooks/event.ts';
import { answerHook } from '../../../src/agents/hooks/hook.ts';
import { MemoryManager } from '../../../src/memory.ts';
import { MINUTE } from '../../../src/time.ts';
import { isWorkerListening } from '../../../src/worker-socket/ask.ts';
import { socketPath } from '../../../src/worker-socket/protocol.ts';
import { environmentOf, failedWith, runCommand, SOURCES, startCommand } from '../../support/command-line.ts';
import { newGroup, useStores } from '../../support/stores.ts';
import { until } from '../../support/wait.ts';

// A worker of the real program, and commands beside it that ask the worker or do their work themselves.
const LISTS = `--import=${new URL('loaded-packages.mjs', import.meta.url).href}`;
const PATIENT_HOOK = fileURLToPath(new URL('patient-hook.ts', import.meta.url));
const QUESTION = ['query', 'Where does Harbor keep its sessions?'];

const stores = useStores();
let folder: string;
let environment: Record<string, string>;
let memory: MemoryManager;
let worker: ChildProcess;
let sessions = 0;

const home = () => join(folder, 'home');

async function startWorker(): Promise<ChildProcess> {
  const started = startCommand(['worker', '--roles', 'store'], environment);
  started.stderr?.resume();
  await until('a socket on which the worker listens', () => isWorkerListening(home()));
  return started;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-socket-'));
  mkdirSync(join(folder, 'project'));
  const config = { ...stores.config, group: newGroup(), home: home() };
  environment = { ...environmentOf(config), MEMORY_USER_ID: newGroup() };
  memory = new MemoryManager(config);
  worker = await startWorker();
  await memory.waitFor(await memory.enqueueEpisode('Harbor keeps its sessions in Valkey 8.'));
});
beforeEach(async () => {
  worker.kill('SIGCONT');
  if (!(await isWorkerListening(home()))) worker = await startWorker();
});
afterAll(async () => {
  worker.kill('SIGCONT');
  await end(worker, 'SIGKILL');
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command printed, and the packages that it loaded for it. From the sources, since a bundle contains its packages. */
async function run(
  args: readonly string[],
  more: Record<string, string> = {},
  input: object | string = '',
  main = SOURCES,
) {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  const own = { ...environment, ...more, NODE_OPTIONS: LISTS };
  const { status, stdout, stderr } = await runCommand(args, own, text, join(folder, 'project'), main);
  const [, packages = ''] = /^loaded packages: (\[.*\])$/m.exec(stderr) ?? [];
  return { status, stdout, packages: packages === '' ? undefined : (JSON.parse(packages) as string[]) };
}

/** The same once the worker answers: a busy one may take too long to accept a question. */
const runAsked = (args: readonly string[]) =>
  until('an answer of the worker', async () => {
    const ended = await run(args);
    return ended.packages?.length === 0 && ended;
  });

/** What a hook with time prints and loads. */
const runPatient = (event: HookEvent, group: string, input: object) => run([event, group], {}, input, PATIENT_HOOK);

/** The environment without the worker of this home. */
const alone = () => ({ ...environment, MEMORY_HOME: join(folder, `alone-${sessions++}`) });
const runAlone = async (args: readonly string[]) => (await run(args, alone())).stdout;

const hookInput = (more: object) => ({ session_id: `s${sessions++}`, cwd: join(folder, 'project'), ...more });

describe('a query', () => {
  test.each([
    [QUESTION],
    [[...QUESTION, '--limit', '1', '--no-cache']],
    [[...QUESTION, '--budget', '200']],
    [[...QUESTION, '--find', 'all']],
  ])(
    '%j is answered by the worker, with the text that the command prints alone, and loads no package',
    async (args) => {
      const asked = await runAsked(args);

      expect(asked).toEqual({ status: 0, stdout: await runAlone(args), packages: [] });
      expect(asked.stdout).toContain('Valkey 8');
    },
  );

  test.each([
    ['a date, which may depend on the clock and the time zone of the process', ['--as-of', '2099-01-01']],
    ['a ranker, which may ask a language model', ['--rank', 'mmr']],
  ])('with %s is answered by the command', async (_, options) => {
    const asked = await run([...QUESTION, ...options]);

    expect(asked.packages).toContain('ioredis');
    expect(asked).toMatchObject({ status: 0, stdout: expect.stringContaining('Valkey 8') });
  });

  test('with other servers, models or misspelt settings than the worker has is answered by the command', async () => {
    const others: Record<string, string>[] = [
      { MEMORY_QUEUE_PREFIX: `{${newGroup()}}` },
      { VALKEY_HOST: 'localhost' },
      { MEMORY_EMBEDDING_DIM: '64' },
      { MEMORY_GROPU: 'harbor' },
    ];
    for (const other of others)
      expect((await run(QUESTION, other)).packages, JSON.stringify(other)).toContain('ioredis');
  });

  test('is refused as ever if it is wrong', async () => {
    expect(await runCommand([...QUESTION, '--limit', '0'], environment)).toMatchObject(failedWith(/--limit must be/));
    expect(await runCommand([...QUESTION, '--lmit', '1'], environment)).toMatchObject(
      failedWith(/did you mean --limit/),
    );
    expect(await runCommand(['query'], environment)).toMatchObject(failedWith(/query needs more arguments/));
  });

  test('about nothing known says so, with the hint of the command', async () => {
    const asked = await run(['query', 'zzz', '--group', newGroup()]);

    expect(asked.stdout).toBe(await runAlone(['query', 'zzz', '--group', newGroup()]));
  });
});

describe('a hook', () => {
  test.each<[HookEvent, object]>([
    ['SessionStart', { source: 'startup' }],
    ['UserPromptSubmit', { prompt: 'Where does Harbor keep its sessions?' }],
  ])('%s gets from the worker what it recalls alone, and loads only zod', async (event, more) => {
    const group = environment.MEMORY_GROUP ?? '';
    // With time, which the process has not.
    const { output } = await answerHook({
      ...{ event, group, host: 'claude-code', environment: alone(), directory: folder, patience: 2 * MINUTE },
      input: JSON.stringify(hookInput(more)),
    });
    expect(output).toContain('Valkey 8');

    await until('the same from the worker', async () => {
      const { stdout, packages } = await runPatient(event, group, hookInput(more));
      return stdout === `${output}\n` && packages?.join() === 'zod';
    });
    // Also a late one loads no more.
    await until('a hook that asks the worker', async () => {
      const { packages } = await run(['hook', event, '--group', group], {}, hookInput(more));
      return packages?.join() === 'zod';
    });
  });

  test('that prints a briefing lets the worker record the delivery', async () => {
    await until('the record', async () => {
      const input = hookInput({ source: 'startup' });
      await runPatient('SessionStart', environment.MEMORY_GROUP ?? '', input);
      return (await memory.getLastBriefing())?.session === input.session_id;
    });
  });

  test('that has no time left loads only zod, and says that its recall is late', async () => {
    const home = alone().MEMORY_HOME;
    const child = startCommand(
      ['hook', 'SessionStart'],
      { ...environment, MEMORY_HOME: home, NODE_OPTIONS: LISTS },
      folder,
      SOURCES,
    );
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (printed += text));
    // The standard input stays open, so that the hook reads until its time is over.
    child.stdin?.write(JSON.stringify(hookInput({ source: 'startup' })));
    await once(child, 'close');

    expect(printed).toContain('loaded packages: ["zod"]');
    expect(printed).toContain('the briefing was too late; the session goes on without it');
  });
});

describe('commands do their work themselves while the worker', () => {
  test('is frozen', async () => {
    worker.kill('SIGSTOP');

    expect(await run(QUESTION)).toMatchObject({ status: 0, stdout: await runAlone(QUESTION) });
  });

  test('was killed and left its socket, on which the next worker listens', async () => {
    await end(worker, 'SIGKILL');
    expect(existsSync(socketPath(home()))).toBe(true);

    expect(await run(QUESTION)).toMatchObject({ status: 0, stdout: await runAlone(QUESTION) });

    worker = await startWorker();
    await runAsked(QUESTION);
  });

  test('was stopped, which removes the socket', async () => {
    await end(worker, 'SIGTERM');

    expect(existsSync(socketPath(home()))).toBe(false);
    expect((await run(QUESTION)).status).toBe(0);
  });
});

test('the socket is for this user only, and rubbish on it stops nothing', async () => {
  expect(statSync(socketPath(home())).mode & 0o777).toBe(0o600);
  for (const rubbish of ['\n', '{}\n', '{"protocol":0,"ask":"query"}\n', 'x'.repeat(20_000_000)]) {
    const socket = connect(socketPath(home()));
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
    socket.write(rubbish);
    await closed;
  }

  await runAsked(QUESTION);
});

test('of two workers of a home one listens, and the other follows', async () => {
  const second = startCommand(['worker', '--roles', 'store'], { ...environment, MEMORY_HEALTH_PORT: '0' });
  try {
    const [text] = (await once(second.stderr ?? second, 'data')) as [Buffer];
    expect(String(text)).not.toMatch(/EADDRINUSE.*sock/);
    await end(worker, 'SIGTERM');

    await until('the other one listens', () => isWorkerListening(home()));
    await runAsked(QUESTION);
  } finally {
    await end(second, 'SIGKILL');
  }
});
