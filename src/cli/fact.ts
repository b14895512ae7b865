import { parseTime } from '../time.ts';
import type { Triplet } from '../triplet.ts';
import type { Call, Command } from './command.ts';
import { handIn, WAITING_OPTIONS, waitAndPrint } from './waiting.ts';
import { withMemory } from './with-memory.ts';

export const command: Command = {
  help: `memory-manager fact <source> <relation> <target> [sentence]

Stores one fact without a model call and prints the name of its episode.
Queries print the sentence (default: source, relation and target as given).

  --valid-at <date>      the date from which the fact holds (default: now)
  --invalid-at <date>    the date at which the fact ended (default: it still holds)
  --source-type <type>   type of the source, such as Person
  --target-type <type>   type of the target
  --key <text>           your own key; storing the same fact again under this key has no effect
  --no-wait              do not wait; the fact is queued, or kept on disk if Valkey is away
  --group <name>         the memory (default: MEMORY_GROUP)
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
        memory.enqueueFact(triplet(call), null, { ...options, ...spool }),
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
