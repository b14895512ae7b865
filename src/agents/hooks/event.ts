import * as z from 'zod/mini';
import { parseJson } from '../../json.ts';

/** When a hook is called. Other events are nothing to us. */
export type HookEvent = 'SessionStart' | 'UserPromptSubmit' | 'Stop' | 'PreCompact' | 'SessionEnd';

const EVENTS: readonly HookEvent[] = ['SessionStart', 'UserPromptSubmit', 'Stop', 'PreCompact', 'SessionEnd'];

/** An event by any spelling, such as `session-start`. */
export function eventNamed(name: string): HookEvent | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, '');
  return EVENTS.find((event) => plain(event) === plain(name));
}

// What hosts write on standard input, as Claude Code does; what else they write is not read.
const shape = z.object({
  session_id: z.string().check(z.minLength(1), z.maxLength(200)),
  transcript_path: z.optional(z.nullable(z.string())),
  cwd: z.optional(z.string()),
  source: z.optional(z.string()),
  prompt: z.optional(z.string()),
  last_assistant_message: z.optional(z.nullable(z.string())),
  /** There when a sub-agent calls. */
  agent_id: z.optional(z.nullable(z.string())),
});

/** A hook's input: one moment of a session. */
export interface HookInput {
  readonly session: string;
  readonly transcript: string | undefined;
  readonly directory: string | undefined;
  /** Of SessionStart: `startup`, `resume`, `clear`, `compact` or `fork`. */
  readonly source: string | undefined;
  readonly prompt: string | undefined;
  /** Of Stop: what the agent said last, which its transcript may not have yet. */
  readonly lastWords: string | undefined;
  readonly isSubAgent: boolean;
}

/** Undefined for what no host would write. */
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
