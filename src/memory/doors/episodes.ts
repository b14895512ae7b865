import { checkList } from '../../strict.ts';
import { request } from '../../telemetry/request.ts';
import type { EpisodeState, LatestEpisode, LatestOptions, Learnt } from '../ask-episodes.ts';
import { checkInput } from '../input.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import type { TaskOptions } from '../upkeep.ts';

/** What was handed in, and what came of it. Errors: `InvalidInput`, `StoreUnreachable`. */
export interface Episodes {
  /** Those of latest reference time, the latest first. */
  latest(options?: LatestOptions): Promise<LatestEpisode[]>;
  /** The entities that some episodes, by uuid, speak of, and the facts that they state. */
  learnt(uuids: readonly string[], options?: GroupOptions): Promise<Learnt>;
  /** How far an episode is, by the uuid of its receipt. */
  state(uuid: string, options?: GroupOptions): Promise<EpisodeState>;
  /** Lets a worker note that the user has confirmed a rule, by uuid or name, so that agents are told of it. @throws NoWorker */
  confirm(uuidOrName: string, options?: TaskOptions): Promise<string>;
}

const asks = () => import('../ask-episodes.ts');

export function openEpisodes(services: Services): Episodes {
  return {
    latest: (options = {}) =>
      request('episodes', async () => (await asks()).askForLatest(services, checkInput('latest', options))),
    learnt: (uuids, options = {}) =>
      request('learnt', async () =>
        (await asks()).askForLearnt(services, checkList(uuids, 'The uuids'), checkInput('group', options)),
      ),
    state: (uuid, options = {}) =>
      request('episode_state', async () => (await asks()).askForState(services, uuid, checkInput('group', options))),
    confirm: (uuidOrName, options = {}) =>
      request('confirm', async () =>
        (await import('../confirm.ts')).confirmRule(services, uuidOrName, checkInput('task', options)),
      ),
  };
}
