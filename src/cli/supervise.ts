import { loadConfig } from '../config.ts';
import { supervise } from '../supervisor/supervise.ts';
import { openLog } from '../telemetry/log.ts';
import type { Command } from './command.ts';

export const command: Command = {
  help: `memory-manager supervise

\`memory-manager up\` starts this command in the background: it restarts Valkey, FalkorDB and the
worker when they die, and limits the size of their logs. It gives up on a process that fails
6 times in a row, until the next \`up\`; \`memory-manager status\` shows the reason. It ends when
another supervisor takes its place, or when nothing is left to watch.`,
  options: {},
  arguments: [0, 0],
  isServer: true,
  run: async () => {
    const { home, logLevel } = loadConfig();
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    process.on('SIGINT', stop).on('SIGTERM', stop);
    try {
      await supervise(home, await openLog(logLevel), stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) throw error;
    }
    // A server may still be loading its data; the process that stopped us finds the server by its folder.
    process.exit(0);
  },
};
