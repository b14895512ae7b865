import { loadConfig } from '../config.ts';
import type { Command } from './command.ts';
import { readNote, removeNote, stop } from './running.ts';

export const command: Command = {
  help: `memory-manager down

Stops what \`memory-manager up\` started: the worker first, which ends its jobs, then the servers.
The data stay in MEMORY_HOME.

  --json  {"stopped": true | false}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const { home } = loadConfig();
    const running = await readNote(home);
    if (running) {
      await stop(running);
      await removeNote(home);
    }
    const stopped = running !== undefined;
    const sentence = stopped ? `Stopped. The data stay in ${home}.` : 'Nothing was running.';
    console.log(call.json ? JSON.stringify({ stopped }) : sentence);
    return 0;
  },
};
