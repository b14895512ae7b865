import { ROLES, type Role, startWorkers } from '../../workers/main.ts';
import { loadConfig } from '../config.ts';
import { InvalidInput } from '../errors.ts';
import type { Command } from './command.ts';

export const command: Command = {
  help: `memory-manager worker

Takes jobs from the queue until it is stopped (Ctrl-C or SIGTERM); the jobs under way end first.

  --roles <list>     store, export or both (default: store,export)
  --concurrency <n>  episodes read at once (default: MEMORY_CONCURRENCY)

Example: MEMORY_MODELS=local memory-manager worker`,
  options: { roles: { type: 'string' }, concurrency: { type: 'string' } },
  arguments: [0, 0],
  run: async (call) => {
    const roles = checkRoles(call.text('roles'));
    const concurrency = call.number('concurrency', 1, 1000);
    const config = { ...loadConfig(), ...(concurrency && { concurrency }) };
    const stop = stopSignal();
    const running = await startWorkers(config, roles, {
      onNotice: (sentence) => console.error(`${new Date().toISOString()} ${sentence}`),
    });
    console.error(`Worker ${process.pid} is ready (${roles.join(', ')}; ${config.models} models). Ctrl-C stops it.`);
    await stop;
    await running.close();
    // A job that did not end in time is left and must not keep the process.
    return process.exit(0);
  },
};

function checkRoles(list: string | undefined): readonly Role[] {
  if (list === undefined) return ROLES;
  return list.split(',').map((name) => {
    const role = ROLES.find((known) => known === name.trim());
    if (!role) throw new InvalidInput(`--roles takes ${ROLES.join(' and ')}, not "${name}".`);
    return role;
  });
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve();
        // Whoever asks twice does not want to wait; the jobs under way are then taken over by another worker.
        process.once(signal, () => process.exit(1));
      });
    }
  });
}
