import { isKeyUuid } from '../derived-uuid.ts';
import { type Episode, isNamed, type Metadata, newEpisode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { inPlace } from '../queue/add-many.ts';
import { isSame } from '../queue/kept-episode.ts';
import type { EpisodeReceipt, Producer } from '../queue/producer.ts';
import { SECOND } from '../time.ts';
import { type Triplet, tripletText } from '../triplet.ts';
import { checkInput } from './input.ts';
import type { EpisodeInput, StoreOptions, TellManyOptions, TripletOptions } from './options.ts';
import type { Services } from './services.ts';

/** Hands an episode to the queue. */
export async function tell(
  services: Services,
  content: string,
  metadata: Metadata | null | undefined,
  options: StoreOptions,
): Promise<EpisodeReceipt> {
  const episode = check(services, { ...options, content, ...(metadata !== undefined && { metadata }) });
  const isGiven = isNamed(options);
  if (options.spool) return (await services.spooling()).tell(episode, isGiven);
  const producer = await services.producer();
  const receipt = await producer.store(episode, isGiven);
  drainLater(services, producer);
  return receipt;
}

/** Hands in a fact as an episode of its own: it is as durable as any, and no model reads it. @throws InvalidInputError */
export async function tellTriplet(
  services: Services,
  triplet: Triplet,
  metadata: Metadata | null | undefined,
  options: TripletOptions,
): Promise<EpisodeReceipt> {
  return tell(services, tripletText(triplet), metadata, { ...options, source: 'fact_triple' });
}

/** Hands in many episodes, all of which are checked before the first. @throws InvalidInputError naming the episode */
export async function tellMany(
  services: Services,
  inputs: readonly EpisodeInput[],
  options: TellManyOptions,
): Promise<EpisodeReceipt[]> {
  const given = new Map<string, Episode>();
  const episodes: Episode[] = [];
  for (const [index, input] of inputs.entries()) {
    const episode = await inPlace(index, options.nameOf, () => checkAmong(services, input, given));
    episodes.push(episode);
  }
  if (episodes.length === 0) return [];
  const uuids = new Set(given.keys());
  if (options.spool) return (await services.spooling()).tellMany(episodes, uuids, options);
  const producer = await services.producer();
  const receipts = await producer.storeMany(episodes, uuids, options);
  drainLater(services, producer);
  return receipts;
}

const LOOKED_EVERY = 2 * SECOND;
const lookedAt = new WeakMap<Services, number>();

/** Valkey answers: what an earlier caller left on disk can go to it, in the background. */
function drainLater(services: Services, producer: Producer): void {
  const now = performance.now();
  if (now - (lookedAt.get(services) ?? Number.NEGATIVE_INFINITY) < LOOKED_EVERY) return;
  lookedAt.set(services, now);
  services.spooling().then(
    (spooling) => spooling.wake(producer),
    () => {},
  );
}

/** @param given the episodes before it that came with a uuid or a key */
function checkAmong(services: Services, input: EpisodeInput, given: Map<string, Episode>): Episode {
  const episode = check(services, checkInput('episodeInput', input));
  if (!isNamed(input)) return episode;
  const known = given.get(episode.uuid);
  if (known && !isSame(known, episode))
    throw new InvalidInputError(
      `The ${isKeyUuid(episode.uuid) ? 'key' : `uuid ${episode.uuid}`} stands for another episode of the same call; give each its own.`,
    );
  given.set(episode.uuid, known ?? episode);
  return episode;
}

function check(services: Services, { content, metadata, group, ...options }: EpisodeInput): Episode {
  return newEpisode(content, metadata, services.group(group), services.config.maxContentBytes, options);
}
