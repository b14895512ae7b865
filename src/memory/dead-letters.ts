import type { Config } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import { checkList } from '../input-shapes.ts';
import type { DeadLetter, DeadLetterDetails, DeadLetterStore } from '../queue/dead-letters.ts';
import type { QueueName } from '../queue/producer.ts';
import { traceRequest } from '../telemetry/tracing.ts';
import { checkInput } from './check-input.ts';
import type { Services } from './services.ts';

/** Dead letters. Errors: `InvalidInputError` for an unknown id, `StoreUnreachableError`. */
export interface DeadLetters {
  /** The latest first. */
  list(options?: DeadLetterListOptions): Promise<DeadLetter[]>;
  /** One of them with its payload. */
  get(id: string, options?: QueueOptions): Promise<DeadLetterDetails>;
  /** Puts jobs back into their queues with the same ids, and returns how many. */
  replay(ids: readonly string[] | 'all', options?: QueueOptions): Promise<number>;
  /** Deletes jobs permanently; the recorded text of an episode stays in the graph. */
  drop(ids: readonly string[] | 'all', options?: QueueOptions): Promise<number>;
}

export function openDeadLetters(services: Services): DeadLetters {
  return {
    list: (options = {}) =>
      traceRequest('dead_letters', async () => listDeadLetters(services, checkInput('deadLetters', options))),
    get: (id, options = {}) =>
      traceRequest('show_dead_letter', async () => showDeadLetter(services, id, checkInput('queue', options))),
    replay: (ids, options = {}) =>
      traceRequest('replay_dead_letters', async () => replayDeadLetters(services, ids, checkInput('queue', options))),
    drop: (ids, options = {}) =>
      traceRequest('drop_dead_letters', async () => dropDeadLetters(services, ids, checkInput('queue', options))),
  };
}

export interface QueueOptions {
  /** Default: both. */
  readonly queue?: QueueName;
}

export interface DeadLetterListOptions extends QueueOptions {
  /** Default 20, at most 1,000. */
  readonly limit?: number;
  /** How many of the newest to skip. */
  readonly skip?: number;
}

const QUEUES: readonly QueueName[] = ['store', 'export'];
const MOST = 1000;

export function listDeadLetters(
  { config }: Services,
  { limit = 20, skip = 0, queue }: DeadLetterListOptions,
): Promise<DeadLetter[]> {
  const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!isCount(limit, 1) || limit > MOST || !isCount(skip, 0))
    throw new InvalidInputError(`The limit of dead letters must be 1 to ${MOST}, and the number to skip 0 or more.`);
  return withDeadLetters(config, (letters) => letters.list(queuesOf(queue), limit, skip));
}

export function showDeadLetter({ config }: Services, id: string, { queue }: QueueOptions): Promise<DeadLetterDetails> {
  return withDeadLetters(config, (letters) => letters.show(queuesOf(queue), checkId(id)));
}

export function replayDeadLetters(
  { config }: Services,
  ids: readonly string[] | 'all',
  { queue }: QueueOptions,
): Promise<number> {
  return withDeadLetters(config, (letters) => letters.replay(queuesOf(queue), checkIds(ids)));
}

export function dropDeadLetters(
  { config }: Services,
  ids: readonly string[] | 'all',
  { queue }: QueueOptions,
): Promise<number> {
  return withDeadLetters(config, (letters) => letters.drop(queuesOf(queue), checkIds(ids)));
}

async function withDeadLetters<T>(config: Config, work: (letters: DeadLetterStore) => Promise<T>): Promise<T> {
  const { openDeadLetterStore: openJobs } = await import('../queue/dead-letters.ts');
  const letters = openJobs(config);
  try {
    return await work(letters);
  } finally {
    await letters.close();
  }
}

function queuesOf(queue: QueueName | undefined): readonly QueueName[] {
  if (queue === undefined) return QUEUES;
  if (QUEUES.includes(queue)) return [queue];
  throw new InvalidInputError('The queue must be store or export.');
}

function checkIds(ids: readonly string[] | 'all'): readonly string[] | 'all' {
  return ids === 'all' ? ids : checkList(ids, 'The ids').map(checkId);
}

function checkId(id: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidInputError('A dead letter is named by its id; `memory-manager dead-letter list` shows it.');
}
