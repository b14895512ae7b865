import type { Config } from '../config.ts';
import { InvalidInput } from '../errors.ts';
import type { DeadLetter, DeadLetters, WholeDeadLetter } from '../queue/dead-letter.ts';
import type { QueueName } from '../queue/producer.ts';
import { checkList } from '../strict.ts';
import type { Services } from './services.ts';

export interface QueueOptions {
  /** Default: both. */
  readonly queue?: QueueName;
}

export interface ListOptions extends QueueOptions {
  /** Default 20, at most 1,000. */
  readonly limit?: number;
  /** How many of the latest are passed over. */
  readonly skip?: number;
}

const QUEUES: readonly QueueName[] = ['store', 'export'];
const MOST = 1000;

export function listDeadLetters(
  { config }: Services,
  { limit = 20, skip = 0, queue }: ListOptions,
): Promise<DeadLetter[]> {
  const isCount = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!isCount(limit, 1) || limit > MOST || !isCount(skip, 0))
    throw new InvalidInput(`Of dead letters 1 to ${MOST} are shown at once, after as many as you say.`);
  return withDeadLetters(config, (letters) => letters.list(queuesOf(queue), limit, skip));
}

export function showDeadLetter({ config }: Services, id: string, { queue }: QueueOptions): Promise<WholeDeadLetter> {
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

async function withDeadLetters<T>(config: Config, work: (letters: DeadLetters) => Promise<T>): Promise<T> {
  const { openDeadLetters } = await import('../queue/dead-letter.ts');
  const letters = openDeadLetters(config);
  try {
    return await work(letters);
  } finally {
    await letters.close();
  }
}

function queuesOf(queue: QueueName | undefined): readonly QueueName[] {
  if (queue === undefined) return QUEUES;
  if (QUEUES.includes(queue)) return [queue];
  throw new InvalidInput('The queue must be store or export.');
}

function checkIds(ids: readonly string[] | 'all'): readonly string[] | 'all' {
  return ids === 'all' ? ids : checkList(ids, 'The ids').map(checkId);
}

function checkId(id: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidInput('A dead letter is named by its id; `memory-manager dead-letter list` shows it.');
}
