import { join } from 'node:path';
import type { ServerScope } from '../agents/mcp/run-tool.ts';
import { InvalidInputError } from '../errors.ts';
import { checkGroup } from '../group.ts';
import { MemoryManager } from '../memory.ts';
import { MINUTE, SECOND } from '../time.ts';
import { AUTO_GROUP } from './auto-group.ts';
import type { Command, CommandCall } from './command.ts';

const USUAL_PORT = 8000;
/** JSON needs at most six bytes for one byte of text. */
const longestMessage = (content: number) => 6 * content + 65_536;
const LEAVES_WITHIN = 1 * SECOND;
const GONE_WITHIN = 9 * SECOND;

export const command: Command = {
  help: `memory-manager mcp [--http [port]]

Serves the memory to agents over MCP, with the tools of Graphiti's server: on standard input and
output for one client, or with --http for any number of clients on this machine.

  --group <name>       the memory to use, or "auto" for the memory of the project in the working
                       folder together with the user's own (default: MEMORY_GROUP)
  --http               serve at http://127.0.0.1:<port>/mcp (default: ${USUAL_PORT}; 0: a free port)
  --token-file <file>  file with the bearer token for HTTP clients; created if it does not exist
                       (default: mcp-token in MEMORY_HOME)
  --allow-clear        also offer clear_graph, which forgets a whole memory
  --group-only         refuse calls that name another memory
  --read-only          offer only tools that do not write

Example: memory-manager mcp --group auto`,
  options: {
    http: { type: 'boolean' },
    'token-file': { type: 'string' },
    'allow-clear': { type: 'boolean' },
    'group-only': { type: 'boolean' },
    'read-only': { type: 'boolean' },
  },
  arguments: [0, 1],
  readsAuto: true,
  isServer: true,
  run: async (call) => {
    const port = portOf(call);
    const [allowClear, readOnly] = [call.flag('allow-clear'), call.flag('read-only')];
    if (allowClear && readOnly)
      throw new InvalidInputError(
        '--allow-clear adds a tool that deletes, and --read-only allows none; use only one of them.',
      );
    // Only the protocol may write to standard output.
    console.log = console.info = console.debug = console.error;
    const stop = stopSignal();
    const memory = new MemoryManager({}, { onNotice });
    try {
      const scope = await scopeFor(call, memory.config.group);
      const { mcpServers } = await import('../agents/mcp/server.ts');
      const servers = mcpServers(memory, { ...scope, only: call.flag('group-only'), allowClear, readOnly });
      const longest = longestMessage(memory.config.maxContentBytes);
      if (port === undefined) {
        const { serveOverStdio } = await import('../agents/mcp/stdio.ts');
        await serveOverStdio(servers, longest, stop);
      } else {
        const file = call.text('token-file') ?? join(memory.config.home, 'mcp-token');
        const [{ serveOverHttp }, { readToken }] = await Promise.all([
          import('../agents/mcp/http.ts'),
          import('../agents/mcp/token.ts'),
        ]);
        const { token, isNew } = readToken(file);
        const server = await serveOverHttp(servers, {
          ...{ port, token, longest, allowedHosts: memory.config.allowedHosts },
        });
        console.error(`The memory "${scope.group}" is served at ${server.url}. Ctrl-C stops it.`);
        console.error(isNew ? `Its bearer token is ${token}, kept in ${file}.` : `Its bearer token is in ${file}.`);
        await stop;
        await server.close();
      }
    } finally {
      await memory.close();
    }
    // A hanging call must not keep the process. Without one the process ends on its own, so that a tracer can send its last spans.
    setTimeout(() => process.exit(), LEAVES_WITHIN).unref();
    return 0;
  },
};

function portOf(call: CommandCall): number | undefined {
  const [name] = call.args;
  if (!call.flag('http')) {
    if (name !== undefined)
      throw new InvalidInputError(`mcp takes a port only with --http; see memory-manager mcp --help.`);
    return undefined;
  }
  const port = Number(name ?? USUAL_PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidInputError(`--http takes a port from 0 to 65535, not "${name}".`);
}

/** @throws InvalidInputError for an invalid group name, before any client waits */
async function scopeFor(call: CommandCall, configured: string): Promise<ServerScope> {
  if (call.group !== AUTO_GROUP) return { group: checkGroup(call.group ?? configured) };
  const { group, userGroup } = (await import('./join.ts')).joinedScope();
  return { group, ...(userGroup !== group && { also: userGroup }) };
}

let noticed = { sentence: '', at: 0 };

/** At most once a minute, because clients store these lines. */
function onNotice(sentence: string): void {
  if (sentence === noticed.sentence && Date.now() - noticed.at < MINUTE) return;
  noticed = { sentence, at: Date.now() };
  console.error(sentence);
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      setTimeout(() => process.exit(0), GONE_WITHIN).unref();
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
