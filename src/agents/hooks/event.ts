import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';

/** The events that hooks handle; others are ignored. */
export type HookEvent = 'SessionStart' | 'UserPromptSubmit' | 'Stop' | 'PreCompact' | 'SessionEnd';

const EVENTS: readonly HookEvent[] = ['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd'];

/** An event by any spelling, such as `session-start`. */
export function parseHookEvent(name: string): HookEvent | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, '');
  return EVENTS.find((event) => plain(event) === plain(name));
}

// The fields of Claude Code's message that are used.
const shape = z.object({
  session_id: z.string().check(z.minLength(1), z.maxLength(200)),
  transcript_path: z.optional(z.nullable(z.string())),
  cwd: z.optional(z.string()),
  source: z.optional(z.string()),
  prompt: z.optional(z.string()),
  last_assistant_message: z.optional(z.nullable(z.string())),
  /** Set for calls of sub-agents. */
  agent_id: z.optional(z.nullable(z.string())),
});

/** A hook's input. */
export interface HookInput {
  readonly session: string;
  readonly transcript: string | undefined;
  readonly directory: string | undefined;
  /** For SessionStart: `startup`, `resume`, `clear`, `compact` or `fork`. */
  readonly source: string | undefined;
  readonly prompt: string | undefined;
  /** For Stop: the agent's last answer, which the transcript may not contain yet. */
  readonly lastWords: string | undefined;
  readonly isSubAgent: boolean;
}

/** Undefined for invalid input. */
export function readHookInput(text: string): HookInput | undefined {
  const parsed = shape.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { session_id, transcript_path, cwd, source, prompt, last_assistant_message, agent_id } = parsed.data;
  return {
    session: session_id,
    transcript: transcript_path ?? undefined,
    directory: cwd,
    source,
    prompt,
    lastWords: last_assistant_message ?? undefined,
    isSubAgent: Boolean(agent_id),
  };
}
