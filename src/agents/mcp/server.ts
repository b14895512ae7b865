import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Tool as Told,
} from '@modelcontextprotocol/server';
import * as z from 'zod/mini';
import { programVersion } from '../../archive/manifest.ts';
import type { MemoryManager } from '../../memory.ts';
import { withTimeout } from '../../with-timeout.ts';
import { instructionsFor } from './instructions.ts';
import { runTool, type Scope } from './run-tool.ts';
import type { Effect, Tool } from './tool.ts';
import { toolsFor } from './tools/all.ts';

export interface McpOptions extends Scope {
  /** Offers `clear_graph`. */
  readonly allowClear?: boolean;
}

/** Makes a server for each connection, or for each request over HTTP, all on one memory. Nothing is asked of a store before a tool is called. */
export interface McpServers {
  open(): Server;
  /** Waits until what is under way has ended, at most `limit` milliseconds. */
  settled(limit: number): Promise<void>;
}

export function mcpServers(memory: MemoryManager, options: McpOptions): McpServers {
  const all = toolsFor(options.allowClear ?? false);
  const offered = options.readOnly ? all.filter(({ effect }) => effect === 'reads') : all;
  const tools = new Map(offered.map((tool) => [tool.name, tool]));
  const descriptions = [...tools.values()].map(description);
  const running = new Set<Promise<unknown>>();

  function begun(work: Promise<unknown>): void {
    running.add(work);
    const forget = () => running.delete(work);
    work.then(forget, forget);
  }

  function call(name: string, given: Record<string, unknown>, cancelled: AbortSignal): Promise<CallToolResult> {
    const tool = tools.get(name);
    if (!tool && all.some((tool) => tool.name === name))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `This server only reads, so it has no tool "${name}".`);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool "${name.slice(0, 60)}".`);
    return runTool(tool, given, memory, options, begun, cancelled);
  }

  return {
    open() {
      const server = new Server(
        { name: 'memory-manager', title: 'memory-manager', version: programVersion() },
        { capabilities: { tools: {} }, instructions: instructionsFor(options), jsonSchemaValidator: NO_FORMS },
      );
      server.setRequestHandler('tools/list', () => ({ tools: descriptions }));
      server.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
        call(params.name, params.arguments ?? {}, mcpReq.signal),
      );
      return server;
    },
    async settled(limit) {
      await withTimeout(limit, Promise.allSettled(running), () => undefined);
    },
  };
}

/** The usual one, which takes its time to be made, checks what users fill into forms; here nobody is asked to. */
const NO_FORMS = {
  getValidator(): never {
    throw new Error('This server has no forms.');
  },
};

function description({ name, title, description, effect, input, output }: Tool): Told {
  return {
    name,
    title,
    description,
    inputSchema: schema(input, 'input'),
    outputSchema: schema(output, 'output'),
    annotations: { title, ...HINTS[effect], openWorldHint: false },
  };
}

const HINTS: Readonly<Record<Effect, Told['annotations']>> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  tends: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  removes: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
};

function schema(shape: z.ZodMiniType, io: 'input' | 'output'): Told['inputSchema'] {
  const { $schema: _, ...rest } = z.toJSONSchema(shape, { io });
  return rest as Told['inputSchema'];
}
