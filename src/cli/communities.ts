import type { Community } from '../memory/upkeep.ts';
import type { Command } from './command.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager communities

Lets a worker find which entities belong together and tell each community in few sentences, then
prints numbers of members and names. What has not changed since the last time is not told again.

  --list               print those that were built last; build nothing
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for them (default: 600)
  --json               [{"uuid", "name", "summary", "members": [names]}, …]

Example: memory-manager communities`,
  options: { list: { type: 'boolean' }, timeout: { type: 'string' } },
  arguments: [0, 0],
  run: (call) =>
    withMemory(async (memory) => {
      const group = call.group !== undefined && { group: call.group };
      const list = call.flag('list');
      if (!list)
        await memory.communities.build({ ...group, ...(call.timeout !== undefined && { limit: call.timeout }) });
      const communities = await memory.communities.list({ ...group });
      if (call.json) console.log(JSON.stringify(communities));
      else if (communities.length > 0) console.log(communities.map(line).join('\n'));
      else console.error(list ? 'No communities were built here yet.' : 'Nothing belongs together here yet.');
      return 0;
    }),
};

const line = ({ name, members }: Community): string => `${String(members.length).padStart(4)}  ${name}`;
