import * as z from 'zod/mini';
import type { Status } from '../../../memory/status.ts';
import { text } from '../arguments.ts';
import { replyShape } from '../shapes.ts';
import { ASKED_WITHIN, defineTool } from '../tool.ts';

export const getMemoryStatus = defineTool({
  name: 'get_memory_status',
  title: 'How far an episode is',
  description:
    'Tells how far an episode of add_memory or add_triplet is: spooled, waiting, active, committed or failed, and why.',
  effect: 'reads',
  input: z.object({
    uuid: text('The uuid that add_memory gave'),
    group_id: z.optional(text('The memory that it is in')),
  }),
  output: replyShape({ uuid: z.string(), state: z.string(), reason: z.optional(z.string()) }),
  limit: ASKED_WITHIN,
  async run({ uuid, group_id }, { memory, group }) {
    const state = await memory.episodes.getState(uuid, { group: group(group_id) });
    return { message: SAID[state.state], ...state };
  },
});

const SAID = {
  spooled: "It is kept on this machine's disk until Valkey takes it.",
  waiting: 'It waits for a worker, or for the next try.',
  active: 'A worker is reading it.',
  committed: 'Its facts are in the memory.',
  failed: 'It was given up; it stays as a dead letter until somebody replays or drops it.',
} as const;

export const getStatus = defineTool({
  name: 'get_status',
  title: 'How the memory is',
  description: 'Tells whether the memory answers, what waits and how much it holds.',
  effect: 'reads',
  input: z.object({ group_id: z.optional(text('The memory whose size is told')) }),
  output: replyShape({ status: z.enum(['ok', 'error']), group_id: z.string() }),
  limit: ASKED_WITHIN,
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
  const away = [valkey, falkordb].flatMap((store) => (store.ok ? [] : [store.said]));
  if (away.length > 0) return away.join(' ');
  if (valkey.ok && valkey.workers === 0)
    return 'memory-manager answers, but no worker is running that would read new episodes.';
  return 'memory-manager is running and connected to FalkorDB and Valkey';
}
