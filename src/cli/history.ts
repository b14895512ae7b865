import { oneLine, truncated } from '../text.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager history <entity>

Prints all facts of an entity (name, alias or uuid), current and ended, the oldest first: when each
fact held, its sentence, and when the memory learned the fact and its end.

  --no-cache      read from the graph even if the answer is cached
  --group <name>  the memory (default: MEMORY_GROUP)
  --json          {"entities": [{"name", "type", "uuid", "summary"}],
                  "facts": [{"fact", "validAt", "invalidAt", "createdAt", "expiredAt", …}]}

Example: memory-manager history Harbor`,
  options: { 'no-cache': { type: 'boolean' } },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [name = ''] = call.args;
      const history = await memory.getHistory(name, { cache: !call.flag('no-cache'), group: call.group });
      const short = truncated(oneLine(name), 60);
      const similar =
        history.entities.length > 0 ? [] : await memory.suggestEntities(name, { group: call.group, limit: 3 });
      if (call.json) console.log(JSON.stringify(history));
      else if (history.facts.length > 0) {
        const { historyTable } = await import('../reader/history-table.ts');
        console.log(historyTable(history.facts));
      } else
        console.error(
          history.entities.length > 0
            ? `"${short}" is a known entity, but has no facts.`
            : `There is no entity "${short}"; ${
                similar.length > 0
                  ? `perhaps you mean ${similar.map((entity) => `"${oneLine(entity.name)}"`).join(' or ')}`
                  : 'memory-manager entities lists all entities'
              }.`,
        );
      return 0;
    }),
};
