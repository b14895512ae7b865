import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a session like Codex, each line a second later. `isNumbered: false` writes the format of versions without turn ids. */
export function startRollout(
  home: string,
  id: string,
  directory: string,
  { meta = {}, isNumbered = true, begin = '2026-11-20T08:00:00.000Z', folder = 'sessions/2026/11/20' } = {},
) {
  mkdirSync(join(home, folder), { recursive: true });
  const path = join(home, folder, `rollout-2026-11-20T08-00-00-${id}.jsonl`);
  let [clock, count] = [Date.parse(begin), 0];

  function line(type: string, payload: object): void {
    const timestamp = new Date(clock).toISOString();
    clock += 1_000;
    raw(`${JSON.stringify({ timestamp, type, payload })}\n`);
  }
  const raw = (text: string) => appendFileSync(path, text);
  const event = (type: string, fields: object = {}) => line('event_msg', { type, ...fields });
  const message = (role: string, type: string, text: string) =>
    line('response_item', { type: 'message', role, content: [{ type, text }] });

  line('session_meta', {
    id,
    timestamp: begin,
    cwd: directory,
    originator: 'codex_cli',
    cli_version: '0.171.0',
    source: 'cli',
    ...meta,
  });
  const rollout = {
    path,
    raw,
    line,
    event,
    /** Starts a turn. @returns its id, if this version has turn ids */
    begins(): string | undefined {
      count += 1;
      const turn = isNumbered ? `${id}-turn-${count}` : undefined;
      if (turn) event('task_started', { turn_id: turn });
      message('developer', 'input_text', '<permissions instructions>\nAsk first.\n</permissions instructions>');
      message('user', 'input_text', '<environment_context>\n  <cwd>/x</cwd>\n</environment_context>');
      line('turn_context', { ...(turn && { turn_id: turn }), cwd: directory, model: 'gpt-5-codex' });
      return turn;
    },
    /** A user message, once for the model and once for the screen. */
    user(text: string): void {
      message('user', 'input_text', text);
      if (isNumbered)
        event('item_completed', { item: { type: 'UserMessage', id: 'u', content: [{ type: 'text', text }] } });
      else event('user_message', { message: text, kind: 'plain' });
    },
    says(text: string): void {
      if (isNumbered)
        event('item_completed', { item: { type: 'AgentMessage', id: 'a', content: [{ type: 'Text', text }] } });
      else event('agent_message', { message: text });
      message('assistant', 'output_text', text);
      const usage = { input_tokens: 100, cached_input_tokens: 40, output_tokens: 10, total_tokens: 110 };
      event('token_count', { info: { last_token_usage: usage } });
    },
    uses(name: string, given: object, output: string): void {
      const call_id = `call_${clock}`;
      line('response_item', { type: 'function_call', name, arguments: JSON.stringify(given), call_id });
      line('response_item', { type: 'function_call_output', call_id, output });
    },
    ends(turn: string | undefined, type = 'task_complete'): void {
      if (turn) event(type, { turn_id: turn });
    },
    /** A whole turn. */
    turn(user: string, assistant: string): void {
      const turn = rollout.begins();
      rollout.user(user);
      rollout.says(assistant);
      rollout.ends(turn);
    },
    compacted: (summary: string) => line('compacted', { message: summary, replacement_history: [] }),
  };
  return rollout;
}
