import { AUTO_GROUP } from './auto-group.ts';
import type { Command } from './command.ts';

export const command: Command = {
  help: `memory-manager hook <event>

Handles an event of a coding agent. Reads the event as JSON from standard input.
\`memory-manager install claude-code\` and \`install codex\` configure these calls.

  Stop, PreCompact, SessionEnd    stores the turns finished since the last call
  SessionStart, UserPromptSubmit  print the text that the agent gets
  drain                           queues spooled turns, as workers do every few seconds

Hooks never fail. Problems are logged to hooks/problems.log in MEMORY_HOME. Some late recalls are
also reported on standard error, which hosts log. If a recall is left out, the user sees a warning,
once per session.
A MEMORY_HOME that other users can write to is not used; standard error says so.
MEMORY_DISABLED=1 switches hooks off.

  --host <name>   the agent: claude-code (default), codex, or another one with the hooks and
                  transcripts of Claude Code
  --group <name>  the memory to use (default: the project's own)

Example: memory-manager hook Stop --host claude-code`,
  options: { host: { type: 'string' } },
  // Agents show the stderr of a hook to their user after each prompt.
  unknownSettings: 'none',
  arguments: [1, 1],
  // The folder is named by the event.
  readsAuto: true,
  run: async (call) => {
    const [name = ''] = call.args;
    const { handleHookEvent, isMemoryDisabled } = await import('./hook-event.ts');
    if (name === 'drain') return isMemoryDisabled(process.env) ? 0 : (await import('./drain-spool.ts')).drainSpool();
    return handleHookEvent(name, {
      host: call.text('host'),
      group: call.group === AUTO_GROUP ? undefined : call.group,
    });
  },
};
