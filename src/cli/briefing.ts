import type { Command } from './command.ts';
import { hintAtAgentMemory } from './memory/agent-memory.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager briefing

Prints the briefing with which an agent's session begins: the user's standing rules and
preferences, open tasks, decisions, current facts and the results of the last sessions. Each line
names its source, date and episode.

  --budget <tokens>  length limit, 50 to 100,000 tokens (default: 1000)
  --no-cache         read from the graph even if the briefing is cached
  --group <name>     the memory (default: MEMORY_GROUP)
  --json             {"group", "text", "tokens", "rules": […], "tasks": […], …}

Example: memory-manager briefing --budget 500`,
  options: { budget: { type: 'string' }, 'no-cache': { type: 'boolean' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const budget = call.number('budget', 50, 100_000);
      const briefing = await memory.getBriefing({
        cache: !call.flag('no-cache'),
        ...call.groupOption,
        ...(budget !== undefined && { budgetTokens: budget }),
      });
      if (call.json) console.log(JSON.stringify({ group: call.group ?? memory.config.group, ...briefing }));
      else if (briefing.text !== '') console.log(briefing.text);
      else
        console.error(
          ['This memory is empty.', hintAtAgentMemory(call.group ?? memory.config.group)].filter(Boolean).join(' '),
        );
      if (!call.json && briefing.pending > 0) console.error(pendingNote(briefing.pending));
      return 0;
    }),
};

const pendingNote = (count: number): string =>
  `${count === 1 ? 'One rule that an agent proposed is' : `${count} rules that agents proposed are`} pending; \`memory-manager confirm <uuid>\` confirms a rule.`;
