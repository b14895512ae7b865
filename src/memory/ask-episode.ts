import type { Metadata } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import type { WholeEpisodeRow } from '../graph/queries/episodes.ts';
import type { TokenUse } from '../models/language-model.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';
import { episodeUuid } from './upkeep.ts';

/** An episode with the facts that it states or ended, and what reading it cost. */
export interface WholeEpisode extends Omit<WholeEpisodeRow, 'metadata' | 'use'> {
  readonly metadata: Metadata | null;
  /** Every call; of one that served several episodes together, how many. */
  readonly use: readonly (TokenUse & { readonly episodes?: number })[];
}

/** @throws InvalidInput when there is no such episode, or more than one of that name */
export async function askForEpisode(
  services: Services,
  uuidOrName: string,
  options: GroupOptions,
): Promise<WholeEpisode> {
  const uuid = await episodeUuid(services, uuidOrName, options);
  const { readWholeEpisode } = await import('../graph/queries/episodes.ts');
  const row = await readWholeEpisode((await services.graphs()).group(services.group(options.group)), uuid);
  if (!row) throw new InvalidInput(`The episode ${uuid} was removed just now.`);
  const { metadata, use, ...rest } = row;
  return { ...rest, metadata: metadata ? JSON.parse(metadata) : null, use: use ? JSON.parse(use) : [] };
}
