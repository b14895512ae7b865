import { MemoryManager } from '../memory.ts';

/** Opens the memory for one command and closes it in any case. */
export async function withMemory<T>(work: (memory: MemoryManager) => Promise<T>): Promise<T> {
  const said = new Set<string>();
  const onNotice = (sentence: string) => {
    if (!said.has(sentence)) console.error(sentence);
    said.add(sentence);
  };
  const memory = new MemoryManager({}, { onNotice });
  try {
    return await work(memory);
  } finally {
    await memory.close();
  }
}
