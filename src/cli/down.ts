import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import type { Command } from './command.ts';
import { withHomeLock } from './lock.ts';
import { readNote, removeNote, serversByFolder, stop } from './running.ts';

export const command: Command = {
  help: `memory-manager down

Stops the worker and the servers that \`memory-manager up\` started. The worker finishes its jobs
first. The data stay in MEMORY_HOME.

  --json  {"stopped": true | false}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const { home } = loadConfig();
    const stopped = existsSync(home) && (await withHomeLock(home, () => stopAll(home)));
    const sentence = stopped ? `Stopped. The data stay in ${home}.` : 'Nothing was running.';
    console.log(call.json ? JSON.stringify({ stopped }) : sentence);
    return 0;
  },
};

/** False when nothing was running. */
async function stopAll(home: string): Promise<boolean> {
  const stopped = await stop(home, readNote(home) ?? (await serversByFolder(home)));
  await removeNote(home);
  return stopped;
}
