import { appendFileSync } from 'node:fs';

/** Writes a transcript like Claude Code: one JSON line per event, each a second later. */
export function startTranscript(path: string, session: string) {
  let [count, clock] = [0, Date.parse('2026-11-22T10:00:00.000Z')];

  function add(type: string, rest: Record<string, unknown>): string {
    const uuid = `${session}-${++count}`;
    const common = { sessionId: session, cwd: '/project', version: '2.1.63', gitBranch: 'main', userType: 'external' };
    const timestamp = new Date(clock).toISOString();
    clock += 1_000;
    raw(`${JSON.stringify({ parentUuid: null, isSidechain: false, ...common, type, uuid, timestamp, ...rest })}\n`);
    return uuid;
  }
  function raw(text: string | Uint8Array): void {
    appendFileSync(path, text);
  }
  const answer = (content: unknown[], rest: Record<string, unknown> = {}, message: Record<string, unknown> = {}) => {
    const usage = {
      input_tokens: 10,
      cache_creation_input_tokens: 5,
      cache_read_input_tokens: 9_000,
      output_tokens: 20,
    };
    return add('assistant', {
      message: {
        id: `msg_${count}`,
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-5',
        content,
        usage,
        ...message,
      },
      ...rest,
    });
  };

  return {
    raw,
    add,
    answer,
    /** A user message. @returns its uuid */
    user: (content: unknown, rest: Record<string, unknown> = {}) =>
      add('user', { message: { role: 'user', content }, ...rest }),
    says: (text: string, rest: Record<string, unknown> = {}) => answer([{ type: 'text', text }], rest),
    /** The final answer of a turn. */
    ends: (text: string) => answer([{ type: 'text', text }], {}, { stop_reason: 'end_turn' }),
    thinks: (thinking: string) => answer([{ type: 'thinking', thinking, signature: 'EuYBCkQ' }]),
    /** A tool call and its result. */
    uses: (name: string, input: unknown, content: unknown, isError = false) => {
      const id = `toolu_${count}`;
      answer([{ type: 'tool_use', id, name, input }]);
      return add('user', {
        message: { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content, is_error: isError }] },
        toolUseResult: {},
      });
    },
    interrupted: () =>
      add('user', { message: { role: 'user', content: [{ type: 'text', text: '[Request interrupted by user]' }] } }),
    /** A metadata line, as every transcript has. */
    snapshot: () => raw(`${JSON.stringify({ type: 'file-history-snapshot', messageId: 'x', snapshot: {} })}\n`),
    /** @returns the uuid of the message with the summary */
    compacted: (content = 'This session is being continued from a previous conversation. Summary: SUMMARY'): string => {
      add('system', {
        subtype: 'compact_boundary',
        content: 'Conversation compacted',
        compactMetadata: { trigger: 'auto' },
      });
      return add('user', {
        isCompactSummary: true,
        isVisibleInTranscriptOnly: true,
        message: { role: 'user', content },
      });
    },
  };
}

export type Transcript = ReturnType<typeof startTranscript>;
