import { MEMORY_COMMAND_DESCRIPTION, memoryInstructions } from '../tools/memory-command.ts';
import type { HostConfig } from './host.ts';

export const MEMORY_COMMAND = {
  description: MEMORY_COMMAND_DESCRIPTION,
  /** The host, or `filledMemoryCommand`, replaces `$ARGUMENTS`. */
  template: memoryInstructions('/memory', 'Their request: "$ARGUMENTS"', {
    list: 'call memory_list',
    forget:
      'find it with memory_forget and its argument query, show what would be forgotten, and call memory_forget with confirm: true',
    search: 'memory_search',
  }),
};

/** The text of the command with the words that the user typed after its name. */
export const filledMemoryCommand = (request: string): string =>
  MEMORY_COMMAND.template.replace('$ARGUMENTS', () => request.trim());

/** Adds the command `/memory`, unless the user has one of that name. */
export function addMemoryCommand(config: HostConfig): void {
  config.command = { memory: MEMORY_COMMAND, ...config.command };
}
