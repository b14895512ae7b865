import { request } from '../../telemetry/request.ts';
import type { BuiltCommunities } from '../../upkeep/communities.ts';
import { checkInput } from '../input.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import { type Community, listCommunities, runTask, type TaskOptions } from '../upkeep.ts';

/** Entities that have more to do with each other than with the rest. */
export interface Communities {
  /** Those that were built last, those with most members first. */
  list(options?: GroupOptions): Promise<Community[]>;
  /** Lets a worker find them anew and tell each in few sentences. @throws NoWorker */
  build(options?: TaskOptions): Promise<BuiltCommunities>;
}

export function openCommunities(services: Services): Communities {
  return {
    list: (options = {}) => request('communities', async () => listCommunities(services, checkInput('group', options))),
    build: (options = {}) =>
      request('build_communities', async () => runTask(services, { kind: 'communities' }, checkInput('task', options))),
  };
}
