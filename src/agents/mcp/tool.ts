import type * as z from 'zod/mini';
import type { MemoryManager } from '../../memory.ts';
import { SECOND } from '../../time.ts';

/** Whether a tool reads, adds, maintains existing data, or removes. */
export type ToolEffect = 'reads' | 'adds' | 'maintains' | 'removes';

/** The context of a tool call. */
export interface McpToolCall {
  readonly memory: MemoryManager;
  /** The named group, or else the server's. */
  group(named: string | undefined): string;
  /** The named groups, or else the groups that the server searches. @throws InvalidInputError for too many */
  groups(named: readonly string[] | undefined): readonly string[];
  /** Adds a note to the reply. */
  note(sentence: string): void;
  /** The text for the model, in place of the reply's JSON, which clients still get as structured content. */
  answer(text: string): void;
}

/** The fields of the reply of Graphiti's server; ours may be added. */
export type ToolReply = { readonly message: string } & Readonly<Record<string, unknown>>;

export interface Tool<Input extends z.ZodMiniObject = z.ZodMiniObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: ToolEffect;
  readonly input: Input;
  readonly output: z.ZodMiniType;
  /** Timeout in milliseconds. */
  readonly limit: number;
  /** Several arguments as one sentence, if a secret can only be recognised in combination. */
  combined?(args: Readonly<Record<string, unknown>>): string;
  run(args: z.output<Input>, call: McpToolCall): Promise<ToolReply>;
}

/** Checks the types of a tool's arguments; the result has the common type of all tools. */
export function defineTool<Input extends z.ZodMiniObject>(tool: Tool<Input>): Tool {
  return tool as unknown as Tool;
}

/** For tools that read from the stores. */
export const READ_TIMEOUT = 10 * SECOND;
/** For tools that wait for a worker; clients give up after a minute. */
export const TASK_TIMEOUT = 50 * SECOND;
