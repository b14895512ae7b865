import { join } from 'node:path';
import { StoreUnreachableError } from '../../errors.ts';
import type { SpoolOptions } from '../../memory/options.ts';
import type { MemoryManager } from '../../memory.ts';
import type { EpisodeReceipt } from '../../queue/producer.ts';
import type { CommandCall } from '../command.ts';

/** The source description of texts and facts that name no other. */
export const FROM_COMMAND_LINE = 'cli';

/** Options of every command that stores. */
export const STORING_OPTIONS = { 'no-wait': { type: 'boolean' }, timeout: { type: 'string' } } as const;

/**
 * Enqueues an episode. With `--no-wait` the episode is spooled to disk if Valkey does not answer.
 * @throws StoreUnreachableError without `--no-wait`, with a hint at that option
 */
export async function enqueueByFlags(
  memory: MemoryManager,
  call: CommandCall,
  store: (options: SpoolOptions) => Promise<EpisodeReceipt>,
): Promise<EpisodeReceipt> {
  const [receipt] = await enqueueAllByFlags(memory, call, async (options) => [await store(options)] as const);
  return receipt;
}

/** The same for several episodes. */
export async function enqueueAllByFlags<Receipts extends readonly EpisodeReceipt[]>(
  memory: MemoryManager,
  call: CommandCall,
  store: (options: SpoolOptions) => Promise<Receipts>,
): Promise<Receipts> {
  if (!call.flag('no-wait')) return await store({}).catch(refuse);
  // Connecting takes longer than a call with `spool` waits.
  const drained = await memory.drainSpool();
  const receipts = await store({ spool: true });
  if (!receipts.some(isSpooled)) return receipts;
  // If Valkey answered a moment ago, it was only slow.
  const { remaining, error } = drained.error === undefined ? await memory.drainSpool() : drained;
  if (remaining > 0 || error !== undefined) reportSpooled(receipts, memory.config.home, error);
  return receipts;
}

const isSpooled = ({ spooled }: EpisodeReceipt): boolean => spooled === true;

function reportSpooled(receipts: readonly EpisodeReceipt[], home: string, reason = ''): void {
  const count = receipts.filter(isSpooled).length;
  const [subject, pronoun] = count === 1 ? ['the episode is', 'it'] : [`${count} episodes are`, 'them'];
  const [problem] =
    /is out of memory|is loading its data|accepts no writes|has \d+ of the \d+ copies that VALKEY_COPIES asks for/.exec(
      reason,
    ) ?? ['does not answer'];
  console.error(
    `Valkey ${problem}; ${subject} kept in ${join(home, 'spool')} until a command or a worker can queue ${pronoun}.`,
  );
}

function refuse(error: unknown): never {
  if (error instanceof StoreUnreachableError) error.message += ' With --no-wait it is kept on disk until then.';
  throw error;
}

/** Waits until the episode is in the graph, unless the call says otherwise, and prints its receipt. */
export async function waitAndPrint(memory: MemoryManager, receipt: EpisodeReceipt, call: CommandCall): Promise<void> {
  let committed = false;
  try {
    if (await shouldWait(memory, call, 'The episode is safe in the queue, but no worker is running to read it')) {
      await memory.waitFor(receipt, call.timeoutOption);
      committed = true;
    }
  } finally {
    // The episode is stored however the wait ends; without its name a user would store it again.
    const { name, uuid } = receipt;
    const group = call.group ?? memory.config.group;
    console.log(call.json ? JSON.stringify({ name, uuid, group, committed }) : name);
  }
}

/** Without a worker the wait would never end. The stored episodes are safe, and a silent wait would look broken. */
export async function shouldWait(memory: MemoryManager, call: CommandCall, unread: string): Promise<boolean> {
  if (call.flag('no-wait')) return false;
  if ((await memory.getWorkerCount('store')) > 0) return true;
  console.error(`${unread}; start one with \`memory-manager up\` or \`memory-manager worker\`.`);
  return call.timeoutOption.timeoutMs !== undefined;
}
