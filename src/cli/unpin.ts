import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager unpin <uuid>

Ends the rules that an episode states: briefings no longer contain them. The text stays. The first
eight characters of the uuid, which the briefing shows, are enough. To make a rule that you stored
as a note apply again, use confirm.

  --rule <text>        only this rule, for an episode with several
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for a worker (default: 600)
  --json               {"uuid", "rules"}

Example: memory-manager unpin 0f8b5cde-3a0b-5f6e-9d5b-0d6d6ad6a1b2`,
  options: { rule: { type: 'string' }, timeout: { type: 'string' } },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [uuid = ''] = call.args;
      const rule = call.text('rule');
      const rules = await memory.episodes.unpin(uuid, {
        ...call.groupOption,
        ...call.timeoutOption,
        ...(rule !== undefined && { rule }),
      });
      console.log(call.json ? JSON.stringify({ uuid, rules }) : rules.map((text) => `Ended: ${text}`).join('\n'));
      return 0;
    }),
};
