import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager confirm <uuid>

Confirms a rule that an agent proposed. From then on, every session's briefing contains the rule.
The first eight characters of the uuid are enough.

  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for a worker (default: 600)
  --json               {"uuid", "rule"}

Example: memory-manager confirm 0f8b5cde-3a0b-5f6e-9d5b-0d6d6ad6a1b2`,
  options: { timeout: { type: 'string' } },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [uuid = ''] = call.args;
      const rule = await memory.episodes.confirm(uuid, {
        ...call.groupOption,
        ...call.timeoutOption,
      });
      console.log(call.json ? JSON.stringify({ uuid, rule }) : `Confirmed: ${rule}`);
      return 0;
    }),
};
