import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { askRecall, type RecallRequest } from '../../../src/agents/hooks/ask-recall.ts';
import { MINUTE, SECOND } from '../../../src/time.ts';
import { askWorker, isWorkerListening } from '../../../src/worker-socket/ask.ts';
import { socketFolder, socketPath } from '../../../src/worker-socket/protocol.ts';
import { serveWorkerSocket } from '../../../src/worker-socket/serve.ts';
import { until } from '../../support/wait.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-ask-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true, force: true });
});

/** A worker that does nothing by itself. */
async function listen(): Promise<Server> {
  mkdirSync(socketFolder(home), { recursive: true });
  const server = createServer().listen(socketPath(home));
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

async function nextQuestion(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  await once(socket, 'data');
  return socket;
}

describe('an answer', () => {
  /** Asks with one second left, of which the worker uses 200 ms until it accepts the question. */
  async function askWithSecond() {
    const server = await listen();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const asked = nextQuestion(server);
    const question = { home, environment: {}, ask: 'recall', body: {} };
    let hasEnded = false;
    const answer = askWorker({ ...question, deadline: performance.now() + SECOND }).finally(() => (hasEnded = true));
    const socket = await asked;
    vi.advanceTimersByTime(200);
    const timers = vi.getTimerCount();
    socket.write('{"accepted":true}\n');
    await until('no wait for the acceptance', () => vi.getTimerCount() < timers);
    return { answer, socket, hasEnded: () => hasEnded };
  }

  test('is waited for until the deadline, and no longer because the question was accepted late', async () => {
    const { answer, hasEnded } = await askWithSecond();

    vi.advanceTimersByTime(799);
    await Promise.resolve();
    expect(hasEnded()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await answer).toBeUndefined();
  });

  test('that comes just before the deadline counts', async () => {
    const { answer, socket } = await askWithSecond();

    vi.advanceTimersByTime(799);
    socket.write('{"answer":"Valkey 8"}\n');
    expect(await answer).toMatchObject({ answer: 'Valkey 8' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a recall', () => {
  const request: RecallRequest = {
    ...{ event: 'UserPromptSubmit', host: 'claude-code', input: { session: 's1', prompt: 'Which store?' } },
    ...{ scope: { group: 'harbor', userGroup: 'user' }, begins: true, known: [], own: [] },
  };
  const answered = {
    ...{ context: 'Harbor uses Valkey 8.', sentences: [], isBriefed: true, problems: [], isIncomplete: false },
    ...{ outcome: 'ok', notices: [] },
  };

  test('of a worker that uses its whole time arrives before the agent goes on', async () => {
    let finishesAt = 0;
    const worker = serveWorkerSocket(home, {
      recall: async (body) => {
        finishesAt = performance.now() + (body as { timeoutMs: number }).timeoutMs;
        return { answer: answered };
      },
    });
    onTestFinished(() => worker.close());
    await until('a socket', () => isWorkerListening(home));
    vi.useFakeTimers({ toFake: ['performance'] });

    const recalled = await askRecall(request, { home, environment: {}, deadline: performance.now() + MINUTE });

    expect(recalled).toMatchObject({ context: 'Harbor uses Valkey 8.', isBriefed: true, outcome: 'ok' });
    expect(finishesAt).toBe(performance.now() + MINUTE - 50);
  });

  test('without time left is late, and asks nobody', async () => {
    const server = await listen();
    let questions = 0;
    server.on('connection', () => questions++);

    const recalled = await askRecall(request, { home, environment: {}, deadline: performance.now() });

    expect(recalled).toMatchObject({ isBriefed: false, isIncomplete: true, outcome: 'late', tookMs: 0 });
    expect(recalled.problems).toEqual(['the briefing was too late', 'the recall for the prompt was too late']);
    expect(questions).toBe(0);
  });

  test('that a worker accepted and did not answer by the deadline is late', async () => {
    const server = await listen();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const asked = nextQuestion(server);
    const recall = askRecall(request, { home, environment: {}, deadline: performance.now() + SECOND });
    const socket = await asked;
    const timers = vi.getTimerCount();
    socket.write('{"accepted":true}\n');
    await until('no wait for the acceptance', () => vi.getTimerCount() < timers);

    vi.advanceTimersByTime(1000);

    expect(await recall).toMatchObject({ outcome: 'late', tookMs: 1000 });
  });
});
