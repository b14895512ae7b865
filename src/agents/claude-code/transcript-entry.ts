import * as z from 'zod/mini';
import { nextIndexFinder, replaceMatches } from '../../redaction/linear-scan.ts';

/** One event of a session, read from a line of its transcript. */
export type TranscriptEntry =
  | {
      readonly kind: 'prompt';
      readonly message: string;
      readonly text: string;
      readonly isCommand: boolean;
      readonly time: Date;
    }
  | { readonly kind: 'interrupted'; readonly time: Date }
  | SummaryEntry
  | { readonly kind: 'results'; readonly results: readonly ToolResult[]; readonly time: Date }
  | AnswerEntry;

/** The summary of a compaction; the host writes it into a message of the user. */
export interface SummaryEntry {
  readonly kind: 'summary';
  readonly message: string;
  readonly text: string;
  readonly time: Date;
}

/** A part of the agent's answer or work; one message of its model has several parts. */
export interface AnswerEntry {
  readonly kind: 'answer';
  /** The model's message. */
  readonly id: string;
  readonly text: string;
  readonly calls: readonly TranscriptToolCall[];
  readonly model: string | undefined;
  readonly tokens: { readonly input: number; readonly output: number };
  readonly isError: boolean;
  /** True for the last part of an answer after which the model has nothing more to do. */
  readonly isFinal: boolean;
  readonly time: Date;
}

export interface TranscriptToolCall {
  readonly id: string;
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface ToolResult {
  readonly id: string;
  readonly output: string;
  readonly isError: boolean;
}

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string(), z.array(z.union([block, z.string()]))]);
const shape = z.object({
  type: z.enum(['user', 'assistant']),
  uuid: z.string().check(z.minLength(1)),
  timestamp: z.string(),
  isSidechain: z.optional(z.boolean()),
  isMeta: z.optional(z.boolean()),
  isCompactSummary: z.optional(z.boolean()),
  isVisibleInTranscriptOnly: z.optional(z.boolean()),
  isApiErrorMessage: z.optional(z.boolean()),
  /** Copied from the session that this one was branched off from. */
  forkedFrom: z.optional(z.unknown()),
  message: z.object({
    id: z.optional(z.string()),
    model: z.optional(z.string()),
    content,
    usage: z.optional(z.looseObject({})),
    stop_reason: z.optional(z.nullable(z.string())),
  }),
});
type Line = z.output<typeof shape>;
type Block = Readonly<Record<string, unknown>>;

/** Undefined for lines outside the conversation of user and agent: snapshots, sub-agents, the host's own texts. */
export function parseTranscriptEntry(line: unknown): TranscriptEntry | undefined {
  const parsed = shape.safeParse(line);
  if (!parsed.success) return undefined;
  const content = parsed.data;
  const time = new Date(content.timestamp);
  if (Number.isNaN(time.getTime())) return undefined;
  if (content.isSidechain || content.isMeta || content.forkedFrom) return undefined;
  if (content.isCompactSummary) return summary(content, time);
  if (content.isVisibleInTranscriptOnly) return undefined;
  return content.type === 'assistant' ? answer(content, time) : userEntry(content, time);
}

/** The model name that Claude Code gives to its own messages. */
const SYNTHETIC = '<synthetic>';
const FINAL = new Set(['end_turn', 'stop_sequence', 'max_tokens', 'refusal']);

function answer({ message, uuid, isApiErrorMessage }: Line, time: Date): AnswerEntry {
  const blocks = blocksOf(message.content);
  const isOwn = message.model === SYNTHETIC || isApiErrorMessage === true;
  return {
    kind: 'answer',
    id: message.id ?? uuid,
    text: isOwn ? '' : textOf(blocks),
    calls: blocks
      .filter(({ type }) => type === 'tool_use')
      .map(({ id, name, input }) => ({ id: String(id), tool: String(name), input: asRecord(input) })),
    model: isOwn ? undefined : message.model,
    tokens: tokensOf(message.usage ?? {}),
    isError: isApiErrorMessage === true,
    isFinal: FINAL.has(message.stop_reason ?? ''),
    time,
  };
}

