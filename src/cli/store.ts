import type { EpisodeSource } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import { parseTime } from '../time.ts';
import type { Call, Command } from './command.ts';
import { jsonObject, standardInput } from './input.ts';
import { withMemory } from './with-memory.ts';

const SOURCES = ['text', 'message', 'json'] as const;

export const command: Command = {
  help: `memory-manager store <content or -> [metadata_json]

Remembers a text and prints the episode's name, once its facts are in the graph. "-" reads standard input.

  --reference-time <date>  when the text was true (default: now)
  --source <kind>          text, message ("Name: words" lines) or json (default: text)
  --no-wait                do not wait for the facts; the episode is safe in the queue
  --group <name>           the memory to store it in (default: MEMORY_GROUP)
  --timeout <seconds>      how long to wait for the facts (default: 60)
  --json                   {"name", "uuid", "group", "committed"}

Example: memory-manager store "Harbor keeps its sessions in Valkey 8." '{"file":"docs/harbor.md"}'`,
  options: {
    'reference-time': { type: 'string' },
    source: { type: 'string' },
    'no-wait': { type: 'boolean' },
    timeout: { type: 'string' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [given = '', metadata] = call.args;
      const content = given === '-' ? await standardInput(memory.config.maxContentBytes) : given;
      const time = call.text('reference-time');
      const wait = !call.flag('no-wait');
      // Bad input is refused before a server is asked.
      const checked = jsonObject(metadata);
      const options = {
        source: source(call),
        ...(call.group !== undefined && { group: call.group }),
        ...(time !== undefined && { referenceTime: parseTime(time, '--reference-time') }),
      };
      const receipt = await memory.enqueue(content, checked, options);
      let committed = false;
      try {
        if (wait && (await someoneWorks(memory.workers('store'), call))) {
          await memory.ended(receipt, call.timeout ? { limit: call.timeout } : {});
          committed = true;
        }
      } finally {
        // However the wait ends, the episode is stored; without its name somebody would store it again.
        const { name, uuid } = receipt;
        const group = call.group ?? memory.config.group;
        console.log(call.json ? JSON.stringify({ name, uuid, group, committed }) : name);
      }
      return 0;
    }),
};

function source(call: Call): EpisodeSource {
  const given = call.text('source') ?? 'text';
  const known = SOURCES.find((kind) => kind === given);
  if (known) return known;
  throw new InvalidInput(`--source must be text, message or json, not "${given}".`);
}

// Without a worker nobody would ever answer; the episode is safe, and waiting in silence would only look broken.
async function someoneWorks(workers: Promise<number>, call: Call): Promise<boolean> {
  if ((await workers) > 0) return true;
  console.error(
    'The episode is safe in the queue, but no worker is running to read it; start one with `memory-manager worker`.',
  );
  return call.timeout !== undefined;
}
