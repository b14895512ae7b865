import * as z from 'zod/mini';
import type { Status } from '../../../memory/status.ts';
import { textArgument } from '../arguments.ts';
import { replyShape } from '../reply-shapes.ts';
import { defineTool, READ_TIMEOUT } from '../tool.ts';

export const getMemoryStatusTool = defineTool({
  name: 'get_memory_status',
  title: 'Progress of an episode',
  description:
    'Returns the state of an episode stored with add_memory or add_triplet: spooled, waiting, active, committed or failed, with the reason.',
  effect: 'reads',
  input: z.object({
    uuid: textArgument('The uuid that add_memory returned'),
    group_id: z.optional(textArgument('The memory that contains it')),
  }),
  output: replyShape({ uuid: z.string(), state: z.string(), reason: z.optional(z.string()) }),
  limit: READ_TIMEOUT,
  async run({ uuid, group_id }, { memory, group }) {
    const state = await memory.episodes.getState(uuid, { group: group(group_id) });
    return { message: MESSAGES[state.state], ...state };
  },
});

const MESSAGES = {
  spooled: "The episode is on this machine's disk until Valkey answers.",
  waiting: 'The episode waits for a worker or for the next attempt.',
  active: 'A worker is processing the episode.',
  committed: 'The facts of the episode are in the memory.',
  failed: 'The episode failed permanently. It stays a dead letter until it is replayed or dropped.',
} as const;

export const getStatusTool = defineTool({
  name: 'get_status',
  title: 'Status of the memory',
  description: 'Returns whether the memory answers, how many episodes wait, and how much it contains.',
  effect: 'reads',
  input: z.object({ group_id: z.optional(textArgument('The memory to count')) }),
  output: replyShape({ status: z.enum(['ok', 'error']), group_id: z.string() }),
  limit: READ_TIMEOUT,
  async run({ group_id }, { memory, group }) {
    const status = await memory.getStatus({ group: group(group_id) });
    const { valkey, falkordb, spool } = status;
    return {
      status: valkey.ok && falkordb.ok ? 'ok' : 'error',
      message: sentence(status),
      group_id: status.group,
      ...(valkey.ok && {
        queue: {
          waiting: valkey.store.waiting + valkey.store.delayed,
          active: valkey.store.active,
          failed: valkey.store.failed,
        },
        workers: valkey.workers,
      }),
      spooled: spool.episodes,
      ...(falkordb.ok && { graph: falkordb.graph }),
    };
  },
});

function sentence({ valkey, falkordb }: Status): string {
  const away = [valkey, falkordb].flatMap((store) => (store.ok ? [] : [store.error]));
  if (away.length > 0) return away.join(' ');
  if (valkey.ok && valkey.workers === 0)
    return 'memory-manager answers, but no worker is running to process new episodes.';
  return 'memory-manager is running and connected to FalkorDB and Valkey';
}
