import type { CallToolResult } from '@modelcontextprotocol/server';
import { InvalidInputError, isOperationalError, TimedOutError } from '../../errors.ts';
import type { MemoryManager } from '../../memory.ts';
import { neutralizeTags } from '../../redaction/neutralize-tags.ts';
import { RECALL_BEGIN, RECALL_END } from '../../redaction/recall-marks.ts';
import { traceRequest } from '../../telemetry/tracing.ts';
import { mapTexts, oneLine } from '../../text.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import { MEMORY_REPLY_MARK } from '../capture/own-tools.ts';
import { readArguments } from './arguments.ts';
import { redactArguments } from './redact-arguments.ts';
import type { Tool, ToolReply } from './tool.ts';

/** The memories that a server offers, and the permissions of its tools. */
export interface ServerScope {
  /** The default group, to which tools add. */
  readonly group: string;
  /** Also searched if a call names no group. */
  readonly also?: string;
  /** True: calls cannot name other groups. */
  readonly only?: boolean;
  /** True: only reading tools are offered. */
  readonly readOnly?: boolean;
}

const MOST_GROUPS = 16;

/**
 * Runs one call within the tool's timeout. Every failure becomes an answer that a model can read.
 * @param onStart receives the work, which continues after a timeout: an enqueued episode is stored in any case
 */
export async function runTool(
  tool: Tool,
  args: Readonly<Record<string, unknown>>,
  memory: MemoryManager,
  scope: ServerScope,
  onStart: (work: Promise<unknown>) => void,
  cancelled?: AbortSignal,
): Promise<CallToolResult> {
  const notes: string[] = [];
  let answer: string | undefined;
  try {
    const reply = await traceRequest(`mcp_${tool.name}`, async () => {
      const read = readArguments(tool, args);
      if (read.unknown.length > 0)
        notes.push(`Ignored, because this server does not use it: ${read.unknown.join(', ')}.`);
      const call = {
        memory,
        group: (named: string | undefined) => checkGroups([named ?? scope.group], scope)[0] as string,
        groups: (named: readonly string[] | undefined) => checkGroups(named ?? defaults(scope), scope),
        note(sentence: string) {
          if (!notes.includes(sentence)) notes.push(sentence);
        },
        answer(text: string) {
          answer = text;
        },
      };
      const { args: redacted, isChanged } = redactArguments(tool, read.args, memory.config.maxContentBytes);
      if (isChanged) notes.push('Secrets, private passages and recalled text were removed before storing.');
      const work = tool.run(redacted, call);
      onStart(work);
      return unlessCancelled(tool.limit, cancelled, work);
    });
    // Stored text is data: none of it may look like the host's own words.
    const whole = { ...MEMORY_REPLY_MARK, ...reply, ...(notes.length > 0 && { notes }) };
    const harmless = mapTexts(whole, neutralizeTags) as ToolReply;
    const text =
      answer === undefined
        ? JSON.stringify(harmless)
        : [RECALL_BEGIN, neutralizeTags([answer, ...notes].join('\n')), RECALL_END].join('\n');
    return { content: [{ type: 'text', text }], structuredContent: harmless };
  } catch (error) {
    // An error message repeats arguments, which may contain text from a web page or a file.
    return { content: [{ type: 'text', text: neutralizeTags(oneLine(sentence(error))) }], isError: true };
  }
}

const defaults = ({ group, also }: ServerScope): string[] => [group, ...(also === undefined ? [] : [also])];

function checkGroups(groups: readonly string[], scope: ServerScope): readonly string[] {
  const each = [...new Set(groups)];
  const allowed = defaults(scope);
  if (scope.only && each.some((group) => !allowed.includes(group)))
    throw new InvalidInputError(
      `This server is for the memory ${allowed.map((name) => `"${name}"`).join(' and ')} only; leave group_id and group_ids out.`,
    );
  if (each.length <= MOST_GROUPS) return each;
  throw new InvalidInputError(`Name at most ${MOST_GROUPS} groups in one call.`);
}

async function unlessCancelled<T>(limit: number, cancelled: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  // After a timeout no caller handles a failure.
  work.catch(() => {});
  const { promise: cancellation, reject } = Promise.withResolvers<never>();
  const cancel = () => reject(new TimedOutError('The call was cancelled.'));
  if (cancelled?.aborted) cancel();
  cancelled?.addEventListener('abort', cancel, { once: true });
  try {
    return await withTimeout(limit, Promise.race([work, cancellation]), () => {
      throw tooLate(limit);
    });
  } finally {
    cancelled?.removeEventListener('abort', cancel);
  }
}

const tooLate = (limit: number) =>
  new TimedOutError(
    `The memory did not answer within ${limit / SECOND} s. Continue without the memory and try again later.`,
  );

function sentence(error: unknown): string {
  if (isOperationalError(error)) return error.message;
  const { stack = '', message = String(error) } = error instanceof Error ? error : {};
  if (process.env.MEMORY_DEBUG) process.stderr.write(`${stack || message}\n`);
  return `Unexpected error: ${message.split('\n')[0]} (MEMORY_DEBUG=1 prints the stack on stderr).`;
}
