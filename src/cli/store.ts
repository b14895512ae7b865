import type { EpisodeSource } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import { parseTime } from '../time.ts';
import type { Call, Command } from './command.ts';
import { jsonObject, standardInput } from './input.ts';
import { WAITING_OPTIONS, waitAndPrint } from './waiting.ts';
import { withMemory } from './with-memory.ts';

const SOURCES = ['text', 'message', 'json'] as const;

export const command: Command = {
  help: `memory-manager store <content or -> [metadata_json]

Remembers a text and prints the episode's name, once its facts are in the graph.
"-" reads standard input.

  --reference-time <date>      when the text was true (default: now)
  --source <kind>              text, message ("Name: words" lines) or json (default: text)
  --source-description <text>  who hands it in (default: opencode)
  --saga <name>                the chain of episodes that it belongs to, such as a session
  --uuid <uuid>                its identity; storing the same again changes nothing (default: new)
  --no-wait                    do not wait for the facts; the episode is safe in the queue
  --group <name>               the memory to store it in (default: MEMORY_GROUP)
  --timeout <seconds>          how long to wait for the facts (default: 60)
  --json                       {"name", "uuid", "group", "committed"}

Example: memory-manager store "Harbor keeps its sessions in Valkey 8." '{"file":"docs/harbor.md"}'`,
  options: {
    ...WAITING_OPTIONS,
    'reference-time': { type: 'string' },
    source: { type: 'string' },
    'source-description': { type: 'string' },
    saga: { type: 'string' },
    uuid: { type: 'string' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [given = '', metadata] = call.args;
      const content = given === '-' ? await standardInput(memory.config.maxContentBytes) : given;
      // Bad input is refused before a server is asked.
      const checked = jsonObject(metadata);
      await waitAndPrint(memory, await memory.enqueue(content, checked, options(call)), call);
      return 0;
    }),
};

function options(call: Call) {
  const time = call.text('reference-time');
  const [description, saga, uuid] = ['source-description', 'saga', 'uuid'].map(call.text);
  return {
    source: source(call),
    ...(call.group !== undefined && { group: call.group }),
    ...(time !== undefined && { referenceTime: parseTime(time, '--reference-time') }),
    ...(description !== undefined && { sourceDescription: description }),
    ...(saga !== undefined && { saga }),
    ...(uuid !== undefined && { uuid }),
  };
}

function source(call: Call): EpisodeSource {
  const given = call.text('source') ?? 'text';
  const known = SOURCES.find((kind) => kind === given);
  if (known) return known;
  throw new InvalidInput(`--source must be text, message or json, not "${given}".`);
}
