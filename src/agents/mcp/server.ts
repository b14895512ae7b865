import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool as ProtocolTool,
  Server,
} from '@modelcontextprotocol/server';
import * as z from 'zod/mini';
import { programVersion } from '../../archive/manifest.ts';
import type { MemoryManager } from '../../memory.ts';
import { neutralizeTags } from '../../redaction/neutralize-tags.ts';
import { oneLine } from '../../text.ts';
import { withTimeout } from '../../with-timeout.ts';
import { instructionsFor } from './instructions.ts';
import { runTool, type ServerScope } from './run-tool.ts';
import type { Tool, ToolEffect } from './tool.ts';
import { toolsFor } from './tools/tools.ts';

export interface McpOptions extends ServerScope {
  /** Offers `clear_graph`. */
  readonly allowClear?: boolean;
}

/**
 * Creates a server for each connection, or for each request over HTTP, all with the same memory. No store is contacted before a tool is
 * called.
 */
export interface McpServers {
  open(): Server;
  /** Waits until the open requests have ended, at most `limit` milliseconds. */
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

  function call(name: string, args: Record<string, unknown>, cancelled: AbortSignal): Promise<CallToolResult> {
    const tool = tools.get(name);
    if (!tool && all.some((tool) => tool.name === name))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `This server only reads, so it has no tool "${name}".`);
    if (!tool)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        neutralizeTags(oneLine(`There is no tool "${name.slice(0, 60)}".`)),
      );
    return runTool(tool, args, memory, options, begun, cancelled);
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

/** The SDK's default validator is slow to create and only needed for forms, which this server does not use. */
const NO_FORMS = {
  getValidator(): never {
    throw new Error('This server has no forms.');
  },
};

function description({ name, title, description, effect, input, output }: Tool): ProtocolTool {
  return {
    name,
    title,
    description,
    inputSchema: schema(input, 'input'),
    outputSchema: schema(output, 'output'),
    annotations: { title, ...HINTS[effect], openWorldHint: false },
  };
}

const HINTS: Readonly<Record<ToolEffect, ProtocolTool['annotations']>> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  maintains: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  removes: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
};

function schema(shape: z.ZodMiniType, io: 'input' | 'output'): ProtocolTool['inputSchema'] {
  const { $schema: _, ...rest } = z.toJSONSchema(shape, { io });
  return rest as ProtocolTool['inputSchema'];
}
