import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HookEvent } from '../../../../src/agents/hooks/event.ts';
import { answerHook } from '../../../../src/agents/hooks/hook.ts';
import { newSession, withRecalledSentences, withSession } from '../../../../src/agents/hooks/session.ts';
import type { Episode } from '../../../../src/episode.ts';
import { readSpooled } from '../../../../src/queue/spool/spool.ts';
import { readOutcomes } from '../../../../src/telemetry/agent-outcomes.ts';
import { HOUR, MINUTE } from '../../../../src/time.ts';
import { startTranscript, type Transcript } from '../../../support/claude-transcript.ts';

let folder: string;
let transcript: Transcript;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-hooks-'));
  transcript = startTranscript(at('session.jsonl'), 's1');
  transcript.snapshot();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function call(event: HookEvent, more: Record<string, unknown> = {}, environment: Record<string, string> = {}) {
  const told = { session_id: 's1', transcript_path: at('session.jsonl'), cwd: '/project', hook_event_name: event };
  return answerHook({
    event,
    input: JSON.stringify({ ...told, ...more }),
    host: 'claude-code',
    group: 'harbor',
    environment: {
      MEMORY_HOME: at('home'),
      VALKEY_PORT: '1',
      FALKORDB_PORT: '1',
      MEMORY_MODELS: 'local',
      ...environment,
    },
    directory: folder,
    patience: 2 * MINUTE,
  });
}

async function episodes(): Promise<Episode[]> {
  const names = readdirSync(at('home', 'spool')).sort();
  const files = await Promise.all(names.map((name) => readSpooled(at('home', 'spool', name))));
  const found = files.flatMap((file) => file ?? []).map(({ episode }) => episode);
  return found.sort((a, b) => a.referenceTime.getTime() - b.referenceTime.getTime());
}
const contents = async () => (await episodes()).map(({ content }) => content);
const problems = () => readFileSync(at('home', 'hooks', 'problems.log'), 'utf8');

describe('a finished turn', () => {
  test('is one episode with what the user said and what the agent did', async () => {
    const message = transcript.user('Move the sessions of Harbor to Valkey 8.');
    transcript.thinks('THOUGHTS');
    transcript.says('I look at the store first.');
    transcript.uses('Bash', { command: 'grep -r redis src', description: 'Find uses' }, 'src/store.ts: redis');
    transcript.uses('Edit', { file_path: '/project/src/store.ts', old_string: 'a', new_string: 'b' }, 'ok');
    transcript.uses('Bash', { command: 'npm test' }, 'exit 1', true);
    transcript.says('Harbor keeps its sessions in Valkey 8.');

    expect((await call('Stop')).spooled).toBe(1);

    const [episode] = await episodes();
    expect(episode?.content).toBe(
      'user: Move the sessions of Harbor to Valkey 8.\nassistant: I look at the store first.\n\nHarbor keeps its sessions in Valkey 8.',
    );
    expect(episode).toMatchObject({
      group: 'harbor',
      saga: 's1',
      source: 'message',
      sourceDescription: 'claude-code',
      referenceTime: new Date('2026-11-22T10:00:00.000Z'),
    });
    expect(episode?.metadata).toEqual({
      kind: 'turn',
      host: 'claude-code',
      session: 's1',
      message,
      status: 'completed',
      model: 'claude-opus-5',
      // Six messages of the model; what came from the provider's cache is not counted again.
      tokens: { input: 90, output: 120 },
      endedAt: '2026-11-22T10:00:09.000Z',
      files: ['src/store.ts'],
      tools: [
        {
          tool: 'Bash',
          title: 'Find uses',
          status: 'completed',
          input: 'grep -r redis src',
          output: 'src/store.ts: redis',
        },
        {
          tool: 'Edit',
          status: 'completed',
          input: '{"file_path":"/project/src/store.ts","old_string":"a","new_string":"b"}',
          output: 'ok',
        },
        { tool: 'Bash', status: 'error', input: 'npm test', output: 'exit 1' },
      ],
    });
  });

  test('is stored once however often hooks run, even twice at the same time', async () => {
    transcript.user('first');
    transcript.says('one');
    await Promise.all([call('Stop'), call('Stop'), call('SessionEnd')]);
    await call('Stop');
    transcript.user('second');
    transcript.says('two');
    await Promise.all([call('Stop'), call('SessionEnd')]);
    await call('SessionEnd');

    expect(await contents()).toEqual(['user: first\nassistant: one', 'user: second\nassistant: two']);
  });

  test('has the same uuid when its session is read again', async () => {
    transcript.user('first');
    transcript.says('one');
    await call('Stop');
    rmSync(at('home', 'hooks'), { recursive: true });
    await call('Stop');

    const [one, other] = await episodes();
    expect(other?.uuid).toBe(one?.uuid);
  });

  test("includes the agent's last message even before the transcript does, and only once", async () => {
    transcript.user('Where are the sessions?');
    await call('Stop', { last_assistant_message: 'In Valkey 8.' });
    transcript.says('In Valkey 8.');
    transcript.user('Thanks.');
    transcript.says('Gladly.');
    await call('Stop', { last_assistant_message: 'Gladly.' });

    expect(await contents()).toEqual([
      'user: Where are the sessions?\nassistant: In Valkey 8.',
      'user: Thanks.\nassistant: Gladly.',
    ]);
  });

  test('that another hook continued gets a second part', async () => {
    const message = transcript.user('Fix it.');
    transcript.says('Fixed.');
    await call('Stop');
    transcript.user('Stop hook feedback: the tests fail', { isMeta: true });
    transcript.says('Now the tests pass too.');
    await call('Stop', { stop_hook_active: true });

    const [, second] = await episodes();
    expect(second?.content).toBe('assistant: Now the tests pass too.');
    expect(second?.metadata?.message).toBe(`${message}.2`);
  });
});

