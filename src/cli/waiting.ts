import type { MemoryManager } from '../memory.ts';
import type { EpisodeReceipt } from '../queue/producer.ts';
import type { Call } from './command.ts';

/** Of every command that stores. */
export const WAITING_OPTIONS = { 'no-wait': { type: 'boolean' }, timeout: { type: 'string' } } as const;

/** Waits until the episode is in the graph, unless the call says otherwise, and prints its receipt. */
export async function waitAndPrint(memory: MemoryManager, receipt: EpisodeReceipt, call: Call): Promise<void> {
  let committed = false;
  try {
    if (await isWaitedFor(memory, call, 'The episode is safe in the queue, but no worker is running to read it')) {
      await memory.ended(receipt, call.timeout ? { limit: call.timeout } : {});
      committed = true;
    }
  } finally {
    // However the wait ends, the episode is stored; without its name somebody would store it again.
    const { name, uuid } = receipt;
    const group = call.group ?? memory.config.group;
    console.log(call.json ? JSON.stringify({ name, uuid, group, committed }) : name);
  }
}

/** Without a worker nobody would ever answer; what is stored is safe, and waiting in silence would only look broken. */
export async function isWaitedFor(memory: MemoryManager, call: Call, unread: string): Promise<boolean> {
  if (call.flag('no-wait')) return false;
  if ((await memory.workers('store')) > 0) return true;
  console.error(`${unread}; start one with \`memory-manager worker\`.`);
  return call.timeout !== undefined;
}
