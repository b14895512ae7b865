import type { Command } from './command.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager entities [entity_type]

Prints the name and the type of every entity, or of those of one type, in the order of their names.

  --no-cache      ask the graph even if the answer is cached
  --group <name>  the memory to ask (default: MEMORY_GROUP)
  --json          [{"name", "type", "uuid", "summary"}, …]

Example: memory-manager entities Person`,
  options: { 'no-cache': { type: 'boolean' } },
  arguments: [0, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const options = { cache: !call.flag('no-cache'), ...(call.group !== undefined && { group: call.group }) };
      const [type] = call.args;
      const entities = await memory.getEntities(type, options);
      if (call.json) console.log(JSON.stringify(entities));
      else if (entities.length > 0) console.log(table(entities));
      else console.error(await whyNone(type, () => memory.getEntities(undefined, options)));
      return 0;
    }),
};

function table(entities: readonly { name: string; type: string }[]): string {
  const width = Math.min(Math.max(...entities.map(({ name }) => name.length)), 60);
  return entities.map(({ name, type }) => `${name.padEnd(width)}  ${type}`).join('\n');
}

async function whyNone(type: string | undefined, all: () => Promise<{ type: string }[]>): Promise<string> {
  const types = type === undefined ? new Set() : new Set((await all()).map((entity) => entity.type));
  if (types.size === 0) return 'Nothing is remembered here yet.';
  return `No entity has the type "${type}"; there are ${[...types].sort().join(', ')}.`;
}
