import { InvalidInputError } from '../errors.ts';
import { checkList } from '../input-shapes.ts';
import type { DeadLetter, DeadLetterDetails, DeadLetterStore } from '../queue/dead-letters.ts';
import type { QueueName } from '../queue/jobs.ts';
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

export async function listDeadLetters(
  services: Services,
  { limit = 20, skip = 0, queue }: DeadLetterListOptions,
): Promise<DeadLetter[]> {
  const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!isCount(limit, 1) || limit > MOST || !isCount(skip, 0))
    throw new InvalidInputError(`The limit of dead letters must be 1 to ${MOST}, and the number to skip 0 or more.`);
  return (await openStore(services)).list(queuesOf(queue), limit, skip);
}

export async function showDeadLetter(
  services: Services,
  id: string,
  { queue }: QueueOptions,
): Promise<DeadLetterDetails> {
  const [queues, checked] = [queuesOf(queue), checkId(id)];
  return (await openStore(services)).show(queues, checked);
}

export async function replayDeadLetters(
  services: Services,
  ids: readonly string[] | 'all',
  { queue }: QueueOptions,
): Promise<number> {
  const [queues, checked] = [queuesOf(queue), checkIds(ids)];
  return (await openStore(services)).replay(queues, checked);
}

export async function dropDeadLetters(
  services: Services,
  ids: readonly string[] | 'all',
  { queue }: QueueOptions,
): Promise<number> {
  const [queues, checked] = [queuesOf(queue), checkIds(ids)];
  return (await openStore(services)).drop(queues, checked);
}

async function openStore(services: Services): Promise<DeadLetterStore> {
  const { openDeadLetterStore } = await import('../queue/dead-letters.ts');
  return openDeadLetterStore(await services.queues());
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
