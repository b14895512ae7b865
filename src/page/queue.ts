import type { PageContext } from './handlers.ts';
import { jobsOf } from './now.ts';
import { OPERATION_LIMITS } from './operation-shapes.ts';
import type { CallInput, Jobs } from './schemas.ts';

export async function readDeadLetters({ memory }: PageContext, { limit }: CallInput<'deadLetters'>) {
  const [store, exports] = await Promise.all([memory.getJobCounts('store'), memory.getJobCounts('export')]);
  // The list is read after the counts, so that a job that fails in between is not missed.
  const letters = await memory.deadLetters.list({ limit: limit + 1 });
  const isCut = letters.length > limit;
  const counted = (queue: 'store' | 'export', counts: Jobs): Jobs => ({
    ...jobsOf(counts),
    // Table and list must show the same number even if a job fails between the two reads.
    ...(!isCut && { failed: letters.filter((letter) => letter.queue === queue).length }),
  });
  return {
    store: counted('store', store),
    export: counted('export', exports),
    letters: letters.slice(0, limit).map(({ traceId: _, ...letter }) => letter),
    isCut,
  };
}

export async function readWaitingJobs({ memory }: PageContext) {
  const most = OPERATION_LIMITS.waitingJobs;
  const jobs = await memory.getWaitingJobs({ limit: most + 1 });
  const order = (job: (typeof jobs)[number]) => STATES.indexOf(job.state);
  return { jobs: jobs.toSorted((a, b) => order(a) - order(b)).slice(0, most), isCut: jobs.length > most };
}

const STATES = ['active', 'waiting', 'delayed'] as const;

/** @throws InvalidInputError when it does not exist */
export async function readDeadLetter({ memory }: PageContext, { id, queue }: CallInput<'deadLetter'>) {
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

export const replayLetters = async ({ memory, lastHour }: PageContext) => {
  const jobs = await memory.deadLetters.replay('all');
  lastHour.outdate();
  return { jobs };
};

export const replayLetter = async ({ memory, lastHour }: PageContext, { id, queue }: CallInput<'replay'>) => {
  const jobs = await memory.deadLetters.replay([id], { queue });
  lastHour.outdate();
  return { jobs };
};

export const dropLetter = async ({ memory, lastHour }: PageContext, { id, queue }: CallInput<'drop'>) => {
  const jobs = await memory.deadLetters.drop([id], { queue });
  lastHour.outdate();
  return { jobs };
};
