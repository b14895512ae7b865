import type { HookEvent } from './event.ts';

/** The answer in the host's format; undefined for none. The host shows `warning` to the user and `context` to the model. */
export function hostOutput(
  event: HookEvent,
  context: string | undefined,
  warning: string | undefined,
): string | undefined {
  if (context === undefined && warning === undefined) return undefined;
  return JSON.stringify({
    ...(context !== undefined && { hookSpecificOutput: { hookEventName: event, additionalContext: context } }),
    ...(warning !== undefined && { systemMessage: warning }),
  });
}
