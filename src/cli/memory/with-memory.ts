import { MemoryManager } from '../../memory.ts';

/** Opens the memory for one command and closes it in any case. */
export async function withMemory<T>(work: (memory: MemoryManager) => Promise<T>): Promise<T> {
  const printed = new Set<string>();
  const onNotice = (sentence: string) => {
    if (!printed.has(sentence)) console.error(sentence);
    printed.add(sentence);
  };
  const memory = new MemoryManager({}, { onNotice });
  try {
    return await work(memory);
  } finally {
    await memory.close();
  }
}
