import * as z from 'zod/mini';
import { withoutReservedMetadata } from '../episode.ts';
import { InvalidInputError, isOperationalError, JobFailedError } from '../errors.ts';
import { parseExpiry } from '../expiry.ts';
import { decodeText, readBytes } from '../import/decode.ts';
import { type ParsedValue, strictJsonLines } from '../import/json-lines.ts';
import type { EpisodeInput } from '../memory/options.ts';
import type { MemoryManager } from '../memory.ts';
import type { EpisodeReceipt } from '../queue/producer.ts';
import { parseTime } from '../time.ts';
import type { Command, CommandCall } from './command.ts';
import { enqueueAllByFlags, FROM_COMMAND_LINE, STORING_OPTIONS, shouldWait } from './memory/enqueue.ts';
import { withMemory } from './memory/with-memory.ts';
import { count, progressLine } from './terminal/output.ts';

const MOST = 100_000;

export const command: Command = {
  help: `memory-manager store-many <file or ->

Stores many texts from JSON lines: {"content", "metadata", "reference_time", "source",
"source_description", "saga", "key", "uuid", "expires"}. Only content is required. "-" reads
standard input. "expires" is a date or a duration, such as 90d: when the text is forgotten.
At most 100,000 lines per call. If a line is invalid, its number is printed and nothing is stored.
A line with a key or uuid is stored only once.

  --no-wait            do not wait for the facts; if Valkey is down, keep the texts on disk
  --group <name>       the memory (default: MEMORY_GROUP)
  --timeout <seconds>  how long to wait for the facts of each episode (default: 60)
  --json               [{"name", "uuid", "group", "committed"}, …] in the order of the lines

Example: echo '{"content": "Harbor keeps its sessions in Valkey 8."}' | memory-manager store-many -`,
  options: STORING_OPTIONS,
  arguments: [1, 1],
  run: (call) =>
    withMemory(async (memory) => {
      const { episodes, numbers } = await read(call, memory.config.maxContentBytes);
      const progress = progressLine('Storing');
      try {
        const receipts = await enqueueAllByFlags(memory, call, (spool) =>
          memory.enqueueEpisodes(episodes, {
            ...spool,
            nameOf: (index) => `Line ${numbers[index]}`,
            onEnqueued: (count) => progress.show(count / episodes.length),
          }),
        );
        progress.end();
        return await waitForAll(memory, receipts, numbers, call);
      } finally {
        progress.end();
      }
    }),
};

const line = z.strictObject({
  content: z.string(),
  metadata: z.nullish(z.record(z.string(), z.unknown())),
  reference_time: z.nullish(z.string()),
  source: z.nullish(z.enum(['text', 'message', 'json'])),
  source_description: z.nullish(z.string()),
  uuid: z.nullish(z.string()),
  saga: z.nullish(z.string()),
  key: z.nullish(z.string()),
  expires: z.nullish(z.string()),
});
const REQUIREMENTS: Readonly<Record<string, string>> = {
  content: 'must be text',
  metadata: 'must be a JSON object',
  source: 'must be text, message or json',
};

async function read(
  call: CommandCall,
  maxContentBytes: number,
): Promise<{ episodes: EpisodeInput[]; numbers: number[] }> {
  const [file = '-'] = call.args;
  const [episodes, numbers]: [EpisodeInput[], number[]] = [[], []];
  // JSON may write a character as six, and a line also has metadata.
  const texts = decodeText(file === '-' ? process.stdin : readBytes(file));
  for await (const input of strictJsonLines(texts, 6 * maxContentBytes + 1_000_000)) {
    if (episodes.length === MOST)
      throw new InvalidInputError(`There are more than ${MOST} lines; store them in parts. Nothing was stored.`);
    episodes.push({ ...episodeOf(input), ...call.groupOption });
    numbers.push(input.number);
  }
  return { episodes, numbers };
}

function episodeOf({ number, value }: ParsedValue): EpisodeInput {
  const parsed = line.safeParse(value);
  if (!parsed.success)
    throw new InvalidInputError(`Line ${number}: ${sentence(parsed.error)}`, { cause: parsed.error });
  const { content, metadata, reference_time: time, source, source_description, uuid, saga, key, expires } = parsed.data;
  return {
    content,
    ...(metadata && { metadata: withoutReservedMetadata(metadata) }),
    ...(typeof time === 'string' && { referenceTime: timeOf(number, time) }),
    ...(source && { source }),
    sourceDescription: source_description ?? FROM_COMMAND_LINE,
    ...(typeof uuid === 'string' && { uuid }),
    ...(typeof saga === 'string' && { saga }),
    ...(typeof key === 'string' && { idempotencyKey: key }),
    ...(typeof expires === 'string' && { expires: parseExpiry(expires, `Line ${number}: expires`) }),
  };
}

function timeOf(number: number, time: string): Date {
  return parseTime(time, `Line ${number}: reference_time`);
}

function sentence({ issues: [issue] }: z.core.$ZodError): string {
  if (issue?.code === 'unrecognized_keys')
    return `"${issue.keys[0]}" is not known; an episode takes ${Object.keys(line.shape).join(', ')}.`;
  const [key] = issue?.path ?? [];
  if (key === undefined) return 'it must be a JSON object with "content".';
  return `"${String(key)}" ${REQUIREMENTS[String(key)] ?? 'must be text'}.`;
}

/** One after the other, since they finish roughly in this order. Prints the successes on stdout, and with --json the state of each. */
async function waitForAll(
  memory: MemoryManager,
  receipts: readonly EpisodeReceipt[],
  numbers: readonly number[],
  call: CommandCall,
): Promise<number> {
  const progress = progressLine('Reading');
  const failed: string[] = [];
  const committed = new Set<string>();
  const group = call.group ?? memory.config.group;
  const all = count(receipts.length, 'episode');
  try {
    if (await shouldWait(memory, call, 'The episodes are safe in the queue, but no worker is running to read them'))
      for (const [index, receipt] of receipts.entries()) {
        try {
          await memory.waitFor(receipt, call.timeoutOption);
          committed.add(receipt.uuid);
        } catch (error) {
          if (!(error instanceof JobFailedError)) throw error;
          failed.push(`line ${numbers[index]}: ${error.message}`);
        }
        progress.show((index + 1) / receipts.length);
      }
  } catch (error) {
    // Without this a user would store the episodes again.
    if (isOperationalError(error))
      error.message += ` Still, ${all} ${receipts.length === 1 ? 'is' : 'are'} stored in the queue; ${committed.size} of them ${committed.size === 1 ? 'is' : 'are'} in the graph.`;
    throw error;
  } finally {
    progress.end();
    if (call.json)
      console.log(
        JSON.stringify(receipts.map(({ name, uuid }) => ({ name, uuid, group, committed: committed.has(uuid) }))),
      );
  }
  if (failed.length > 0) {
    console.error(
      `${failed.length} of ${all} could not be read; the first is ${failed[0]?.replace(/\.$/, '')}. \`memory-manager dead-letter list\` shows them.`,
    );
    return 1;
  }
  if (!call.json) console.log(`${all} stored.`);
  return 0;
}
