import { parseTime } from '../time.ts';
import type { Triplet } from '../triplet.ts';
import type { Call, Command } from './command.ts';
import { handIn, WAITING_OPTIONS, waitAndPrint } from './waiting.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager fact <source> <relation> <target> [sentence]

Remembers one fact as it is given, without a model that reads it, and prints its episode's name.
The sentence is what a query prints (default: source, relation and target in a row).

  --valid-at <date>      since when it holds (default: now)
  --invalid-at <date>    until when it held (default: it holds)
  --source-type <type>   what the source is, such as Person
  --target-type <type>   what the target is
  --key <text>           your own name for this fact; storing it again under it changes nothing
  --no-wait              do not wait; the fact is in the queue, or on disk if Valkey is away
  --group <name>         the memory to store it in (default: MEMORY_GROUP)
  --timeout <seconds>    how long to wait for the graph (default: 60)
  --json                 {"name", "uuid", "group", "committed"}

Example: memory-manager fact Mira WORKS_ON Harbor "Mira works on Harbor." --source-type Person`,
  options: {
    ...WAITING_OPTIONS,
    'valid-at': { type: 'string' },
    'invalid-at': { type: 'string' },
    'source-type': { type: 'string' },
    'target-type': { type: 'string' },
    key: { type: 'string' },
  },
  arguments: [3, 4],
  run: (call) =>
    withMemory(async (memory) => {
      const key = call.text('key');
      const options = {
        ...(call.group !== undefined && { group: call.group }),
        ...(key !== undefined && { idempotencyKey: key }),
      };
      const receipt = await handIn(memory, call, (spool) =>
        memory.addTriplet(triplet(call), null, { ...options, ...spool }),
      );
      await waitAndPrint(memory, receipt, call);
      return 0;
    }),
};

function triplet(call: Call): Triplet {
  const [source = '', relation = '', target = '', fact] = call.args;
  const [sourceType, targetType] = ['source-type', 'target-type'].map(call.text);
  const [validAt, invalidAt] = ['valid-at', 'invalid-at'].map((option) => {
    const time = call.text(option);
    return time === undefined ? undefined : parseTime(time, `--${option}`);
  });
  return {
    source,
    relation,
    target,
    ...(fact !== undefined && { fact }),
    ...(sourceType !== undefined && { sourceType }),
    ...(targetType !== undefined && { targetType }),
    ...(validAt && { validAt }),
    ...(invalidAt && { invalidAt }),
  };
}
