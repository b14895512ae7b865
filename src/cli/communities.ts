import type { Community } from '../memory/upkeep.ts';
import type { Command } from './command.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager communities

Finds groups of related entities (communities), summarizes those that are new or changed, and
prints the number of members and the name of each. A worker does this.

  --list               only print the communities that exist
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the worker (default: 600)
  --json               [{"uuid", "name", "summary", "members": [names]}, …]

Example: memory-manager communities`,
  options: { list: { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const group = call.groupOption;
      const list = call.flag('list');
      if (!list) await memory.communities.build({ ...group, ...call.timeoutOption });
      const communities = await memory.communities.list({ ...group });
      if (call.json) console.log(JSON.stringify(communities));
      else if (communities.length > 0) console.log(communities.map(line).join('\n'));
      else
        console.error(
          list
            ? 'No communities have been built yet.'
            : 'There are no communities yet: no entities are related closely enough.',
        );
      return 0;
    }),
};

const line = ({ name, members }: Community): string => `${String(members.length).padStart(4)}  ${name}`;
