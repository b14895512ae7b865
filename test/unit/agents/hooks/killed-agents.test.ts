import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AgentProcess, callingAgent } from '../../../../src/agents/hooks/agent-process.ts';
import type { HookEvent } from '../../../../src/agents/hooks/event.ts';
import { answerHook } from '../../../../src/agents/hooks/hook.ts';
import { recordUnfinishedWork, unfinishedWork } from '../../../../src/agents/hooks/unfinished-work.ts';
import { readSpooled } from '../../../../src/queue/spool/spool.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../../src/time.ts';
import { startTranscript, type Transcript } from '../../../support/claude-transcript.ts';

// A killed agent calls no more hooks; hooks of later sessions store what the agent left behind.
let folder: string;
let transcript: Transcript;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'memory-killed-'));
  transcript = startTranscript(at('killed.jsonl'), 'killed');
  transcript.snapshot();
  startTranscript(at('later.jsonl'), 'later').snapshot();
  await hook('SessionStart', 'killed', { source: 'startup' });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hook(
  event: HookEvent,
  session: string,
  more: Record<string, unknown> = {},
  host = 'claude-code',
  agent?: AgentProcess,
) {
  return answerHook({
    agent,
    event,
    input: JSON.stringify({ session_id: session, transcript_path: at(`${session}.jsonl`), cwd: '/project', ...more }),
    host,
    group: 'harbor',
    environment: { MEMORY_HOME: at('home'), VALKEY_PORT: '1', FALKORDB_PORT: '1', MEMORY_MODELS: 'local' },
    directory: folder,
    patience: 2 * MINUTE,
  });
}

async function kept(): Promise<[content: string, status: unknown][]> {
  const names = readdirSync(at('home')).includes('spool') ? readdirSync(at('home', 'spool')).sort() : [];
  const files = await Promise.all(names.map((name) => readSpooled(at('home', 'spool', name))));
  return files.flatMap((file) => file ?? []).map(({ episode }) => [episode.content, episode.metadata?.status]);
}
const notes = () => readdirSync(at('home', 'hooks')).filter((name) => name.endsWith('.work'));

/** As if everything so far were so old. */
function age(milliseconds: number): void {
  const then = (Date.now() - milliseconds) / SECOND;
  for (const path of [at('killed.jsonl'), ...notes().map((name) => at('home', 'hooks', name))])
    utimesSync(path, then, then);
}
const laterSession = () => hook('SessionStart', 'later', { source: 'startup' });

describe('a turn whose agent was killed', () => {
  test('after the answer is stored by the next session, once', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Where are the sessions?' });
    transcript.user('Where are the sessions?');
    transcript.ends('In Valkey 8.');
    age(2 * MINUTE);

    await laterSession();
    await laterSession();
    await hook('SessionStart', 'killed', { source: 'resume' });

    expect(await kept()).toEqual([['user: Where are the sessions?\nassistant: In Valkey 8.', 'completed']]);
    expect(notes()).toEqual([]);
  });

  test('before the answer is kept waiting for a resume', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' });
    transcript.user('Fix it.');
    transcript.says('I look at it first.');
    transcript.answer([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'npm test' } }]);
    age(HOUR);

    await laterSession();
    expect(await kept()).toEqual([]);
    await hook('SessionStart', 'killed', { source: 'resume' });

    expect(await kept()).toEqual([['user: Fix it.\nassistant: I look at it first.', 'aborted']]);
  });

  test('before the answer is stored by the next session a day later, if nobody resumes it', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' });
    transcript.user('Fix it.');
    transcript.answer([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'npm test' } }]);
    age(HOUR);
    await laterSession();
    age(DAY + HOUR);

    await laterSession();

    expect(await kept()).toEqual([['user: Fix it.', 'aborted']]);
    expect(notes()).toEqual([]);
  });

  test('after a compaction and its answer is stored by the next session', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'A long task.' });
    transcript.user('A long task.');
    transcript.says('Half of it.');
    await hook('PreCompact', 'killed', { trigger: 'auto' });
    transcript.ends('The other half.');
    age(2 * MINUTE);

    await laterSession();

    expect(await kept()).toEqual([['user: A long task.\nassistant: Half of it.\n\nThe other half.', 'completed']]);
  });
});

describe('a turn of a killed Codex session', () => {
  const said = (role: string, text: string) => ({
    type: 'response_item',
    payload: { type: 'message', role, content: [{ type: 'text', text }] },
  });
  const begun = [
    { type: 'session_meta', payload: { id: 'killed' } },
    { type: 'event_msg', payload: { type: 'task_started', turn_id: 'one' } },
    said('user', 'Where are the sessions?'),
    said('assistant', 'In Valkey 8.'),
  ];
  const usage = { last_token_usage: { input_tokens: 100, output_tokens: 10 } };
  const replied = { type: 'event_msg', payload: { type: 'token_count', info: usage } };
  const call = { type: 'response_item', payload: { type: 'function_call', call_id: 'a', name: 'exec_command' } };

  test.each([
    ['after the answer is stored by the next session', [replied], 2 * MINUTE, 1],
    ['after text that a tool call may follow waits', [], 2 * MINUTE, 0],
    ['after text that no tool call has followed is stored', [], 20 * MINUTE, 1],
    ['before the result of a tool call waits', [call, replied], 20 * MINUTE, 0],
  ])('%s', async (_, end, restsFor, count) => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Where are the sessions?' }, 'codex');
    writeFileSync(at('killed.jsonl'), [...begun, ...end].map((line) => `${JSON.stringify(line)}\n`).join(''));
    age(restsFor);

    await laterSession();

    const answered = 'user: Where are the sessions?\nassistant: In Valkey 8.';
    expect((await kept()).map(([content]) => content)).toEqual(count === 1 ? [answered] : []);
  });

  test('before its first words leaves no note once it cannot go on', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Where are the sessions?' }, 'codex');
    writeFileSync(
      at('killed.jsonl'),
      begun
        .slice(0, 2)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
    age(2 * DAY);

    await laterSession();

    expect(await kept()).toEqual([]);
    expect(notes()).toEqual([]);
  });
});