describe('an unfinished turn', () => {
  test('is kept pending through a compaction and stored whole', async () => {
    transcript.user('A long task.');
    transcript.says('Half of it.');
    expect((await call('PreCompact', { trigger: 'auto' })).spooled).toBe(0);
    transcript.compacted();
    transcript.says('The other half.');
    await call('Stop');

    expect((await contents()).filter((content) => content.startsWith('user:'))).toEqual([
      'user: A long task.\nassistant: Half of it.\n\nThe other half.',
    ]);
  });

  test('is stored with the next turn and says how it ended', async () => {
    transcript.user('one');
    transcript.says('I begin.');
    transcript.interrupted();
    transcript.user('two');
    transcript.answer(
      [{ type: 'text', text: 'API Error: 529' }],
      { isApiErrorMessage: true },
      { model: '<synthetic>' },
    );
    transcript.user('three');
    transcript.answer([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'sleep 9' } }]);
    await call('SessionEnd', { reason: 'other' });

    expect((await episodes()).map(({ content, metadata }) => [content, metadata?.status])).toEqual([
      ['user: one\nassistant: I begin.', 'aborted'],
      ['user: two', 'error'],
      ['user: three', 'aborted'],
    ]);
  });

  test('of a killed session is stored when the session resumes', async () => {
    await call('SessionStart', { source: 'startup' });
    transcript.user('Remember the port 7490.');
    transcript.says('I will.');
    await call('SessionStart', { source: 'resume' });

    expect(await contents()).toEqual(['user: Remember the port 7490.\nassistant: I will.']);
  });
});

describe('the summary of a compaction', () => {
  const summaries = async () => (await episodes()).filter(({ metadata }) => metadata?.kind === 'summary');

  test('is a separate episode, attributed to the agent and not to the user, stored once', async () => {
    transcript.user('A long task. <private>plover at the gate</private>');
    transcript.says('Half of it.');
    await call('PreCompact', { trigger: 'auto' });
    const message = transcript.compacted(
      [
        'This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:',
        '1. Primary Request: user: Always push to main.',
        'The word is plover at the gate.',
        'Please continue the conversation from where we left it off without asking the user any further questions.',
      ].join('\n'),
    );
    expect((await call('SessionStart', { source: 'compact' })).spooled).toBe(1);
    expect((await call('PreCompact')).spooled).toBe(0);
    transcript.says('The other half.');
    expect((await call('Stop')).spooled).toBe(1);

    const [summary, ...others] = await summaries();
    expect(others).toEqual([]);
    expect(summary).toMatchObject({ source: 'text', saga: 's1', sourceDescription: 'claude-code', group: 'harbor' });
    expect(summary?.metadata).toEqual({ kind: 'summary', host: 'claude-code', session: 's1', message });
    expect(summary?.content).toBe('1. Primary Request: user: Always push to main.\nThe word is [redacted:repeated].');
  });

  test('that precedes a new user message is stored too', async () => {
    transcript.user('one');
    transcript.says('1');
    await call('Stop');
    transcript.compacted();
    transcript.user('two');
    transcript.says('2');
    await call('Stop');

    expect(await contents()).toEqual(['user: one\nassistant: 1', 'Summary: SUMMARY', 'user: two\nassistant: 2']);
  });
});

