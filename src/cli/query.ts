import { bulletList } from '../reader/format.ts';
import { parseTime } from '../time.ts';
import type { Command } from './command.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager query <search_query>

Prints what is known, best first. Only what holds now counts, unless --as-of names another time.

  --limit <n>          at most so many answers, 1 to 100 (default: 5)
  --as-of <date>       what held then, e.g. 2025-03-01
  --after <uuid>       first wait until this stored episode (uuid of store --json) is in the graph
  --no-cache           ask the graph even if the answer is cached
  --group <name>       the memory to ask (default: MEMORY_GROUP)
  --timeout <seconds>  how long --after waits (default: 60)
  --json               {"query", "group", "facts": […], "episodes": […]}

Example: memory-manager query "Where does Harbor keep its sessions?"`,
  options: {
    limit: { type: 'string' },
    'as-of': { type: 'string' },
    after: { type: 'string' },
    'no-cache': { type: 'boolean' },
    timeout: { type: 'string' },
  },
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const [query = ''] = call.args;
      const limit = call.number('limit', 1, 100) ?? 5;
      const asOf = call.text('as-of');
      const options = {
        cache: !call.flag('no-cache'),
        ...(call.group !== undefined && { group: call.group }),
        ...(asOf !== undefined && { asOf: parseTime(asOf, '--as-of') }),
      };
      const after = call.text('after');
      if (after !== undefined)
        await memory.ended({ queue: 'store', jobId: after }, call.timeout ? { limit: call.timeout } : {});
      const found = await memory.search(query, limit, options);
      const group = call.group ?? memory.config.group;
      console.log(call.json ? JSON.stringify({ query, group, ...found }) : bulletList(found));
      return 0;
    }),
};
