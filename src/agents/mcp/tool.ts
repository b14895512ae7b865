import type * as z from 'zod/mini';
import type { MemoryManager } from '../../memory.ts';
import { SECOND } from '../../time.ts';

/** Whether a tool only looks, adds, keeps up what is there, or takes away. */
export type Effect = 'reads' | 'adds' | 'tends' | 'removes';

/** What one call of a tool works with. */
export interface Call {
  readonly memory: MemoryManager;
  /** The group that was named, or else the server's. */
  group(named: string | undefined): string;
  /** The groups that were named, or else those that the server searches. @throws InvalidInputError for too many */
  groups(named: readonly string[] | undefined): readonly string[];
  /** Tells the caller something beside the answer. */
  note(sentence: string): void;
}

/** What Graphiti's server answers, in its fields; ours may stand beside them. */
export type Reply = { readonly message: string } & Readonly<Record<string, unknown>>;

export interface Tool<Input extends z.ZodMiniObject = z.ZodMiniObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly input: Input;
  readonly output: z.ZodMiniType;
  /** Milliseconds that a caller waits at most. */
  readonly limit: number;
  /** What several arguments say in one sentence, where a secret shows only in that. */
  together?(given: Readonly<Record<string, unknown>>): string;
  run(given: z.output<Input>, call: Call): Promise<Reply>;
}

/** Keeps the types of a tool's arguments; outside all tools are of one type. */
export function defineTool<Input extends z.ZodMiniObject>(tool: Tool<Input>): Tool {
  return tool as unknown as Tool;
}

/** Of tools that ask the stores. */
export const ASKED_WITHIN = 10 * SECOND;
/** Of tools that let a worker do something; clients give up after a minute. */
export const DONE_WITHIN = 50 * SECOND;
