import type { Config } from '../src/config.ts';
import { SECOND } from '../src/time.ts';
import { checkWritable } from '../src/valkey/check-writable.ts';
import type { StoreKind } from '../src/valkey/failures.ts';
import { withTimeout } from '../src/with-timeout.ts';

/** Whether both stores accept writes, with a sentence for each store that does not. */
export interface Readiness {
  readonly isReady: boolean;
  readonly message: string;
}

const ANSWERS_WITHIN = 2 * SECOND;

/** Asks both servers for their role, and whether they would accept a write. Nothing is written. Never throws. */
export async function measureReadiness({
  valkey,
  falkordb,
  queuePrefix,
}: Pick<Config, 'valkey' | 'falkordb' | 'queuePrefix'>): Promise<Readiness> {
  const reasons = await Promise.all([
    reasonOf('Valkey', checkWritable('Valkey', valkey, queuePrefix)),
    reasonOf('FalkorDB', checkWritable('FalkorDB', falkordb, queuePrefix)),
  ]);
  const refusals = reasons.filter((reason) => reason !== undefined);
  return {
    isReady: refusals.length === 0,
    message: refusals.length === 0 ? 'Valkey and FalkorDB accept writes.' : refusals.join(' '),
  };
}

async function reasonOf(store: StoreKind, check: Promise<void>): Promise<string | undefined> {
  try {
    await withTimeout(ANSWERS_WITHIN, check, () => {
      throw new Error(`${store} did not answer within ${ANSWERS_WITHIN / SECOND} s.`);
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
