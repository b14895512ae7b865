import type { DeadLetter, WholeDeadLetter } from '../../queue/dead-letter.ts';
import { request } from '../../telemetry/request.ts';
import type { ListOptions, QueueOptions } from '../dead-letters.ts';
import { checkInput } from '../input.ts';
import type { Services } from '../services.ts';

/** Jobs that were given up. Errors: `InvalidInput` for an unknown id, `StoreUnreachable`. */
export interface DeadLetters {
  /** The latest first. */
  list(options?: ListOptions): Promise<DeadLetter[]>;
  /** One of them with its payload. */
  show(id: string, options?: QueueOptions): Promise<WholeDeadLetter>;
  /** Brings them back to their queues, each under the same identity, and gives how many. */
  replay(ids: readonly string[] | 'all', options?: QueueOptions): Promise<number>;
  /** Deletes their jobs for good; what was recorded of an episode's text stays in the graph. */
  drop(ids: readonly string[] | 'all', options?: QueueOptions): Promise<number>;
}

const work = () => import('../dead-letters.ts');

export function openDeadLetters(services: Services): DeadLetters {
  return {
    list: (options = {}) =>
      request('dead_letters', async () => (await work()).listDeadLetters(services, checkInput('deadLetters', options))),
    show: (id, options = {}) =>
      request('show_dead_letter', async () =>
        (await work()).showDeadLetter(services, id, checkInput('queue', options)),
      ),
    replay: (ids, options = {}) =>
      request('replay_dead_letters', async () =>
        (await work()).replayDeadLetters(services, ids, checkInput('queue', options)),
      ),
    drop: (ids, options = {}) =>
      request('drop_dead_letters', async () =>
        (await work()).dropDeadLetters(services, ids, checkInput('queue', options)),
      ),
  };
}
