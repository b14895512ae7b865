import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';

/** One event of a session, read from a line of Codex's transcript (a "rollout"). */
export type CodexRecord =
  | { readonly kind: 'session'; readonly session: CodexSession }
  | { readonly kind: 'turn-begins'; readonly turn: string | undefined }
  | { readonly kind: 'turn-ends'; readonly turn: string | undefined; readonly isAborted: boolean }
  | {
      readonly kind: 'context';
      readonly turn: string | undefined;
      readonly directory: string | undefined;
      readonly model: string | undefined;
    }
  | SpokenText
  | { readonly kind: 'call'; readonly id: string; readonly tool: string; readonly input: string }
  | { readonly kind: 'result'; readonly id: string; readonly output: string; readonly isError: boolean }
  | { readonly kind: 'tokens'; readonly input: number; readonly output: number }
  | { readonly kind: 'compacted'; readonly summary: string };

/** Most versions write a message twice: for the model, with inserted messages of the host, and as an event for the user's screen. */
export interface SpokenText {
  readonly kind: 'said';
  readonly by: 'user' | 'assistant';
  readonly as: 'event' | 'item';
  readonly text: string;
}

export interface CodexSession {
  readonly id: string;
  readonly directory: string | undefined;
  readonly origin: string | undefined;
  readonly isSubAgent: boolean;
}

const line = z.looseObject({ type: z.string() });
type Fields = Readonly<Record<string, unknown>>;

/** Undefined for records outside the conversation of user and agent. */
export function parseCodexRecord(value: unknown): CodexRecord | undefined {
  const parsed = line.safeParse(value).data;
  // The first versions wrote the session's line without a type, and messages without an envelope.
  if (!parsed) return legacySession(fieldsOf(value));
  const payload = 'payload' in parsed ? fieldsOf(parsed.payload) : parsed;
  switch (parsed.type) {
    case 'session_meta':
      return { kind: 'session', session: sessionOf(payload) };
    case 'turn_context': {
      const { turn_id, cwd, model } = payload;
      return { kind: 'context', turn: textOf(turn_id), directory: textOf(cwd), model: textOf(model) };
    }
    case 'compacted':
      return { kind: 'compacted', summary: withoutHostsLead(textOf(payload.message) ?? '') };
    case 'event_msg':
      return eventOf(payload);
    default:
      return itemOf(payload);
  }
}

function legacySession(fields: Fields): CodexRecord | undefined {
  const isSession = typeof fields.id === 'string' && typeof fields.timestamp === 'string';
  return isSession ? { kind: 'session', session: sessionOf(fields) } : undefined;
}

function sessionOf(meta: Fields): CodexSession {
  const { id, session_id, cwd, git, source, thread_source } = meta;
  return {
    id: textOf(id) ?? textOf(session_id) ?? '',
    directory: textOf(cwd),
    origin: textOf(fieldsOf(git).repository_url),
    isSubAgent: thread_source === 'subagent' || 'subagent' in fieldsOf(source),
  };
}

function eventOf(event: Fields): CodexRecord | undefined {
  switch (event.type) {
    case 'task_started':
    case 'turn_started':
      return { kind: 'turn-begins', turn: textOf(event.turn_id) };
    case 'task_complete':
    case 'turn_complete':
      return { kind: 'turn-ends', turn: textOf(event.turn_id), isAborted: false };
    case 'turn_aborted':
      return { kind: 'turn-ends', turn: textOf(event.turn_id), isAborted: true };
    case 'user_message':
      return spokenRecord(
        'user',
        'event',
        event.kind === undefined || event.kind === 'plain' ? textOf(event.message) : '',
      );
    case 'agent_message':
      return spokenRecord('assistant', 'event', textOf(event.message));
    case 'item_completed':
      return itemEventOf(fieldsOf(event.item));
    case 'token_count':
      return tokensOf(fieldsOf(fieldsOf(event.info).last_token_usage));
    default:
      return undefined;
  }
}

function itemEventOf({ type, content }: Fields): CodexRecord | undefined {
  if (type === 'UserMessage') return spokenRecord('user', 'event', contentText(content));
  return type === 'AgentMessage' ? spokenRecord('assistant', 'event', contentText(content)) : undefined;
}

