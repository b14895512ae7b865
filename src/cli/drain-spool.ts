import { MemoryManager } from '../memory.ts';
import { SECOND } from '../time.ts';

const DRAINS_WITHIN = 30 * SECOND;

/** Queues the spooled turns. */
export async function drainSpool(): Promise<number> {
  setTimeout(() => process.exit(0), DRAINS_WITHIN).unref();
  const memory = new MemoryManager({}, { onNotice: () => {} });
  await memory.drainSpool().catch(() => undefined);
  await memory.close();
  return 0;
}
