import { PassThrough } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import type { McpServers } from './server.ts';
import { normalizeLines } from './tidy-messages.ts';

/** How long open requests may take after the end of input. */
const ENDS_WITHIN = 3 * SECOND;

/**
 * Serves one client on standard input and output until the client closes its end or `stop` resolves. Earlier requests are answered first,
 * so that a script that pipes a few lines gets its answers.
 * @param longest bytes of a message; a longer one ends the connection
 */
export async function serveOverStdio(servers: McpServers, longest: number, stop: Promise<void>): Promise<void> {
  const input = new PassThrough();
  const lines = normalizeLines(longest, (id) => {
    const error = { code: -32600, message: 'This is no message of JSON-RPC 2.0.' };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`);
  });
  const transport = new StdioServerTransport(input, process.stdout, { maxBufferSize: longest });
  const served = serveStdio(() => servers.open(), { transport });
  const open = openRequests(transport);
  const closed = new Promise<void>((resolve) => {
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      resolve();
    };
  });
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('error', () => resolve());
    process.stdin.once('close', () => lines.writableEnded || lines.end());
    // Not the end of standard input, because the last lines may not have been processed yet.
    lines.once('end', () => resolve());
  });
  process.stdin.pipe(lines).pipe(input, { end: false });
  await Promise.race([closed, ended, stop]);
  await open.answered(ENDS_WITHIN);
  await served.close();
  await servers.settled(ENDS_WITHIN);
  process.stdin.unpipe(lines);
  process.stdin.destroy();
}

/** Counts the requests without an answer. */
function openRequests(transport: StdioServerTransport) {
  const open = new Set<unknown>();
  let notify = () => {};
  const closeOne = (id: unknown) => {
    open.delete(id);
    if (open.size === 0) notify();
  };
  const { onmessage } = transport;
  transport.onmessage = (message: JSONRPCMessage) => {
    if ('method' in message && 'id' in message) open.add(message.id);
    // A cancelled request gets no answer.
    if ('method' in message && message.method === 'notifications/cancelled') closeOne(message.params?.requestId);
    onmessage?.(message);
  };
  const send = transport.send.bind(transport);
  transport.send = async (message: JSONRPCMessage) => {
    await send(message);
    if (!('method' in message)) closeOne(message.id);
  };
  return {
    async answered(limit: number): Promise<void> {
      // Lines that arrived just before the end may not have been processed yet.
      await new Promise((resolve) => setImmediate(resolve));
      if (open.size === 0) return;
      const answered = Promise.withResolvers<void>();
      notify = answered.resolve;
      await withTimeout(limit, answered.promise, () => undefined);
    },
  };
}
