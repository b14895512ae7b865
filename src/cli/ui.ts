import { spawn } from 'node:child_process';
import { programVersion } from '../archive/manifest.ts';
import type { Config } from '../config.ts';
import { checkGroup } from '../group.ts';
import { MemoryManager } from '../memory.ts';
import { openMovedServers } from '../page/moved-servers.ts';
import { servePage } from '../page/serve.ts';
import type { Command } from './command.ts';

const USUAL_PORT = 7411;

export const command: Command = {
  help: `memory-manager ui

Serves a page about the memory on this machine, and prints its address. Ctrl-C stops it. The address
contains a token that is made at each start: anyone on this machine who has the address can use
the page.

  --open          also open the page in the browser
  --port <port>   the port (default: ${USUAL_PORT}; 0: a free port)
  --read-only     the page changes nothing: it cannot forget, erase, pin, replay, drop, export
                  or test an archive
  --group <name>  the memory that the page shows first, or "auto" (default: MEMORY_GROUP)
  --json          {"url"}`,
  options: { open: { type: 'boolean' }, port: { type: 'string' }, 'read-only': { type: 'boolean' } },
  arguments: [0, 0],
  run: async (call) => {
    const group = call.group === undefined ? {} : { group: checkGroup(call.group) };
    const stop = stopSignal();
    const open = (config: Partial<Config>) => new MemoryManager(config, { onNotice: () => {} });
    const memory = open(group);
    try {
      const server = await servePage(memory, {
        port: call.number('port', 0, 65_535) ?? USUAL_PORT,
        isReadOnly: call.flag('read-only'),
        version: programVersion(),
        allowedHosts: memory.config.allowedHosts,
        findMoved: openMovedServers(memory.config, open),
      });
      if (call.json) console.log(JSON.stringify({ url: server.url }));
      else console.log(`The memory "${memory.config.group}" is shown at ${server.url}\nCtrl-C stops the page.`);
      if (call.flag('open')) openInBrowser(server.url);
      await stop;
      await server.close();
    } finally {
      await memory.close();
    }
    return 0;
  },
};

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });

/** The address is printed, so that a machine without a browser loses nothing. */
function openInBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => console.error(`No browser could be opened; open the address yourself.`)).unref();
}
