import type { MemoryManager } from '../../src/memory.ts';

/** Stores two episodes. The second replaces one sentence of the first, and the other sentence still holds. */
export async function storeReplaced(memory: MemoryManager, group?: string): Promise<{ old: string; now: string }> {
  const store = async (content: string, day: number) => {
    const referenceTime = new Date(Date.UTC(2026, 2, day, 9));
    const receipt = await memory.enqueueEpisode(content, null, {
      referenceTime,
      ...(group !== undefined && { group }),
    });
    await memory.waitFor(receipt);
    return receipt.uuid;
  };
  const old = await store('The gateway of Harbor listens on port 8080. Labels of Harbor are rendered in Hamburg.', 2);
  const now = await store('The gateway of Harbor now listens on port 9090 instead of 8080.', 20);
  return { old, now };
}
