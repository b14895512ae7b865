import { beforeEach, describe, expect, test } from 'vitest';
import type { SessionSummary, Turn } from '../../../../src/agents/capture/turn.ts';
import { openCapture } from '../../../../src/agents/opencode/capture.ts';
import type { Hooks, HostEvent } from '../../../../src/agents/opencode/host.ts';
import {
  openTrackedSessions,
  recordRecalledText,
  type TrackedSessions,
} from '../../../../src/agents/opencode/sessions.ts';
import { hostOf } from '../../../integration/agents/opencode/host.ts';

let turns: Turn[];
let summaries: SessionSummary[];
let sessions: TrackedSessions;
let host: ReturnType<typeof hostOf>;
let end: () => void;

beforeEach(() => {
  turns = [];
  summaries = [];
  sessions = openTrackedSessions();
  const capture = openCapture(sessions, '/home/ines/project', {
    turn: (turn) => void turns.push(turn),
    summary: (summary) => void summaries.push(summary),
  });
  const hooks: Hooks = {
    event: async ({ event }) => capture.happened(event as HostEvent),
    'chat.message': async (prompt, output) => capture.prompted(prompt, output),
  };
  host = hostOf(hooks);
  end = capture.end;
});

describe('a finished turn', () => {
  test('is stored once, complete', async () => {
    const session = await host.newSession();
    await host.turn(session, 'Which store?', 'Harbor uses Redis.');
    await host.idle(session);

    expect(turns).toEqual([
      {
        host: 'opencode',
        session,
        message: expect.stringMatching(/^msg_/),
        user: 'Which store?',
        assistant: 'Harbor uses Redis.',
        tools: [],
        files: [],
        model: 'stub/model',
        agent: 'build',
        status: 'completed',
        tokens: { input: 100, output: 20 },
        referenceTime: expect.any(Date),
        endedAt: expect.any(Date),
        recalled: false,
      },
    ]);
  });

  test.each([
    ['"Harbor uses Redis."', 'Harbor uses Redis.'],
    ['"Call it \\"Harbor\\"."', 'Call it "Harbor".'],
    ['"Harbor" or "Pier"', '"Harbor" or "Pier"'],
  ])("of `opencode run` contains the user's words: %s", async (given, kept) => {
    const session = await host.newSession();
    await host.turn(session, given, 'Noted.');
    await host.idle(session);

    expect(turns[0]?.user).toBe(kept);
  });

  test('of a thousand parts keeps its start and its end', async () => {
    const session = await host.newSession();
    await host.turnOfMany(session, 'Fix it all.', 1_000);

    expect(turns[0]?.assistant).toMatch(/^part 0\n\npart 1\n/);
    expect(turns[0]?.assistant).toMatch(/part 998\n\npart 999$/);
  });

  test('with tool calls is one turn even if the agent wrote several messages', async () => {
    const session = await host.newSession();
    await host.turnWithTool(session, 'Run it', 'It works.', {
      title: 'Tests',
      input: { command: 'npm test' },
      output: 'ok',
    });

    expect(turns).toMatchObject([
      {
        assistant: 'It works.',
        tools: [{ tool: 'bash', title: 'Tests', status: 'completed', input: '{"command":"npm test"}', output: 'ok' }],
      },
    ]);
  });

  test('names its files relative to the project', async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Change it');
    const answer = host.answer(session, message.id);
    await host.event('message.updated', { info: answer });
    await host.part(session, answer.id, { type: 'patch', files: ['/home/ines/project/src/a.ts', 'b.ts'] });
    await host.say(session, answer, 'Done.');
    await host.idle(session);

    expect(turns).toMatchObject([{ files: ['src/a.ts', 'b.ts'] }]);
  });

  test('contains no host messages and none of our own tool calls', async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Hello');
    const answer = host.answer(session, message.id);
    await host.event('message.updated', { info: answer });
    await host.part(session, answer.id, { text: 'a reminder', synthetic: true });
    await host.tool(session, answer.id, 'memory_search', { output: '- Harbor uses Redis for sessions. (Harbor)' });
    await host.say(session, answer, 'I found:\n- Harbor uses Redis for sessions.\nShall I go on?');
    await host.idle(session);

    expect(turns).toMatchObject([{ assistant: 'I found:\nShall I go on?', tools: [], recalled: true }]);
  });
});

