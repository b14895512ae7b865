import { MemoryManager } from '../memory.ts';

/** Opens the memory for one command and closes it whatever happens. */
export async function withMemory<T>(work: (memory: MemoryManager) => Promise<T>): Promise<T> {
  const memory = new MemoryManager({}, { onNotice: (sentence) => console.error(sentence) });
  try {
    return await work(memory);
  } finally {
    await memory.close();
  }
}
