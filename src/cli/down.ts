import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { withHomeLock } from '../supervisor/home-lock.ts';
import { findProcesses, removeRunningFile, stopProcesses, stopSupervisor } from '../supervisor/processes.ts';
import type { Command } from './command.ts';

export const command: Command = {
  help: `memory-manager down

Stops the worker and the servers that \`memory-manager up\` started. The worker finishes its jobs
first. Your data is kept in MEMORY_HOME.

  --json  {"stopped": true | false}`,
  options: {},
  arguments: [0, 0],
  run: async (call) => {
    const { home } = loadConfig();
    const stopped = existsSync(home) && (await stopAll(home));
    const sentence = stopped ? `Stopped. Your data is kept in ${home}.` : 'Nothing was running.';
    console.log(call.json ? JSON.stringify({ stopped }) : sentence);
    return 0;
  },
};

/** False when nothing was running. */
async function stopAll(home: string): Promise<boolean> {
  // The supervisor may hold the lock for minutes, while a server loads its data.
  const wasWatched = await stopSupervisor(home, await findProcesses(home));
  return withHomeLock(home, async () => {
    const stopped = await stopProcesses(home, await findProcesses(home));
    await removeRunningFile(home);
    return stopped || wasWatched;
  });
}