test("another server's tool of the same name is kept, and its output may be repeated", async () => {
  const session = await host.newSession();
  const { message } = await host.prompt(session, 'What is on?');
  const answer = host.answer(session, message.id);
  await host.event('message.updated', { info: answer });
  await host.tool(session, answer.id, 'tv_get_episodes', { output: '- The third episode is about the harbour.' });
  await host.say(session, answer, 'Tonight:\n- The third episode is about the harbour.');
  await host.idle(session);

  expect(turns).toMatchObject([
    { assistant: 'Tonight:\n- The third episode is about the harbour.', tools: [{ tool: 'tv_get_episodes' }] },
  ]);
});

describe('an interrupted turn', () => {
  test('is marked as aborted by the user once, even if the session becomes idle twice', async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Count to a million');
    const answer = host.answer(session, message.id);
    await host.event('message.updated', { info: answer });
    await host.part(session, answer.id, { text: 'One, two' });
    await host.event('session.error', { sessionID: session, error: { name: 'MessageAbortedError' } });
    await host.idle(session);
    expect(turns).toEqual([]);
    const error = { name: 'MessageAbortedError' };
    await host.event('message.updated', { info: { ...answer, error, time: { created: 1, completed: 2 } } });
    await host.idle(session);

    expect(turns).toMatchObject([{ status: 'aborted', assistant: 'One, two' }]);
  });

  test('that ended with a model error is stored, even without an answer', async () => {
    const session = await host.newSession();
    await host.prompt(session, 'Hello');
    await host.event('session.error', { sessionID: session, error: { name: 'APIError' } });
    await host.idle(session);
    await host.idle(session);

    expect(turns).toMatchObject([{ status: 'error', user: 'Hello', assistant: '' }]);
  });

  test('of a host that exits is stored as far as it got', async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Tell me');
    const answer = host.answer(session, message.id);
    await host.event('message.updated', { info: answer });
    await host.part(session, answer.id, { text: 'Once upon' });
    end();
    end();

    expect(turns).toMatchObject([{ status: 'aborted', assistant: 'Once upon' }]);
  });
});

