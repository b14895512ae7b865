import { type Episode, type Metadata, newEpisode } from '../episode.ts';
import { InvalidInput } from '../errors.ts';
import { inPlace, type ManyOptions } from '../queue/add-many.ts';
import { isSame } from '../queue/kept-episode.ts';
import type { EpisodeReceipt } from '../queue/producer.ts';
import { type Triplet, tripletText } from '../triplet.ts';
import type { StoreOptions } from './options.ts';
import type { Services } from './services.ts';

/** One of many episodes. */
export interface EpisodeInput extends StoreOptions {
  readonly content: string;
  readonly metadata?: Metadata | null;
}

export type TripletOptions = Omit<StoreOptions, 'source'>;

/** Hands an episode to the queue. */
export async function tell(
  services: Services,
  content: string,
  metadata: Metadata | null | undefined,
  options: StoreOptions,
): Promise<EpisodeReceipt> {
  const episode = check(services, { ...options, content, ...(metadata !== undefined && { metadata }) });
  return (await services.producer()).store(episode, options.uuid !== undefined);
}

/** Hands in a fact as an episode of its own: it is as durable as any, and no model reads it. @throws InvalidInput */
export async function tellTriplet(
  services: Services,
  triplet: Triplet,
  metadata: Metadata | null | undefined,
  options: TripletOptions,
): Promise<EpisodeReceipt> {
  return tell(services, tripletText(triplet), metadata, { ...options, source: 'fact_triple' });
}

/** Hands in many episodes, all of which are checked before the first. @throws InvalidInput naming the episode */
export async function tellMany(
  services: Services,
  inputs: readonly EpisodeInput[],
  options: ManyOptions,
): Promise<EpisodeReceipt[]> {
  const given = new Map<string, Episode>();
  const episodes: Episode[] = [];
  for (const [index, input] of inputs.entries()) {
    const episode = await inPlace(index, options.nameOf, () => checkAmong(services, input, given));
    episodes.push(episode);
  }
  if (episodes.length === 0) return [];
  return (await services.producer()).storeMany(episodes, new Set(given.keys()), options);
}

/** @param given the episodes before it that came with a uuid */
function checkAmong(services: Services, input: EpisodeInput, given: Map<string, Episode>): Episode {
  if (input === null || typeof input !== 'object')
    throw new InvalidInput('An episode is an object with content and metadata.');
  const episode = check(services, input);
  if (input.uuid === undefined) return episode;
  const known = given.get(episode.uuid);
  if (known && !isSame(known, episode))
    throw new InvalidInput(`The uuid ${episode.uuid} stands for another episode of the same call; give each its own.`);
  given.set(episode.uuid, known ?? episode);
  return episode;
}

function check(services: Services, { content, metadata, group, ...options }: EpisodeInput): Episode {
  return newEpisode(content, metadata, services.group(group), services.config.maxContentBytes, options);
}