describe('not captured:', () => {
  test('sub-agents, host messages, the memory itself, and commands without an answer', async () => {
    transcript.user('SIDE', { isSidechain: true });
    transcript.says('SIDE', { isSidechain: true, agentId: 'a' });
    transcript.user('META', { isMeta: true });
    transcript.user('<command-name>/clear</command-name>\n<command-args></command-args>');
    transcript.user('<local-command-stdout>STDOUT</local-command-stdout>');
    transcript.user('<bash-input>ls</bash-input>');
    transcript.user([
      { type: 'text', text: '<ide_opened_file>IDE</ide_opened_file>' },
      { type: 'text', text: 'Hello.' },
    ]);
    transcript.uses('mcp__memory__search_memory_facts', { query: 'q' }, 'RECALLED');
    transcript.says('Hello to you. <recalled-memory>TOLD</recalled-memory>');
    transcript.user('Copied.', { forkedFrom: { sessionId: 'other', messageUuid: 'x' } });
    await call('Stop');
    await call('Stop', { agent_id: 'sub', session_id: 's2' });

    const [episode, ...others] = await episodes();
    expect(others).toEqual([]);
    expect(JSON.stringify(episode)).not.toMatch(/SIDE|META|STDOUT|IDE|RECALLED|TOLD|<bash/);
    expect(episode?.content).toBe('user: Hello.\nassistant: Hello to you.');
  });

  test.each([
    ['mcp__brain__search_memory_facts', '{"server":"memory-manager","facts":[{"fact":"Harbor uses Valkey 8."}]}'],
    ['mcp__memory__search_memory_facts', '<recalled-memory>\n- Harbor uses Valkey 8. (episode 1)\n</recalled-memory>'],
  ])('text that the agent looked up in the memory and repeats (%s)', async (tool, reply) => {
    transcript.user('Which store?');
    transcript.uses(tool, { query: 'store' }, [{ type: 'text', text: reply }]);
    transcript.says('Harbor uses Valkey 8. I will use it.');
    await call('Stop');
    transcript.user('And again?');
    transcript.says('As I said: Harbor uses Valkey 8. Nothing else.');
    await call('Stop');

    expect(JSON.stringify(await episodes())).not.toMatch(/Valkey|brain/);
    expect(await contents()).toEqual([
      expect.stringContaining('I will use it.'),
      expect.stringContaining('Nothing else.'),
    ]);
  });

  test.each([1, 3])('a fact from the briefing, even after %d large memory answers', async (times) => {
    transcript.user('Which store?');
    await call('SessionStart', { source: 'resume' });
    const state = withRecalledSentences(newSession(0), ['Harbor keeps its sessions in Valkey 8']);
    withSession(at('home'), 'claude-code', 's1', (file) => file.write(state));
    const facts = (turn: number) => Array.from({ length: 1_000 }, (_, n) => ({ fact: `Quay ${turn} has berth ${n}` }));
    for (let turn = 0; turn < times; turn++) {
      transcript.user('Which berths?');
      const reply = JSON.stringify({ server: 'memory-manager', facts: facts(turn) });
      transcript.uses('mcp__memory__get_episodes', {}, [{ type: 'text', text: reply }]);
      transcript.says(`Quay ${turn} has berth 0. Quay ${turn} has berth 999. These berths are free.`);
      await call('Stop');
    }
    transcript.user('And the sessions?');
    transcript.says(`Harbor keeps its sessions in Valkey 8. Quay ${times - 1} has berth 1. These sessions are short.`);
    await call('Stop');

    expect(JSON.stringify(await episodes())).not.toMatch(/Valkey|Quay/);
    expect((await contents()).join()).toMatch(/These berths are free.*These sessions are short/s);
    const size = withSession(at('home'), 'claude-code', 's1', (file) => JSON.stringify(file.read()).length);
    expect(size).toBeLessThan(20_000);
  });

  test('text that was in a session before its first hook call', async () => {
    transcript.user('old');
    transcript.says('old');
    await call('SessionStart', { source: 'resume' });
    transcript.user('new');
    transcript.says('new');
    await call('Stop');

    expect(await contents()).toEqual(['user: new\nassistant: new']);
  });

  test("a slash command with arguments is stored as the user's words", async () => {
    transcript.user(
      '<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args>the store</command-args>',
    );
    transcript.user([{ type: 'text', text: 'PROMPT OF THE COMMAND' }], { isMeta: true });
    transcript.says('It is fine.');
    await call('Stop');

    expect(await contents()).toEqual(['user: /review the store\nassistant: It is fine.']);
  });
});

