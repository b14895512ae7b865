import { InvalidInputError } from '../errors.ts';
import type { EntitiesOptions } from '../memory/reads/entities.ts';
import type { MemoryManager } from '../memory.ts';
import type { Command } from './command.ts';
import { hintAtAgentMemory } from './memory/agent-memory.ts';
import { withMemory } from './memory/with-memory.ts';

const MOST = 1_000_000;

export const command: Command = {
  help: `memory-manager entities [entity_type]

Prints the name and type of every entity, or of the entities of one type.

  --as-of <date>     only entities mentioned by an episode or fact from before this date
  --known-at <date>  only entities that were known at this date, e.g. 2025-03-01
  --order <order>    name (default), facts (most facts first) or mentioned (last mentioned first)
  --limit <n>        print at most n entities (default: all)
  --offset <n>       skip the first n entities
  --no-cache         read from the graph even if the answer is cached
  --group <name>     the memory (default: MEMORY_GROUP)
  --json             [{"name", "type", "uuid", "summary", "attributes"}, …]

Example: memory-manager entities Person`,
  options: {
    'as-of': { type: 'string' },
    'known-at': { type: 'string' },
    order: { type: 'string' },
    limit: { type: 'string' },
    offset: { type: 'string' },
    'no-cache': { type: 'boolean' },
  },
  arguments: [0, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const options = { cache: !call.flag('no-cache'), group: call.group };
      const filters = {
        asOf: call.time('as-of'),
        knownAt: call.time('known-at'),
        limit: call.number('limit', 1, MOST),
        offset: call.number('offset', 0, MOST),
      };
      const [type] = call.args;
      const order = orderOf(call.text('order'));
      const entities = await memory.getEntities(type, { ...options, ...filters, ...(order && { order }) });
      if (call.json) console.log(JSON.stringify(entities));
      else if (entities.length > 0) console.log(table(entities));
      else console.error(await explainNone(memory, type, options));
      return 0;
    }),
};

const ORDERS = ['name', 'facts', 'mentioned'] as const;

/** @throws InvalidInputError */
function orderOf(text: string | undefined): (typeof ORDERS)[number] | undefined {
  const order = ORDERS.find((name) => name === text);
  if (order === undefined && text !== undefined)
    throw new InvalidInputError(`--order must be ${ORDERS.join(', ').replace(/, (\w+)$/, ' or $1')}, not "${text}".`);
  return order;
}

function table(entities: readonly { name: string; type: string }[]): string {
  const width = Math.min(Math.max(...entities.map(({ name }) => name.length)), 60);
  return entities.map(({ name, type }) => `${name.padEnd(width)}  ${type}`).join('\n');
}

async function explainNone(memory: MemoryManager, type: string | undefined, options: EntitiesOptions): Promise<string> {
  const types = new Set((await memory.getEntities(undefined, options)).map((entity) => entity.type));
  if (types.size === 0) {
    const { episodes } = await memory.getGraphSize(options.group);
    if (episodes === 0)
      return ['This memory is empty.', hintAtAgentMemory(options.group ?? memory.config.group)]
        .filter(Boolean)
        .join(' ');
    const mentioned = episodes === 1 ? 'the one episode here' : `the ${episodes} episodes here`;
    return `There are no entities yet: ${mentioned} ${episodes === 1 ? 'names' : 'name'} none, or no worker has read ${episodes === 1 ? 'it' : 'them'} yet.`;
  }
  const isNamed =
    type === undefined || [...types].some((existing) => existing.toLowerCase() === type.trim().toLowerCase());
  if (isNamed) return 'No entity matches these dates, --limit and --offset; without them there are some.';
  return `No entity has the type "${type}"; there are ${[...types].sort().join(', ')}.`;
}