// Without tokens from the provider's cache, which were counted when they were first sent.
function tokensOf({ input_tokens, cached_input_tokens, output_tokens }: Fields): CodexRecord | undefined {
  if (typeof input_tokens !== 'number') return undefined;
  const input = Math.max(0, input_tokens - numberOf(cached_input_tokens));
  return { kind: 'tokens', input, output: numberOf(output_tokens) };
}

function itemOf(item: Fields): CodexRecord | undefined {
  const id = textOf(item.call_id) ?? textOf(item.id) ?? '';
  switch (item.type) {
    case 'message':
      if (item.role === 'assistant') return spokenRecord('assistant', 'item', contentText(item.content));
      return item.role === 'user' ? spokenRecord('user', 'item', contentText(item.content)) : undefined;
    case 'function_call':
    case 'custom_tool_call': {
      const tool = toolName(textOf(item.namespace) ?? '', textOf(item.name) ?? '');
      return { kind: 'call', id, tool, input: inputOf(textOf(item.arguments) ?? textOf(item.input) ?? '') };
    }
    case 'local_shell_call':
      return { kind: 'call', id, tool: 'shell', input: commandOf(fieldsOf(item.action).command) ?? '' };
    case 'web_search_call':
      return { kind: 'call', id, tool: 'web_search', input: textOf(fieldsOf(item.action).query) ?? '' };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { kind: 'result', id, ...outputOf(item.output) };
    default:
      return undefined;
  }
}

/** Messages that Codex itself inserts among the user's messages. */
const HOSTS =
  /^(?:<(?:environment_context|user_instructions|turn_aborted|skill|skills_instructions|permissions instructions|subagent_notification|user_shell_command|INSTRUCTIONS|collaboration_mode|hook_prompt|personality_spec)\b|# AGENTS\.md instructions\b)/;
/** Editors insert the names of open files before the user's words. */
const REQUEST = '## My request for Codex:';
/** The text with which Codex introduces the summary of a compaction. */
const HOSTS_LEAD = /^Another language model started to solve this problem[^\n]*\n*/;

function spokenRecord(by: 'user' | 'assistant', as: SpokenText['as'], text = ''): CodexRecord | undefined {
  const request = by === 'user' ? text.indexOf(REQUEST) : -1;
  const own = (request < 0 ? text : text.slice(request + REQUEST.length)).trim();
  return own === '' || (by === 'user' && HOSTS.test(own)) ? undefined : { kind: 'said', by, as, text: own };
}

const withoutHostsLead = (summary: string): string => summary.replace(HOSTS_LEAD, '').trim();

/** `mcp__memory` and `add_memory` are `mcp__memory__add_memory`; some namespaces bring their own separator. */
const toolName = (namespace: string, name: string): string =>
  namespace === '' || /(?:__|\.)$/.test(namespace) ? namespace + name : `${namespace}__${name}`;

/** The command of a shell call, or the arguments of any other call. */
function inputOf(given: string): string {
  const { command, cmd } = fieldsOf(parseJson(given));
  return commandOf(command ?? cmd) ?? given;
}

function commandOf(command: unknown): string | undefined {
  if (typeof command === 'string') return command;
  if (!Array.isArray(command)) return undefined;
  const words = command.map(String);
  return /^(?:\/\S*\/)?(?:ba|z|da)?sh$/.test(words[0] ?? '') && words.length === 3 ? words[2] : words.join(' ');
}

const FAILED = /^(?:Exit code: [1-9]|unsupported call\b|Process exited with code [1-9])/m;

function outputOf(given: unknown): { output: string; isError: boolean } {
  const { output, content, metadata, success } = fieldsOf(typeof given === 'string' ? parseJson(given) : given);
  const text = textOf(output) ?? textOf(content) ?? (typeof given === 'string' ? given : contentText(given));
  const exitCode = fieldsOf(metadata).exit_code;
  const hasFailed = typeof exitCode === 'number' ? exitCode !== 0 : FAILED.test(text.slice(0, 400));
  return { output: text, isError: success === false || hasFailed };
}

const contentText = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : (Array.isArray(content) ? content : [])
        .map((part) => textOf(fieldsOf(part).text) ?? '')
        .filter(Boolean)
        .join('\n\n');

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
