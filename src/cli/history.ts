import { oneLine, shortened } from '../text.ts';
import type { Command } from './command.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager history <entity>

Prints every fact of an entity (by name, alias or uuid), held or ended, in the order in which they
began to hold: when it held, what it says, and since when that and its end were known.

  --no-cache      ask the graph even if the answer is cached
  --group <name>  the memory to ask (default: MEMORY_GROUP)
  --json          {"entities": [{"name", "type", "uuid", "summary"}],
                  "facts": [{"fact", "validAt", "invalidAt", "createdAt", "expiredAt", …}]}

Example: memory-manager history Harbor`,
  options: { 'no-cache': { type: 'boolean' } },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [name = ''] = call.args;
      const history = await memory.history(name, { cache: !call.flag('no-cache'), group: call.group });
      const short = shortened(oneLine(name), 60);
      if (call.json) console.log(JSON.stringify(history));
      else if (history.facts.length > 0) {
        const { historyTable } = await import('../reader/history-table.ts');
        console.log(historyTable(history.facts));
      } else
        console.error(
          history.entities.length > 0
            ? `"${short}" is known, but no fact tells of it.`
            : `Nothing is known of an entity called "${short}"; memory-manager entities lists those that are.`,
        );
      return 0;
    }),
};
