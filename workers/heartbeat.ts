import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../src/config.ts';
import { BEAT, noteAlive, noteGone, type WorkerNote } from '../src/queue/alive.ts';
import type { VitalSigns } from '../src/telemetry/vital-signs.ts';
import { established, impatientConnection } from '../src/valkey/connections.ts';
import { regularly } from './regularly.ts';

/** Who this worker is. */
export type Identity = Pick<WorkerNote, 'id' | 'pid' | 'host' | 'roles' | 'started'>;

export interface Heartbeat {
  /** Says that it takes no more jobs. Never throws. */
  closing(): Promise<void>;
  /** Takes the worker off the list. Never throws. */
  stop(): Promise<void>;
}

export function newIdentity(roles: readonly string[]): Identity {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    roles: [...roles],
    started: new Date().toISOString(),
  };
}

/** Tells Valkey every five seconds that this worker lives and what it noticed. While Valkey is away a beat is left out. */
export function startHeartbeat(
  config: Config,
  identity: Identity,
  signs: VitalSigns,
  health: string | null,
): Heartbeat {
  // One of its own that gives up soon: behind a blocking read, or queued for later, a beat would tell of another time.
  const connection = impatientConnection(config.valkey);
  let state: WorkerNote['state'] = 'working';

  async function beat(): Promise<void> {
    await established(connection, config.valkey);
    const { models, lastCommit } = signs.read();
    const worker: WorkerNote = { ...identity, state, health, models: { ...models } };
    await noteAlive(connection, config.queuePrefix, worker, lastCommit === null ? null : Date.now() - lastCommit);
  }
  const beats = regularly(BEAT, beat);

  return {
    async closing() {
      state = 'closing';
      await beat().catch(() => {});
    },
    async stop() {
      await beats.end();
      // The last commits may be younger than the last beat.
      await beat().catch(() => {});
      await noteGone(connection, config.queuePrefix, identity.id).catch(() => {});
      connection.disconnect();
    },
  };
}