describe('a turn whose agent writes nothing for long', () => {
  const running = () => callingAgent(['hook', 'UserPromptSubmit'], process.pid);

  async function ended(): Promise<AgentProcess | undefined> {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    const agent = callingAgent(['hook', 'UserPromptSubmit'], child.pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    return agent;
  }

  async function asksAndFallsSilent(agent: AgentProcess | undefined, host = 'claude-code') {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' }, host, agent);
    transcript.user('Fix it.');
    transcript.says('I write the file.');
  }

  test.each([
    ['twenty minutes', 20 * MINUTE],
    ['two days', 2 * DAY],
  ])('for %s and still runs is stored once and whole, by its own hook', async (_, silence) => {
    await asksAndFallsSilent(running());
    age(silence);

    await laterSession();
    expect(await kept()).toEqual([]);
    transcript.ends('Written.');
    await hook('Stop', 'killed', { last_assistant_message: 'Written.' });

    expect(await kept()).toEqual([['user: Fix it.\nassistant: I write the file.\n\nWritten.', 'completed']]);
    expect(notes()).toEqual([]);
  });

  test('and has ended is stored by the next session', async () => {
    await asksAndFallsSilent(await ended());
    age(20 * MINUTE);

    await laterSession();

    expect(await kept()).toEqual([['user: Fix it.\nassistant: I write the file.', 'completed']]);
  });

  test('and whose answer is whole is stored by the next session, although the agent still runs', async () => {
    await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' }, 'claude-code', running());
    transcript.user('Fix it.');
    transcript.ends('Fixed.');
    age(2 * MINUTE);

    await laterSession();

    expect(await kept()).toEqual([['user: Fix it.\nassistant: Fixed.', 'completed']]);
  });

  test('after a compaction whose hook failed is stored once and whole', async () => {
    await asksAndFallsSilent(running());
    renameSync(at('killed.jsonl'), at('away'));
    await hook('PreCompact', 'killed', { trigger: 'auto' }, 'claude-code', running());
    renameSync(at('away'), at('killed.jsonl'));
    age(20 * MINUTE);

    await laterSession();
    transcript.ends('Written.');
    await hook('Stop', 'killed', { last_assistant_message: 'Written.' });

    expect(await kept()).toEqual([['user: Fix it.\nassistant: I write the file.\n\nWritten.', 'completed']]);
  });
});

test('work that is recorded while the session is continued by another hook keeps its note', () => {
  const work = { host: 'codex', session: 'killed', transcript: at('killed.jsonl'), directory: null, group: 'harbor' };
  recordUnfinishedWork(at('home'), work);
  age(2 * MINUTE);
  const [found] = unfinishedWork(at('home'));
  recordUnfinishedWork(at('home'), { ...work, isOpen: true });

  found?.done();

  expect(notes()).toHaveLength(1);
});

test('a session that is still running is left to its own hooks', async () => {
  await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' });
  transcript.user('Fix it.');
  transcript.ends('Fixed.');
  age(30 * SECOND);

  await laterSession();
  expect(await kept()).toEqual([]);
  await hook('Stop', 'killed', { last_assistant_message: 'Fixed.' });

  expect(await kept()).toEqual([['user: Fix it.\nassistant: Fixed.', 'completed']]);
  expect(notes()).toEqual([]);
});

test('many open sessions do not hide a killed one', async () => {
  for (const session of ['one', 'two', 'three', 'four']) {
    const other = startTranscript(at(`${session}.jsonl`), session);
    await hook('UserPromptSubmit', session, { prompt: 'Wait.' });
    other.user('Wait.');
    const then = (Date.now() - HOUR) / SECOND;
    utimesSync(at(`${session}.jsonl`), then, then);
  }
  const before = notes();
  const oldest = (Date.now() - HOUR) / SECOND;
  for (const name of before) utimesSync(at('home', 'hooks', name), oldest, oldest);
  await hook('UserPromptSubmit', 'killed', { prompt: 'Fix it.' });
  transcript.user('Fix it.');
  transcript.ends('Fixed.');
  const then = (Date.now() - 2 * MINUTE) / SECOND;
  for (const path of [
    at('killed.jsonl'),
    ...notes()
      .filter((name) => !before.includes(name))
      .map((name) => at('home', 'hooks', name)),
  ])
    utimesSync(path, then, then);

  await laterSession();
  await laterSession();

  expect(await kept()).toEqual([['user: Fix it.\nassistant: Fixed.', 'completed']]);
  expect(notes().sort()).toEqual(before.sort());
});
