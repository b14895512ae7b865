import { loadConfig } from '../config.ts';
import { SECOND } from '../time.ts';
import type { Command } from './command.ts';
import { end, readNote, removeNote } from './running.ts';

export const command: Command = {
  help: `memory-manager down

Stops what \`memory-manager up\` started: the worker first, which ends its jobs, then the servers. The data stay in MEMORY_HOME.

  --json  {"stopped": true | false}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const { home } = loadConfig();
    const running = await readNote(home);
    if (running) {
      const { worker, valkey, falkordb } = running.pids;
      await end(worker, 12 * SECOND);
      await Promise.all([end(valkey, 10 * SECOND), end(falkordb, 10 * SECOND)]);
      await removeNote(home);
    }
    const stopped = running !== undefined;
    const sentence = stopped ? `Stopped. The data stay in ${home}.` : 'Nothing was running.';
    console.log(call.json ? JSON.stringify({ stopped }) : sentence);
    return 0;
  },
};
