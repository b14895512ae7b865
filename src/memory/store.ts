import { isIdempotencyUuid } from '../derived-uuid.ts';
import { type Episode, hasCallerId, type Metadata, newEpisode } from '../episode.ts';
import { InvalidInputError } from '../errors.ts';
import { withEpisodeName } from '../queue/enqueue-many.ts';
import { isSameEpisode } from '../queue/existing-job.ts';
import type { EpisodeReceipt, Producer } from '../queue/producer.ts';
import { SECOND } from '../time.ts';
import { type Triplet, tripletText } from '../triplet.ts';
import { checkInput } from './check-input.ts';
import type { EnqueueEpisodesOptions, EnqueueFactOptions, EpisodeInput, StoreOptions } from './options.ts';
import type { Services } from './services.ts';

/** Enqueues an episode. */
export async function enqueueEpisode(
  services: Services,
  content: string,
  metadata: Metadata | null | undefined,
  options: StoreOptions,
): Promise<EpisodeReceipt> {
  const episode = newEpisodeOf(services, { ...options, content, ...(metadata !== undefined && { metadata }) });
  if (options.spool) return (await services.spooling()).enqueue(episode, hasCallerId(options));
  const producer = await services.producer();
  const receipt = await producer.store(episode, hasCallerId(options));
  drainLater(services, producer);
  return receipt;
}

/** Enqueues a fact as a separate episode: equally durable, and read by no model. @throws InvalidInputError */
export async function enqueueTriplet(
  services: Services,
  triplet: Triplet,
  metadata: Metadata | null | undefined,
  options: EnqueueFactOptions,
): Promise<EpisodeReceipt> {
  return enqueueEpisode(services, tripletText(triplet), metadata, { ...options, source: 'fact_triple' });
}

/** Enqueues many episodes after all of them are checked. @throws InvalidInputError naming the episode */
export async function enqueueEpisodes(
  services: Services,
  inputs: readonly EpisodeInput[],
  options: EnqueueEpisodesOptions,
): Promise<EpisodeReceipt[]> {
  const byCallerId = new Map<string, Episode>();
  const episodes: Episode[] = [];
  for (const [index, input] of inputs.entries()) {
    const episode = await withEpisodeName(index, options.nameOf, () => checkedAmong(services, input, byCallerId));
    episodes.push(episode);
  }
  if (episodes.length === 0) return [];
  const callerIds = new Set(byCallerId.keys());
  if (options.spool) return (await services.spooling()).enqueueEpisodes(episodes, callerIds, options);
  const producer = await services.producer();
  const receipts = await producer.storeMany(episodes, callerIds, options);
  drainLater(services, producer);
  return receipts;
}

const CHECK_EVERY = 2 * SECOND;
const checkedAt = new WeakMap<Services, number>();

/** Valkey has answered, so the spool of earlier callers can be drained in the background. */
function drainLater(services: Services, producer: Producer): void {
  const now = performance.now();
  if (now - (checkedAt.get(services) ?? Number.NEGATIVE_INFINITY) < CHECK_EVERY) return;
  checkedAt.set(services, now);
  services.spooling().then(
    (spooling) => spooling.wake(producer),
    () => {},
  );
}

/** @param byCallerId the episodes before it that came with a uuid or a key */
function checkedAmong(services: Services, input: EpisodeInput, byCallerId: Map<string, Episode>): Episode {
  const episode = newEpisodeOf(services, checkInput('episodeInput', input));
  if (!hasCallerId(input)) return episode;
  const earlier = byCallerId.get(episode.uuid);
  if (earlier && !isSameEpisode(earlier, episode))
    throw new InvalidInputError(
      `The ${isIdempotencyUuid(episode.uuid) ? 'key' : `uuid ${episode.uuid}`} belongs to another episode of the same call; give each its own.`,
    );
  byCallerId.set(episode.uuid, earlier ?? episode);
  return episode;
}

function newEpisodeOf(services: Services, { content, metadata, group, ...options }: EpisodeInput): Episode {
  return newEpisode(content, metadata, services.group(group), services.config.maxContentBytes, options);
}
