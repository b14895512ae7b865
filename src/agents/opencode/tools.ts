import type { Config } from '../../config.ts';
import { isOperationalError } from '../../errors.ts';
import { neutralizeTags } from '../../redaction/neutralize-tags.ts';
import { oneLine } from '../../text.ts';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { Scope } from '../scope.ts';
import { type MemoryTool, memoryTools } from '../tools/memory-tools.ts';
import type { BackgroundMemory } from './background-memory.ts';
import type { HostTool } from './host.ts';

export const TOOL_TIMEOUT_MS = 1.9 * SECOND;

export interface HostToolParts {
  readonly config: Config;
  readonly scope: Scope;
  readonly background: BackgroundMemory;
  readonly timeoutMs: number;
}

/** The tools in opencode's format. */
export function hostTools({ config, scope, background, timeoutMs }: HostToolParts): Record<string, HostTool> {
  const { home, spoolLimit } = config;
  const { stores, wake } = background;
  const tools = memoryTools({ host: 'opencode', scope, home, spoolLimit, timeoutMs, stores, wake });
  return Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, hostTool(tool, timeoutMs)]));
}

/** Always answers in time, with a sentence if the tool fails, and never throws. */
function hostTool({ description, input: shape, run }: MemoryTool, timeoutMs: number): HostTool {
  return {
    description,
    args: shape.shape,
    async execute(input, { sessionID, messageID, callID }) {
      try {
        const parsed = shape.safeParse(input ?? {});
        if (!parsed.success)
          return `The arguments cannot be used: check ${parsed.error.issues[0]?.path.join('.') || 'them'}.`;
        const answer = run(parsed.data, { session: sessionID, message: messageID, id: callID }).then(neutralizeTags);
        return await withTimeout(timeoutMs, answer, () => 'memory unavailable: it did not answer in time.');
      } catch (error) {
        // An error message repeats arguments, which may contain text from a web page or a file.
        return neutralizeTags(
          `memory unavailable: ${isOperationalError(error) ? oneLine(error.message) : 'unexpected failure.'}`,
        );
      }
    },
  };
}
