import { beforeEach, describe, expect, test } from 'vitest';
import type { SessionSummary, Turn } from '../../../../src/agents/capture/turn.ts';
import { openCapture } from '../../../../src/agents/opencode/capture.ts';
import { openTrackedSessions } from '../../../../src/agents/opencode/sessions.ts';
import { type EventTranslator, openEventTranslator } from '../../../../src/agents/opencode/v2/events.ts';
import type { EventData } from '../../../../src/agents/opencode/v2/host.ts';
import { toPromptOutput } from '../../../../src/agents/opencode/v2/version1-shapes.ts';

const SESSION = 'ses_1';
let turns: Turn[];
let summaries: SessionSummary[];
let translation: EventTranslator;
let capture: ReturnType<typeof openCapture>;
let count: number;

beforeEach(() => {
  [turns, summaries, count] = [[], [], 0];
  translation = openEventTranslator();
  capture = openCapture(openTrackedSessions(), '/home/ines/project', {
    turn: (turn) => void turns.push(turn),
    summary: (summary) => void summaries.push(summary),
  });
});

function prompt(message: string, text: string, session = SESSION): void {
  translation.prompted(session, message);
  const event = { sessionID: session, messageID: message, prompt: { text } };
  capture.prompted({ sessionID: session, messageID: message }, toPromptOutput(event));
}

function emit(type: string, data: EventData = {}, id?: string): void {
  count += 1;
  const event = { id: id ?? `evt_${count}`, type, created: 1_000 + count, data: { sessionID: SESSION, ...data } };
  for (const translated of translation.translated(event)) capture.happened(translated);
}

const deliver = (inboxID: string) => emit('session.inbox.delivered', { inboxID });
const begin = (assistantMessageID: string) =>
  emit('session.step.started', { assistantMessageID, agent: 'build', model: { id: 'm', providerID: 'stub' } });
const say = (assistantMessageID: string, text: string, ordinal = 0) =>
  emit('session.text.ended', { assistantMessageID, ordinal, text });
const finish = (assistantMessageID: string) =>
  emit('session.step.ended', { assistantMessageID, tokens: { input: 10, output: 5 } });
function step(assistantMessageID: string, text: string): void {
  begin(assistantMessageID);
  say(assistantMessageID, text);
  finish(assistantMessageID);
}