describe('tool results', () => {
  test('are shortened, and images are only named', async () => {
    transcript.user([{ type: 'image', source: { type: 'base64', data: 'iVBORw0KGgo'.repeat(1_000) } }]);
    transcript.uses('Read', { file_path: '/tmp/a.png' }, [
      { type: 'image', source: { type: 'base64', data: 'iVBORw0KGgo'.repeat(100_000) } },
      { type: 'text', text: 'a picture' },
    ]);
    transcript.uses('Bash', { command: 'cat big' }, 'one line of many words\n'.repeat(100_000));
    transcript.says('Seen.');
    await call('Stop');

    const [episode] = await episodes();
    const tools = episode?.metadata?.tools as { output: string }[];
    expect(episode?.content).toBe('user: [image]\nassistant: Seen.');
    expect(tools[0]?.output).toBe('[image]\na picture');
    expect(tools[1]?.output.length).toBeLessThanOrEqual(600);
    expect(JSON.stringify(episode)).not.toContain('iVBOR');
  });
});

describe('a transcript', () => {
  test('may end in the middle of a line or a character', async () => {
    transcript.user('Grüße an Zoë');
    const line = Buffer.from(
      `${JSON.stringify({ type: 'assistant', uuid: 'z', timestamp: '2026-11-22T10:00:09Z', message: { id: 'm', content: [{ type: 'text', text: 'Zoë dankt.' }] } })}\n`,
    );
    const cut = line.indexOf(0xc3) + 1;
    transcript.raw(line.subarray(0, cut));
    await call('PreCompact');
    transcript.raw(line.subarray(cut));
    await call('Stop');

    expect(await contents()).toEqual(['user: Grüße an Zoë\nassistant: Zoë dankt.']);
  });

  test('may contain garbage, which is logged without its content', async () => {
    transcript.raw('{"type":"assistant","uuid":\nnull\n[]\n{"type":"user","message":{"content":7}}\n\0SECRET\n');
    transcript.user('still here');
    transcript.says('yes');
    await call('Stop');

    expect(await contents()).toEqual(['user: still here\nassistant: yes']);
    expect(problems()).toMatch(/claude-code Stop: 2 lines of the transcript are not JSON/);
    expect(problems()).not.toContain('SECRET');
  });

  test('may be rewritten', async () => {
    transcript.user('a long first message of a session');
    transcript.says('one');
    await call('Stop');
    truncateSync(at('session.jsonl'), 0);
    transcript.user('b');
    transcript.says('c');
    await call('Stop');

    expect(await contents()).toContain('user: b\nassistant: c');
  });

  test('may be missing', async () => {
    expect(await call('Stop', { transcript_path: at('none.jsonl') })).toEqual({ spooled: 0 });
    expect(problems()).toContain('ENOENT');
  });
});

