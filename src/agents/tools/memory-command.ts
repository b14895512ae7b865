/** How an agent carries out what `/memory` asks for, as parts of sentences. */
export interface MemoryActions {
  /** Lists the latest episodes with their uuids. */
  readonly list: string;
  readonly forget: string;
  readonly search: string;
}

export const MEMORY_COMMAND_DESCRIPTION = 'What the memory recalled and kept; forget something';

/**
 * The text of the command `/memory`, which the agent answers.
 * @param name    what the user types, such as `/memory`
 * @param request the placeholder for the words after the name
 */
export function memoryInstructions(name: string, request: string, { list, forget, search }: MemoryActions): string {
  return `The user asks about the long-term memory of this project. ${request}

If the request is empty, answer with two short lists. First, what was recalled in this session: the facts inside recalled-memory blocks of this conversation, or that nothing was recalled. Second, what was kept: ${list} and show the newest episodes with their uuids. Close with one sentence: "${name} forget <what>" forgets something, and "${name} <question>" searches.

If the request asks to forget something, ${forget} only after the user agrees.

Otherwise answer the request from ${search}. Do not use other tools.`;
}