describe('an execution', () => {
  test('is one turn, with all of its steps, tools and files', () => {
    prompt('msg_1', 'Run it.');
    deliver('msg_1');
    begin('msg_2');
    const call = { assistantMessageID: 'msg_2', id: 'call_1' };
    emit('session.tool.input.started', { ...call, name: 'shell' });
    emit('session.tool.called', { ...call, input: { command: 'npm test' } });
    emit('session.tool.success', { ...call, content: [{ type: 'text', text: 'ok' }, { type: 'file' }] });
    const failing = { assistantMessageID: 'msg_2', callID: 'call_2' };
    emit('session.tool.input.started', { ...failing, name: 'read' });
    emit('session.tool.failed', { ...failing, error: { type: 'fs', message: 'no such file' } });
    emit('session.step.ended', { assistantMessageID: 'msg_2', files: ['src/a.ts'], tokens: { input: 10, output: 5 } });
    begin('msg_3');
    say('msg_3', 'First.', 0);
    say('msg_3', 'Second.', 1);
    finish('msg_3');
    expect(turns).toEqual([]);
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([
      {
        ...{ host: 'opencode', session: SESSION, message: 'msg_1', user: 'Run it.', status: 'completed' },
        ...{ assistant: 'First.\n\nSecond.', files: ['src/a.ts'], model: 'stub/m', agent: 'build' },
        tokens: { input: 20, output: 10 },
        tools: [
          { tool: 'shell', status: 'completed', input: '{"command":"npm test"}', output: 'ok' },
          { tool: 'read', status: 'error', output: 'no such file' },
        ],
      },
    ]);
  });

  test.each([
    ['failed', 'error'],
    ['interrupted', 'aborted'],
  ] as const)('that %s is a turn that says so, even without an answer', (how, status) => {
    prompt('msg_1', 'Hello');
    deliver('msg_1');
    emit(`session.execution.${how}`, { error: { type: 'provider', message: 'It refuses.' } });

    expect(turns).toMatchObject([{ status, user: 'Hello', assistant: '' }]);
  });

  test("that is interrupted includes the agent's text that arrives after the end", () => {
    prompt('msg_1', 'Tell me.');
    deliver('msg_1');
    begin('msg_2');
    emit('session.execution.interrupted');
    say('msg_2', 'Once upon');
    emit('session.step.failed', { assistantMessageID: 'msg_2', error: { type: 'aborted' } });

    expect(turns).toMatchObject([{ status: 'aborted', assistant: 'Once upon' }]);
  });

  test('whose step failed and was retried is completed', () => {
    prompt('msg_1', 'Hello');
    deliver('msg_1');
    begin('msg_2');
    emit('session.step.failed', { assistantMessageID: 'msg_2', error: { type: 'transport' } });
    step('msg_3', 'Hi.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ status: 'completed', assistant: 'Hi.' }]);
  });

  test('without a user message, such as the end of an undo, is not a turn', () => {
    prompt('msg_1', 'Hello');
    emit('session.execution.started');
    emit('session.execution.failed', { error: { type: 'x' } });
    expect(turns).toEqual([]);
    deliver('msg_1');
    step('msg_2', 'Hi.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ user: 'Hello', status: 'completed' }]);
  });

  test('that is reported again after a reconnect does not end another turn', () => {
    prompt('msg_1', 'One');
    deliver('msg_1');
    step('msg_2', 'To one.');
    emit('session.execution.succeeded', {}, 'evt_end');
    prompt('msg_3', 'Two');
    deliver('msg_3');
    step('msg_4', 'I look.');
    emit('session.execution.succeeded', {}, 'evt_end');
    step('msg_5', 'Done.');
    emit('session.execution.succeeded');

    expect(turns.map(({ assistant }) => assistant)).toEqual(['To one.', 'I look.\n\nDone.']);
  });
});

describe('a message that arrives while the agent is busy', () => {
  test('is a turn of its own once delivered, whatever happens to the first', () => {
    prompt('msg_1', 'One');
    deliver('msg_1');
    begin('msg_2');
    prompt('msg_3', 'Two');
    say('msg_2', 'To one.');
    finish('msg_2');
    emit('session.execution.interrupted');
    deliver('msg_3');
    step('msg_4', 'To two.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([
      { user: 'One', assistant: 'To one.', status: 'aborted' },
      { user: 'Two', assistant: 'To two.', status: 'completed' },
    ]);
  });

  test('and is picked up between two steps ends the turn before it', () => {
    prompt('msg_1', 'One');
    deliver('msg_1');
    step('msg_2', 'To one.');
    prompt('msg_3', 'No, two');
    deliver('msg_3');
    step('msg_4', 'To two.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([
      { user: 'One', assistant: 'To one.' },
      { user: 'No, two', assistant: 'To two.' },
    ]);
  });

  test('before its first step is answered together with the previous message', () => {
    prompt('msg_1', 'One');
    prompt('msg_2', 'and two');
    deliver('msg_1');
    deliver('msg_2');
    step('msg_3', 'To both.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ message: 'msg_1', user: 'One\n\nand two', assistant: 'To both.' }]);
  });

  test('and is withdrawn leaves no trace', () => {
    prompt('msg_1', 'One');
    deliver('msg_1');
    prompt('msg_2', 'Two');
    emit('session.inbox.cancelled', { inboxID: 'msg_2' });
    step('msg_3', 'To one.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ user: 'One', assistant: 'To one.' }]);
  });

  test('from the host continues the turn', () => {
    prompt('msg_1', 'One');
    deliver('msg_1');
    step('msg_2', 'I wait.');
    deliver('msg_of_the_host');
    step('msg_3', 'It is done.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ user: 'One', assistant: 'I wait.\n\nIt is done.' }]);
  });
});

describe('a compaction', () => {
  test('yields its summary, and the turn continues after it', () => {
    prompt('msg_1', 'Go on.');
    deliver('msg_1');
    step('msg_2', 'First half.');
    emit('session.compaction.started', { inputID: 'msg_3' });
    emit('session.compaction.ended', { inputID: 'msg_3', text: 'A summary.', model: { id: 'm', providerID: 'stub' } });
    step('msg_4', 'Second half.');
    emit('session.execution.succeeded');

    expect(turns).toMatchObject([{ user: 'Go on.', assistant: 'First half.\n\nSecond half.' }]);
    expect(summaries).toMatchObject([
      { session: SESSION, message: 'msg_3', text: 'A summary.', model: 'stub/m', userTexts: ['Go on.'] },
    ]);
  });

  test('that failed yields no summary', () => {
    prompt('msg_1', 'Go on.');
    emit('session.compaction.failed', { error: { type: 'x' } });

    expect(summaries).toEqual([]);
  });
});

test('events of sessions in which this plugin saw no prompt are ignored', () => {
  emit('session.created');
  begin('msg_1');
  say('msg_1', 'Noise.');
  finish('msg_1');
  emit('session.execution.succeeded');
  prompt('msg_2', 'Hello');
  translation.leaveOut(SESSION);
  deliver('msg_2');
  step('msg_3', 'Noise.');
  emit('session.execution.succeeded');

  expect(turns).toEqual([]);
});

test('a session that moves to another folder is ignored from then on', () => {
  prompt('msg_1', 'Hello');
  deliver('msg_1');
  step('msg_2', 'Hi.');
  emit('session.execution.succeeded');
  emit('session.moved', { location: { directory: '/elsewhere' } });
  deliver('msg_3');
  step('msg_4', 'Noise.');
  emit('session.execution.succeeded');

  expect(turns).toMatchObject([{ user: 'Hello' }]);
});
