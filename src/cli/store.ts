import { type EpisodeSource, NOTE_KINDS, type NoteKind } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { parseTime } from '../time.ts';
import type { Call, Command } from './command.ts';
import { jsonObject, standardInput } from './input.ts';
import { handIn, WAITING_OPTIONS, waitAndPrint } from './waiting.ts';
import { withMemory } from './with-memory.ts';

const SOURCES = ['text', 'message', 'json'] as const;

export const command: Command = {
  help: `memory-manager store <content or -> [metadata_json]

Stores a text as an episode, waits until its facts are in the graph, and prints the episode's name.
"-" reads standard input.

  --reference-time <date>      the date for which the text is true (default: now)
  --source <kind>              text, message ("Name: words" lines) or json (default: text)
  --source-description <text>  where the text comes from (default: opencode)
  --saga <name>                the episode's saga (a chain of episodes), such as a session
  --kind <kind>                fact, decision, rule or task; briefings contain rules and tasks
  --replaces <uuid>            the episode or fact that this text replaces; it is shown as ended
  --key <text>                 your own key; storing the same text again under it has no effect
  --uuid <uuid>                a uuid for the episode, instead of a key (default: a new one)
  --no-wait                    do not wait; the episode is queued, or on disk if Valkey is away
  --group <name>               the memory (default: MEMORY_GROUP)
  --timeout <seconds>          how long to wait for the facts (default: 60)
  --json                       {"name", "uuid", "group", "committed"}

Example: memory-manager store "Harbor keeps its sessions in Valkey 8." '{"file":"docs/harbor.md"}'`,
  options: {
    ...WAITING_OPTIONS,
    'reference-time': { type: 'string' },
    source: { type: 'string' },
    'source-description': { type: 'string' },
    saga: { type: 'string' },
    kind: { type: 'string' },
    replaces: { type: 'string' },
    key: { type: 'string' },
    uuid: { type: 'string' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [textOption = '', metadata] = call.args;
      const content = textOption === '-' ? await standardInput(memory.config.maxContentBytes) : textOption;
      // Invalid input is refused before a server is contacted.
      const checked = jsonObject(metadata);
      const receipt = await handIn(memory, call, (spool) =>
        memory.enqueue(content, checked, { ...options(call), ...spool }),
      );
      await waitAndPrint(memory, receipt, call);
      return 0;
    }),
};

function options(call: Call) {
  const time = call.text('reference-time');
  const [description, saga, uuid, key, replaces] = ['source-description', 'saga', 'uuid', 'key', 'replaces'].map(
    call.text,
  );
  const kind = noteKind(call);
  return {
    source: source(call),
    ...(call.group !== undefined && { group: call.group }),
    ...(time !== undefined && { referenceTime: parseTime(time, '--reference-time') }),
    ...(description !== undefined && { sourceDescription: description }),
    ...(saga !== undefined && { saga }),
    ...(kind !== undefined && { kind }),
    // A rule given on the command line comes from the user.
    ...(kind === 'rule' && { confirmed: true }),
    ...(replaces !== undefined && { replaces }),
    ...(uuid !== undefined && { uuid }),
    ...(key !== undefined && { idempotencyKey: key }),
  };
}

function noteKind(call: Call): NoteKind | undefined {
  const given = call.text('kind');
  const known = NOTE_KINDS.find((kind) => kind === given);
  if (given === undefined || known) return known;
  throw new InvalidInputError(`--kind must be fact, decision, rule or task, not "${given}".`);
}

function source(call: Call): EpisodeSource {
  const given = call.text('source') ?? 'text';
  const known = SOURCES.find((kind) => kind === given);
  if (known) return known;
  throw new InvalidInputError(`--source must be text, message or json, not "${given}".`);
}
