import { request } from '../../telemetry/request.ts';
import type { ToldSaga } from '../../upkeep/saga.ts';
import { checkInput } from '../input.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import { listSagas, type Saga, type SagaOverview, showSaga, summarizeSaga, type TaskOptions } from '../upkeep.ts';

/** Chains of episodes, such as a session. Errors: `InvalidInput` when there is none of that name. */
export interface Sagas {
  /** All, the one that went on last first. */
  list(options?: GroupOptions): Promise<SagaOverview[]>;
  /** One with its episodes. */
  show(name: string, options?: GroupOptions): Promise<Saga>;
  /** Lets a worker bring its summary up to date. @throws NoWorker */
  summarize(name: string, options?: TaskOptions): Promise<ToldSaga>;
}

export function openSagas(services: Services): Sagas {
  return {
    list: (options = {}) => request('sagas', async () => listSagas(services, checkInput('group', options))),
    show: (name, options = {}) => request('saga', async () => showSaga(services, name, checkInput('group', options))),
    summarize: (name, options = {}) =>
      request('summarize_saga', async () => summarizeSaga(services, name, checkInput('task', options))),
  };
}
