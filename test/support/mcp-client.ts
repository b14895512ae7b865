import { type CallToolResult, Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { MAIN } from './command-line.ts';

/** A real client and its replies. */
export interface McpClient {
  readonly client: Client;
  /**
   * Calls a tool and returns the fields of its answer. Fails if the answer is an error. A read call that times out on a busy
   * machine is repeated, as its answer asks.
   */
  call<Fields = Answer>(name: string, given?: Record<string, unknown>): Promise<Fields>;
  /** Calls a tool that must refuse. @returns the sentence of the refusal */
  refusal(name: string, given?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const READS = /^(?:get|search)_/;

// biome-ignore lint/suspicious/noExplicitAny: tests look at any shape of answer
type Answer = Record<string, any>;

export function mcpClientOf(client: Client): McpClient {
  const ask = async (name: string, given: Record<string, unknown> = {}) =>
    (await client.callTool({ name, arguments: given })) as CallToolResult;
  const text = ({ content: [first] }: CallToolResult) => (first?.type === 'text' ? first.text : '');
  return {
    client,
    async call<Fields>(name: string, given?: Record<string, unknown>) {
      const isLate = (answer: CallToolResult) =>
        READS.test(name) && answer.isError && text(answer).startsWith('The memory did not answer within');
      let result = await ask(name, given);
      while (isLate(result)) result = await ask(name, given);
      if (result.isError) throw new Error(text(result));
      return result.structuredContent as Fields;
    },
    async refusal(name, given) {
      const result = await ask(name, given);
      if (!result.isError) throw new Error(`${name} refused nothing: ${text(result)}`);
      return text(result);
    },
    close: () => client.close(),
  };
}

export interface McpProcess extends McpClient {
  readonly pid: number;
  /** Its output on stderr. */
  output(): string;
}

/** The real command as a child process, with the protocol's own client. */
export async function startMcp(
  args: readonly string[],
  environment: Record<string, string>,
  options: ClientOptions & { cwd?: string } = {},
): Promise<McpProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const { cwd, ...clientOptions } = options;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'mcp', ...args],
    env: { PATH, HOME, ...environment },
    stderr: 'pipe',
    ...(cwd !== undefined && { cwd }),
  });
  let output = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const client = new Client({ name: 'tests', version: '1.0.0' }, clientOptions);
  await client.connect(transport);
  return { ...mcpClientOf(client), pid: transport.pid ?? 0, output: () => output };
}
