import type { PageContext } from './handlers.ts';
import { jobsOf } from './now.ts';
import { OPERATION_LIMITS } from './operation-shapes.ts';
import type { Checked } from './schemas.ts';

export async function readDeadLetters({ memory }: PageContext, { limit }: Checked<'deadLetters'>) {
  const [store, exports, letters, lastFailure] = await Promise.all([
    memory.getJobCounts('store'),
    memory.getJobCounts('export'),
    memory.deadLetters.list({ limit }),
    memory.getLastFailure('store'),
  ]);
  return {
    store: jobsOf(store),
    export: jobsOf(exports),
    letters: letters.map(({ traceId: _, ...letter }) => letter),
    isCut: store.failed + exports.failed > letters.length,
    lastFailure: lastFailure ?? null,
  };
}

/** @throws InvalidInputError when there is none */
export async function readDeadLetter({ memory }: PageContext, { id, queue }: Checked<'deadLetter'>) {
  const { payload, details, traceId, ...letter } = await memory.deadLetters.get(id, { queue });
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2);
  return {
    letter,
    payload: text.slice(0, OPERATION_LIMITS.payload),
    isCut: text.length > OPERATION_LIMITS.payload,
    details: details.slice(-OPERATION_LIMITS.details).map((detail) => detail.slice(0, OPERATION_LIMITS.detail)),
    traceId,
  };
}

export const replayLetters = async ({ memory }: PageContext) => ({ jobs: await memory.deadLetters.replay('all') });

export const replayLetter = async ({ memory }: PageContext, { id, queue }: Checked<'replay'>) => ({
  jobs: await memory.deadLetters.replay([id], { queue }),
});

export const dropLetter = async ({ memory }: PageContext, { id, queue }: Checked<'drop'>) => ({
  jobs: await memory.deadLetters.drop([id], { queue }),
});
