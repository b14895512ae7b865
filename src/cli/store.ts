import { type EpisodeSource, NOTE_KINDS, type NoteKind } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { parseExpiry } from '../expiry.ts';
import { parseJson } from '../json.ts';
import type { Command, CommandCall } from './command.ts';
import { enqueueByFlags, FROM_COMMAND_LINE, STORING_OPTIONS, waitAndPrint } from './memory/enqueue.ts';
import { withMemory } from './memory/with-memory.ts';

const SOURCES = ['text', 'message', 'json'] as const;

export const command: Command = {
  help: `memory-manager store <content or -> [metadata_json]

Stores a text as an episode, waits until its facts are in the graph, and prints the episode's name.
"-" reads standard input.

  --reference-time <date>      the date for which the text is true (default: now)
  --source <kind>              text, message ("Name: words" lines) or json (default: text)
  --source-description <text>  where the text comes from (default: cli)
  --saga <name>                the chain of episodes to which the text belongs, such as a session
  --kind <kind>                fact, decision, rule or task: the text's place in briefings
  --replaces <uuid>            an episode or fact that ends because this text replaces it
  --key <text>                 your own key; the same text under the same key is stored only once
  --uuid <uuid>                a uuid for the episode, instead of a key (default: a new one)
  --expires <when>             when the text is forgotten, such as 2027-01-01, 12h, 90d or 4w
  --no-wait                    do not wait for the facts; if Valkey is down, keep the text on disk
  --group <name>               the memory (default: MEMORY_GROUP)
  --timeout <seconds>          how long to wait for the facts (default: 60)
  --json                       {"name", "uuid", "group", "committed"}

Example: memory-manager store "Harbor keeps its sessions in Valkey 8." '{"file":"docs/harbor.md"}'`,
  options: {
    ...STORING_OPTIONS,
    'reference-time': { type: 'string' },
    source: { type: 'string' },
    'source-description': { type: 'string' },
    saga: { type: 'string' },
    kind: { type: 'string' },
    replaces: { type: 'string' },
    key: { type: 'string' },
    expires: { type: 'string' },
    uuid: { type: 'string' },
  },
  arguments: [1, 2],
  run: (call) =>
    withMemory(async (memory) => {
      const [textOption = '', metadata] = call.args;
      const content = textOption === '-' ? await readStandardInput(memory.config.maxContentBytes) : textOption;
      // Invalid input is refused before a server is contacted.
      const checked = parseJsonObject(metadata);
      const receipt = await enqueueByFlags(memory, call, (spool) =>
        memory.enqueueEpisode(content, checked, { ...options(call), ...spool }),
      );
      await waitAndPrint(memory, receipt, call);
      return 0;
    }),
};

function options(call: CommandCall) {
  const referenceTime = call.time('reference-time');
  const [description, saga, uuid, key, replaces] = ['source-description', 'saga', 'uuid', 'key', 'replaces'].map(
    call.text,
  );
  const kind = noteKind(call);
  const expires = call.text('expires');
  return {
    source: sourceOf(call),
    ...call.groupOption,
    ...(referenceTime && { referenceTime }),
    sourceDescription: description ?? FROM_COMMAND_LINE,
    ...(saga !== undefined && { saga }),
    ...(expires !== undefined && { expires: parseExpiry(expires, '--expires') }),
    ...(kind !== undefined && { kind }),
    // A rule given on the command line comes from the user.
    ...(kind === 'rule' && { confirmed: true }),
    ...(replaces !== undefined && { replaces }),
    ...(uuid !== undefined && { uuid }),
    ...(key !== undefined && { idempotencyKey: key }),
  };
}

function noteKind(call: CommandCall): NoteKind | undefined {
  const name = call.text('kind');
  const kind = NOTE_KINDS.find((candidate) => candidate === name);
  if (name === undefined || kind) return kind;
  throw new InvalidInputError(`--kind must be fact, decision, rule or task, not "${name}".`);
}

function sourceOf(call: CommandCall): EpisodeSource {
  const name = call.text('source') ?? 'text';
  const source = SOURCES.find((candidate) => candidate === name);
  if (source) return source;
  throw new InvalidInputError(`--source must be text, message or json, not "${name}".`);
}

/** Text from standard input. @throws InvalidInputError if it is not UTF-8 or longer than `maxBytes` */
export async function readStandardInput(maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes)
      throw new InvalidInputError(
        `The content has more than ${maxBytes} bytes; store it in parts or raise MEMORY_MAX_CONTENT_BYTES.`,
      );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new InvalidInputError('The standard input is not UTF-8 text; convert it first, for example with iconv.', {
      cause: error,
    });
  }
}

/** A JSON object given as an argument. @throws InvalidInputError */
export function parseJsonObject(text: string | undefined): Record<string, unknown> | null {
  if (text === undefined) return null;
  const value = parseJson(text);
  if (value && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidInputError('The metadata must be a JSON object, such as \'{"file":"src/main.ts"}\'.');
}
