import { startWorkers, WORKER_ROLES, type WorkerRole } from '../../workers/main.ts';
import { loadConfig, modelChoiceReason } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import { loadEmbedder } from '../models/providers.ts';
import { loadOntology } from '../ontology/load.ts';
import { NO_ONTOLOGY } from '../ontology.ts';
import { openLog } from '../telemetry/log.ts';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import { serveWorkerSocket } from '../worker-socket/serve.ts';
import type { Command } from './command.ts';
import { TRUST_HELP, TRUST_OPTIONS, trustedOntologyFile } from './startup/trusted-config.ts';
import { openWorkerAnswers } from './worker-answers.ts';

const CLOSES_WITHIN = 1 * SECOND;
const LEAVES_WITHIN = 1 * SECOND;
/** Limit for any kind of end: process managers kill a worker after ten seconds. */
const GONE_WITHIN = 9 * SECOND;

export const command: Command = {
  help: `memory-manager worker

Runs jobs from the queue until it is stopped with Ctrl-C or SIGTERM. Jobs in progress then have a
few seconds to finish. The log goes to stderr, as JSON lines unless stderr is a terminal. /health
and /metrics are served at MEMORY_HEALTH_HOST and MEMORY_HEALTH_PORT. Queries and hooks of this
MEMORY_HOME are answered on a Unix socket.

  --roles <list>     one or more of store, export, scheduler (default: all)
  --concurrency <n>  episodes read in parallel (default: MEMORY_CONCURRENCY)
${TRUST_HELP}

Example: MEMORY_MODELS=local memory-manager worker`,
  options: { roles: { type: 'string' }, concurrency: { type: 'string' }, ...TRUST_OPTIONS },
  unknownSettings: 'all',
  arguments: [0, 0],
  isServer: true,
  run: async (call) => {
    const roles = checkRoles(call.text('roles'));
    const concurrency = call.number('concurrency', 1, 1000);
    const config = { ...loadConfig(), ...(concurrency && { concurrency }) };
    const types = await trustedOntologyFile('worker', call, config);
    const stop = stopSignal();
    const log = await openLog(config.logLevel);
    const ontology = types === undefined ? NO_ONTOLOGY : await loadOntology(types);
    const embedder = await loadEmbedder(config);
    const running = await startWorkers(config, roles, { ontology, embedder, onNotice: log.warn }).catch(
      async (error: unknown) => {
        await embedder.close();
        throw error;
      },
    );
    const { answers, close } = openWorkerAnswers(config, embedder);
    const socket = serveWorkerSocket(config.home, answers);
    log.info(
      `Worker ${process.pid} is ready (${roles.join(', ')}; ${config.models} models, because ${modelChoiceReason()}). Ctrl-C stops it.`,
    );
    await stop;
    socket.close();
    await Promise.all([running.close(), withTimeout(CLOSES_WITHIN, close(), () => undefined)]);
    await withTimeout(CLOSES_WITHIN, Promise.resolve(embedder.close()), () => undefined);
    // Only a job that did not finish in time keeps the process alive now. Without one it ends without `process.exit()`, with
    // which a tracer would lose its last spans.
    setTimeout(() => process.exit(), LEAVES_WITHIN).unref();
    return 0;
  },
};

function checkRoles(list: string | undefined): readonly WorkerRole[] {
  if (list === undefined) return WORKER_ROLES;
  return list.split(',').map((name) => {
    const role = WORKER_ROLES.find((candidate) => candidate === name.trim());
    if (!role) throw new InvalidInputError(`--roles takes ${WORKER_ROLES.join(', ')}, not "${name}".`);
    return role;
  });
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const stop = () => {
      signals += 1;
      // A second signal means: do not wait. Another worker then takes over the running jobs.
      if (signals > 1) process.exit(1);
      setTimeout(() => process.exit(0), GONE_WITHIN).unref();
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
