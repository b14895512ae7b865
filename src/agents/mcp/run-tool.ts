import type { CallToolResult } from '@modelcontextprotocol/server';
import { InvalidInputError, isForeseen, TimedOutError } from '../../errors.ts';
import type { MemoryManager } from '../../memory.ts';
import { inert } from '../../redaction/inert.ts';
import { request } from '../../telemetry/request.ts';
import { inTexts } from '../../text.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import { readArguments } from './arguments.ts';
import { cleaned } from './clean.ts';
import type { Reply, Tool } from './tool.ts';

/** Whose memory a server is, and how much of it may be used. */
export interface Scope {
  /** Where none is named: what is added goes here. */
  readonly group: string;
  /** Searched beside it where none is named. */
  readonly also?: string;
  /** True: no call reaches any other memory. */
  readonly only?: boolean;
  /** True: only tools that write nothing are offered. */
  readonly readOnly?: boolean;
}

const MOST_GROUPS = 16;

/**
 * Carries out one call. Whatever goes wrong becomes an answer that a model can read, within the tool's limit.
 * @param begun told what goes on even if the caller does not wait for it any more: what was handed in is stored all the same
 */
export async function runTool(
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
  memory: MemoryManager,
  scope: Scope,
  begun: (work: Promise<unknown>) => void,
  cancelled?: AbortSignal,
): Promise<CallToolResult> {
  const notes: string[] = [];
  try {
    const reply = await request(`mcp_${tool.name}`, async () => {
      const read = readArguments(tool, given);
      if (read.unknown.length > 0)
        notes.push(`Passed over, since this server does not use it: ${read.unknown.join(', ')}.`);
      const call = {
        memory,
        group: (named: string | undefined) => checkGroups([named ?? scope.group], scope)[0] as string,
        groups: (named: readonly string[] | undefined) => checkGroups(named ?? defaults(scope), scope),
        note(sentence: string) {
          if (!notes.includes(sentence)) notes.push(sentence);
        },
      };
      const { given: kept, isChanged } = cleaned(tool, read.given, memory.config.maxContentBytes);
      if (isChanged) notes.push('Secrets, private and recalled passages were left out of what is stored.');
      const work = tool.run(kept, call);
      begun(work);
      return unlessCancelled(tool.limit, cancelled, work);
    });
    // What was stored is data: none of it may pass for the host's own words.
    return success(inTexts(notes.length > 0 ? { ...reply, notes } : reply, inert) as Reply);
  } catch (error) {
    return { content: [{ type: 'text', text: sentence(error) }], isError: true };
  }
}

const success = (reply: Reply): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(reply) }],
  structuredContent: reply,
});

const defaults = ({ group, also }: Scope): string[] => [group, ...(also === undefined ? [] : [also])];

function checkGroups(groups: readonly string[], scope: Scope): readonly string[] {
  const each = [...new Set(groups)];
  const own = defaults(scope);
  if (scope.only && each.some((group) => !own.includes(group)))
    throw new InvalidInputError(
      `This server is for the memory ${own.map((name) => `"${name}"`).join(' and ')} only; leave group_id and group_ids out.`,
    );
  if (each.length <= MOST_GROUPS) return each;
  throw new InvalidInputError(`At most ${MOST_GROUPS} groups are asked at once.`);
}

async function unlessCancelled<T>(limit: number, cancelled: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  // If nobody waits any more, nobody hears how it ended.
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
  new TimedOutError(`The memory did not answer within ${limit / SECOND} s. Go on without it and try again later.`);

function sentence(error: unknown): string {
  if (isForeseen(error)) return error.message;
  const { stack = '', message = String(error) } = error instanceof Error ? error : {};
  if (process.env.MEMORY_DEBUG) process.stderr.write(`${stack || message}\n`);
  return `Unexpected error: ${message.split('\n')[0]} (MEMORY_DEBUG=1 prints the stack on stderr).`;
}
