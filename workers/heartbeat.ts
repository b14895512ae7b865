import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { programVersion } from '../src/archive/manifest.ts';
import type { Config } from '../src/config.ts';
import { HEARTBEAT_INTERVAL, recordHeartbeat, removeWorker, type WorkerNote } from '../src/queue/heartbeats.ts';
import type { VitalSigns } from '../src/telemetry/vital-signs.ts';
import { ensureConnected, failFastConnection } from '../src/valkey/connections.ts';
import { runPeriodically } from './run-periodically.ts';

/** The identity of this worker. */
export type WorkerIdentity = Pick<WorkerNote, 'id' | 'pid' | 'host' | 'roles' | 'started' | 'version' | 'embedder'>;

/** As `/health` shows it: with the names of `WorkerStatus`. */
export const publicIdentity = ({ started, embedder: _, ...rest }: WorkerIdentity) => ({ ...rest, startedAt: started });

export interface Heartbeat {
  /** Reports that the worker takes no more jobs. Never throws. */
  closing(): Promise<void>;
  /** Removes the worker from the list. Never throws. */
  stop(): Promise<void>;
}

/** @param embedder that of a worker that reads texts */
export function newIdentity(roles: readonly string[], embedder?: WorkerNote['embedder']): WorkerIdentity {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    roles: [...roles],
    started: new Date().toISOString(),
    version: programVersion(),
    ...(embedder && { embedder: { model: embedder.model, dimension: embedder.dimension } }),
  };
}

/** Reports to Valkey every five seconds that this worker is alive, with its observations. While Valkey is down a beat is left out. */
export function startHeartbeat(
  config: Config,
  identity: WorkerIdentity,
  signs: VitalSigns,
  health: string | null,
): Heartbeat {
  // A separate connection that gives up soon: behind a blocking read, or queued for later, a beat would report an outdated state.
  const connection = failFastConnection(config.valkey);
  let state: WorkerNote['state'] = 'working';

  async function beat(): Promise<void> {
    await ensureConnected(connection, config.valkey);
    const { models, lastCommit } = signs.read();
    const worker: WorkerNote = { ...identity, state, health, models: { ...models } };
    await recordHeartbeat(connection, config.queuePrefix, worker, lastCommit === null ? null : Date.now() - lastCommit);
  }
  const beats = runPeriodically(HEARTBEAT_INTERVAL, beat);

  return {
    async closing() {
      state = 'closing';
      await beat().catch(() => {});
    },
    async stop() {
      await beats.end();
      // The last commits may be younger than the last beat.
      await beat().catch(() => {});
      await removeWorker(connection, config.queuePrefix, identity.id).catch(() => {});
      connection.disconnect();
    },
  };
}