// Without tokens from the provider's cache, which were counted when they were first sent.
const tokensOf = (usage: Block) => ({
  input: numberOf(usage.input_tokens) + numberOf(usage.cache_creation_input_tokens),
  output: numberOf(usage.output_tokens),
});

/** The host puts its own words to the agent before and after the summary. */
const HOSTS_LEAD = /^This session is being continued from a previous conversation\b[^\n]*/;
const HOSTS_END =
  /\n\s*(?:If you need specific details from before compaction|Please continue the conversation from where|Continue the conversation from where)[\s\S]*$/;

function summary({ message, uuid }: Line, time: Date): SummaryEntry | undefined {
  const text = textOf(blocksOf(message.content));
  const [lead = ''] = HOSTS_LEAD.exec(text) ?? [];
  const inLine = lead.indexOf('Summary:');
  const ownText = text.slice(inLine < 0 ? lead.length : inLine);
  const trimmed = withoutInserted(ownText.replace(HOSTS_END, '')).trim();
  return trimmed === '' ? undefined : { kind: 'summary', message: uuid, text: trimmed, time };
}

const INTERRUPTED = /^\[Request interrupted by user[^\]]*\]$/;
/** Text that the host inserts between the user's words. */
const INSERTED =
  /<(system-reminder|ide_opened_file|ide_selection|ide_diagnostics|local-command-caveat|user-prompt-submit-hook)>/g;
/** Texts of the host that look like the user's words: output of commands, messages of background tasks. */
const HOSTS = /^<(?:local-command-\w+|bash-(?:input|stdout|stderr)|task-notification|teammate-message)\b/;

function userEntry({ message, uuid }: Line, time: Date): TranscriptEntry | undefined {
  const blocks = blocksOf(message.content);
  const results = blocks.filter(({ type }) => type === 'tool_result');
  if (results.length > 0)
    return {
      kind: 'results',
      time,
      results: results.map(({ tool_use_id, content: given, is_error }) => ({
        id: String(tool_use_id),
        output: outputOf(given),
        isError: is_error === true,
      })),
    };
  const whole = withoutInserted(textOf(blocks)).trim();
  if (INTERRUPTED.test(whole)) return { kind: 'interrupted', time };
  if (HOSTS.test(whole)) return undefined;
  const command = commandOf(whole);
  const text = command ?? (whole || (blocks.some(({ type }) => type === 'image') ? '[image]' : ''));
  return text === '' ? undefined : { kind: 'prompt', message: uuid, text, isCommand: command !== undefined, time };
}

/** `/name arguments`, as the user typed it. */
function commandOf(text: string): string | undefined {
  const name = between(text, '<command-name>', '</command-name>');
  if (!name || name.includes('<')) return undefined;
  return `${name} ${between(text, '<command-args>', '</command-args>') ?? ''}`.trim();
}

function between(text: string, opening: string, closing: string): string | undefined {
  const from = text.indexOf(opening);
  const to = from < 0 ? -1 : text.indexOf(closing, from);
  return to < 0 ? undefined : text.slice(from + opening.length, to).trim();
}

function withoutInserted(text: string): string {
  const next = nextIndexFinder(text);
  return replaceMatches(text, INSERTED, ({ 0: opening, 1: name, index }) => {
    const closing = `</${name}>`;
    const at = next(closing, index + opening.length);
    return at < text.length ? { from: index, to: at + closing.length, put: '' } : undefined;
  });
}

const outputOf = (result: unknown): string =>
  typeof result === 'string'
    ? result
    : (Array.isArray(result) ? result : [])
        .map((part: Block) => (part?.type === 'text' ? String(part.text) : `[${part?.type ?? 'nothing'}]`))
        .join('\n');

const blocksOf = (value: z.output<typeof content>): readonly Block[] =>
  typeof value === 'string'
    ? [{ type: 'text', text: value }]
    : value.map((block) => (typeof block === 'string' ? { type: 'text', text: block } : block));

const textOf = (blocks: readonly Block[]): string =>
  blocks
    .filter(({ type, text }) => type === 'text' && typeof text === 'string')
    .map(({ text }) => String(text).trim())
    .filter(Boolean)
    .join('\n\n');

const asRecord = (value: unknown): Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Block) : {};
const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
