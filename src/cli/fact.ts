import { parseExpiry } from '../expiry.ts';
import type { Triplet } from '../triplet.ts';
import type { Command, CommandCall } from './command.ts';
import { enqueueByFlags, FROM_COMMAND_LINE, STORING_OPTIONS, waitAndPrint } from './memory/enqueue.ts';
import { withMemory } from './memory/with-memory.ts';

export const command: Command = {
  help: `memory-manager fact <source> <relation> <target> [sentence]

Stores one fact without a model call and prints the name of its episode.
Queries print the sentence (default: source, relation and target as given).

  --valid-at <date>      the date from which the fact holds (default: now)
  --invalid-at <date>    the date at which the fact ended (default: it still holds)
  --source-type <type>   type of the source, such as Person
  --target-type <type>   type of the target
  --key <text>           your own key; the same fact under the same key is stored only once
  --expires <when>       when the fact is forgotten, such as 2027-01-01, 12h, 90d or 4w
  --no-wait              do not wait for the graph; if Valkey is down, keep the fact on disk
  --group <name>         the memory (default: MEMORY_GROUP)
  --timeout <seconds>    how long to wait for the graph (default: 60)
  --json                 {"name", "uuid", "group", "committed"}

Example: memory-manager fact Mira WORKS_ON Harbor "Mira works on Harbor." --source-type Person`,
  options: {
    ...STORING_OPTIONS,
    'valid-at': { type: 'string' },
    'invalid-at': { type: 'string' },
    'source-type': { type: 'string' },
    'target-type': { type: 'string' },
    key: { type: 'string' },
    expires: { type: 'string' },
  },
  arguments: [3, 4],
  run: (call) =>
    withMemory(async (memory) => {
      const [key, expires] = ['key', 'expires'].map(call.text);
      const options = {
        ...call.groupOption,
        sourceDescription: FROM_COMMAND_LINE,
        ...(key !== undefined && { idempotencyKey: key }),
        ...(expires !== undefined && { expires: parseExpiry(expires, '--expires') }),
      };
      const receipt = await enqueueByFlags(memory, call, (spool) =>
        memory.enqueueFact(triplet(call), null, { ...options, ...spool }),
      );
      await waitAndPrint(memory, receipt, call);
      return 0;
    }),
};

function triplet(call: CommandCall): Triplet {
  const [source = '', relation = '', target = '', fact] = call.args;
  const [sourceType, targetType] = ['source-type', 'target-type'].map(call.text);
  const [validAt, invalidAt] = ['valid-at', 'invalid-at'].map(call.time);
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