describe('a secret is never written', () => {
  test('to spool, state or log', async () => {
    const key = `sk-proj-${'a1B2'.repeat(10)}`;
    transcript.user(`Use ${key} and <private>the code word is plover</private> please.`);
    transcript.uses('Bash', { command: `export OPENAI_API_KEY=${key}` }, `OPENAI_API_KEY=${key}`);
    transcript.says(`I used ${key}.`);
    await call('Stop', { last_assistant_message: `I used ${key}.` });
    transcript.user('<private>open and never closed: plover');
    transcript.says('plover it is');
    await call('SessionEnd');

    const files = readdirSync(at('home'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const all = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
    expect(all).toContain('[redacted:');
    expect(all).toContain('[private]');
    expect(all).not.toMatch(/sk-proj-a1|plover/);
    for (const entry of files) expect(statSync(join(entry.parentPath, entry.name)).mode & 0o077).toBe(0);
  });
});

describe('a home directory that other users can access', () => {
  const EVENTS = ['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd'] as const;

  beforeEach(() => {
    transcript.user('one');
    transcript.says('1');
    mkdirSync(at('home'));
  });

  test.each(EVENTS)('gets nothing from %s when it is writable by others, and the answer says why', async (event) => {
    chmodSync(at('home'), 0o770);

    const answer = await call(event, { source: 'startup', prompt: 'Which store?' });

    expect(answer).toEqual({
      spooled: 0,
      log: expect.stringMatching(/^Other users .* can write into .*chmod 700/),
    });
    expect(readdirSync(at('home'))).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0).each(EVENTS)(
    'gets nothing from %s when it belongs to another user',
    async (event) => {
      chownSync(at('home'), 65_534, 65_534);

      const answer = await call(event, { source: 'startup', prompt: 'Which store?' });

      expect(answer).toEqual({ spooled: 0, log: expect.stringContaining('belongs to another user') });
      expect(readdirSync(at('home'))).toEqual([]);
    },
  );

  test('is not read either: work queued there by others is ignored', async () => {
    chmodSync(at('home'), 0o777);
    mkdirSync(at('home', 'hooks'));
    const work = { version: 1, host: 'x', session: 's9', transcript: at('session.jsonl'), directory: null, group: 'g' };
    const path = at('home', 'hooks', `${'0'.repeat(32)}.work`);
    writeFileSync(path, JSON.stringify(work));
    utimesSync(path, 1, 1);

    expect((await call('SessionStart', { source: 'startup' })).spooled).toBe(0);

    expect(readdirSync(at('home', 'hooks'))).toEqual([`${'0'.repeat(32)}.work`]);
  });
});

describe('when something goes wrong', () => {
  test.each(['', 'rubbish', '[]', '{}', '{"session_id":""}', '{"session_id":7}'])(
    'input %j is ignored',
    async (input) => {
      const answer = await answerHook({
        event: 'Stop',
        input,
        host: 'x',
        group: undefined,
        environment: { MEMORY_HOME: at('home') },
        directory: folder,
        patience: 2 * MINUTE,
      });
      expect(answer).toEqual({ spooled: 0 });
      expect(problems()).toMatch(/x Stop: the host's message cannot be read\n$/);
    },
  );

  test('a full spool loses nothing', async () => {
    transcript.user('one');
    transcript.says('1');
    transcript.user('two');
    transcript.says('2');
    await call('Stop', {}, { MEMORY_SPOOL_LIMIT: '1' });
    expect(await contents()).toEqual(['user: one\nassistant: 1']);
    expect(problems()).toContain('room for');
    await call('Stop');

    expect(await contents()).toEqual(['user: one\nassistant: 1', 'user: two\nassistant: 2']);
  });

  test('the lock of a killed process is taken over', async () => {
    transcript.user('one');
    await call('PreCompact');
    const [state = ''] = readdirSync(at('home', 'hooks')).filter((name) => name.endsWith('.json'));
    const lock = at('home', 'hooks', `${state}.lock`);
    writeFileSync(lock, '');
    // Not old, however long the hook takes.
    utimesSync(lock, new Date(), new Date(Date.now() + HOUR));
    transcript.says('1');
    expect((await call('Stop')).spooled).toBe(0);
    expect(problems()).toContain('another hook of this session');

    utimesSync(lock, 1, 1);
    expect((await call('Stop')).spooled).toBe(1);
  });

  test('the outcome of each call is recorded for status and doctor, without content', async () => {
    transcript.user('one');
    transcript.says('1');
    transcript.user('two');
    transcript.says('2');
    await call('Stop', {}, { MEMORY_SPOOL_LIMIT: '1' });
    await call('Stop');
    await call('Stop');
    await call('UserPromptSubmit', { prompt: 'Which store has Harbor?' });

    const outcomes = readOutcomes(at('home'));
    const known = { host: 'claude-code', group: 'harbor', directory: '/project' };
    expect(outcomes).toMatchObject([
      { ...known, work: 'capture', outcome: 'failed', reason: expect.stringContaining('room for') },
      { ...known, work: 'capture', outcome: 'ok' },
      { ...known, work: 'recall', outcome: 'failed', reason: expect.stringMatching(/ failed: .* does not answer/) },
    ]);
    expect(JSON.stringify(outcomes)).not.toContain('Which store');
  });

  test('the problem log stays short', async () => {
    const { logProblem } = await import('../../../../src/agents/hooks/state-folder.ts');
    for (let index = 0; index < 500; index += 1) logProblem(at('home'), `problem ${index} ${'x'.repeat(300)}`);
    expect(problems().length).toBeLessThan(34_000);
    expect(problems()).toContain('problem 499 ');
    expect(problems()).toMatch(/^2\d{3}-/);
  });
});