describe('not stored as a turn:', () => {
  test("a sub-agent's work; its result is stored as tool output", async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Look around');
    const answer = host.answer(session, message.id);
    await host.event('message.updated', { info: answer });
    const child = await host.newSession(session);
    await host.turn(child, 'Look into src', 'Noise.');
    await host.tool(session, answer.id, 'task', { output: 'There are three files.' });
    await host.say(session, answer, 'Three files.');
    await host.idle(session);

    expect(turns).toMatchObject([{ session, tools: [{ tool: 'task', output: 'There are three files.' }] }]);
  });

  test('a compaction summary, which is stored as a summary; the conversation after it belongs to the turn', async () => {
    const session = await host.newSession();
    const { message } = await host.prompt(session, 'Go on');
    await host.say(session, host.answer(session, message.id), 'First half.');
    const summary = host.answer(session, 'msg_compact', { summary: true, mode: 'compaction' });
    await host.say(session, summary, 'A summary.');
    await host.event('session.compacted', { sessionID: session });
    await host.say(session, host.answer(session, 'msg_of_the_host'), 'Second half.');
    await host.idle(session);

    expect(turns).toMatchObject([{ user: 'Go on', assistant: 'First half.\n\nSecond half.' }]);
    expect(summaries).toEqual([
      {
        ...{ host: 'opencode', session, message: summary.id, model: 'stub/model', text: 'A summary.' },
        ...{ userTexts: ['Go on'], referenceTime: new Date(summary.time.created) },
      },
    ]);
  });

  test('a summary that failed or belongs to a sub-agent', async () => {
    const session = await host.newSession();
    const child = await host.newSession(session);
    const failed = host.answer(session, 'msg_compact', { summary: true, error: { name: 'APIError' } });
    await host.say(session, failed, 'Half a summary.');
    await host.say(child, host.answer(child, 'msg_compact', { summary: true }), 'Noise.');
    await host.idle(session);
    end();

    expect(summaries).toEqual([]);
    expect(turns).toEqual([]);
  });

  test('recalled text that a summary repeats', async () => {
    const session = await host.newSession();
    recordRecalledText(sessions.of(session), '- Harbor uses Redis for sessions (since 2025-01-01)');
    const summary = host.answer(session, 'msg_compact', { summary: true });
    await host.say(session, summary, 'We renamed the gateway.\n- Harbor uses Redis for sessions.');

    expect(summaries.map(({ text }) => text)).toEqual(['We renamed the gateway.']);
  });

  test('a prompt that expects no answer', async () => {
    const session = await host.newSession();
    await host.prompt(session, 'For your information');
    await host.turn(session, 'Hello', 'Hi.');

    expect(turns).toMatchObject([{ user: 'Hello' }]);
  });

  test('garbage', async () => {
    for (const type of ['session.idle', 'message.updated', 'message.part.updated', 'session.error', 'x'])
      await host.event(type, { sessionID: 'ses_x', info: {}, part: {} });

    expect(turns).toEqual([]);
  });
});

test('a question asked while the agent is busy is a turn of its own', async () => {
  const session = await host.newSession();
  const first = await host.prompt(session, 'One');
  const second = await host.prompt(session, 'Two');
  await host.say(session, host.answer(session, first.message.id), 'To one.');
  await host.say(session, host.answer(session, second.message.id), 'To two.');
  await host.idle(session);

  expect(turns).toMatchObject([
    { user: 'One', assistant: 'To one.' },
    { user: 'Two', assistant: 'To two.' },
  ]);
});

test('a large memory answer is not stored again, and earlier recalled text is still recognised', async () => {
  const session = await host.newSession();
  recordRecalledText(sessions.of(session), '- Harbor uses Redis for sessions (since 2025-01-01)');
  const { message } = await host.prompt(session, 'Which berths?');
  const answer = host.answer(session, message.id);
  await host.event('message.updated', { info: answer });
  const facts = Array.from({ length: 1_000 }, (_, n) => `- The quay has berth ${n}`).join('\n');
  await host.tool(session, answer.id, 'memory_search', { output: facts });
  await host.say(session, answer, 'The quay has berth 0.\nThe quay has berth 999.\nThese berths are free.');
  await host.idle(session);
  const next = await host.prompt(session, 'And the sessions?');
  const last = host.answer(session, next.message.id);
  await host.event('message.updated', { info: last });
  await host.say(session, last, 'Harbor uses Redis for sessions.\nThe quay has berth 1.\nThese sessions are short.');
  await host.idle(session);

  expect(turns.map(({ assistant }) => assistant)).toEqual(['These berths are free.', 'These sessions are short.']);
  expect(sessions.of(session).answers.size).toBeLessThanOrEqual(450);
});

test('recalled text is not stored again, each session apart', async () => {
  const session = await host.newSession();
  recordRecalledText(sessions.of(session), '- Harbor uses Redis for sessions (since 2025-01-01)');
  await host.turnWithTool(session, 'Which store?', 'As I recall, Harbor uses Redis for sessions.', {
    output: 'README: harbor uses redis for sessions',
  });

  expect(turns).toMatchObject([
    { user: 'Which store?', assistant: 'As I recall, .', tools: [{ output: 'README: ' }], recalled: true },
  ]);
});
