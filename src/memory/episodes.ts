import type { Metadata } from '../episode.ts';
import { InvalidInputError, StoreUnreachableError } from '../errors.ts';
import type { Attributes } from '../graph/queries/entities.ts';
import type { EpisodeListRow, WholeEpisodeRow } from '../graph/queries/episodes.ts';
import type { EntityRow } from '../graph/queries/search-entities.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import type { TokenUse } from '../models/language-model.ts';
import type { JobState } from '../queue/job-state.ts';
import { checkList } from '../strict.ts';
import { request } from '../telemetry/request.ts';
import { checkText, oneLine, shortened } from '../text.ts';
import { checkInput } from './input.ts';
import type { GroupOptions } from './options.ts';
import type { Services } from './services.ts';
import { episodeUuid, runTask, type TaskOptions } from './upkeep.ts';

/** Stored episodes and their state. Errors: `InvalidInputError`, `StoreUnreachableError`. */
export interface Episodes {
  /** The episodes with the latest reference times, newest first. */
  list(options?: LatestOptions): Promise<LatestEpisode[]>;
  /** The entities that the given episodes (uuids) mention, and the facts that they state. */
  getExtracted(uuids: readonly string[], options?: GroupOptions): Promise<Learnt>;
  /** The state of an episode, by the uuid of its receipt. */
  getState(uuid: string, options?: GroupOptions): Promise<EpisodeState>;
  /** Has a worker record that the user has confirmed a rule (uuid or name), so that briefings contain it. @throws NoWorkerError */
  confirm(uuidOrName: string, options?: TaskOptions): Promise<string>;
}

export function openEpisodes(services: Services): Episodes {
  return {
    list: (options = {}) => request('episodes', async () => askForLatest(services, checkInput('latest', options))),
    getExtracted: (uuids, options = {}) =>
      request('learnt', async () =>
        askForLearnt(services, checkList(uuids, 'The uuids'), checkInput('group', options)),
      ),
    getState: (uuid, options = {}) =>
      request('episode_state', async () => askForState(services, uuid, checkInput('group', options))),
    confirm: (uuidOrName, options = {}) =>
      request('confirm', async () => confirmRule(services, uuidOrName, checkInput('task', options))),
  };
}

export interface LatestOptions extends GroupOptions {
  /** From 1 to 1,000; default 10. */
  readonly limit?: number;
}

/** An episode as it was handed in; dates in the graph's format. */
export interface LatestEpisode extends Omit<EpisodeListRow, 'metadata'> {
  readonly metadata: Metadata | null;
}

export type WholeFact = FactRow & { readonly attributes: Attributes };
export type WholeEntity = Omit<EntityRow, 'seen'> & { readonly attributes: Attributes };

/** What some episodes left in the graph. */
export interface Learnt {
  readonly entities: readonly WholeEntity[];
  /** Facts that they state or ended. */
  readonly facts: readonly WholeFact[];
}

/**
 * How far an episode is: `spooled` on this machine's disk until Valkey takes it, `waiting` for a worker or for another try,
 * `active`, `committed`, or `failed` and given up. Of those that wait or failed `reason` tells why, where a try failed.
 */
export interface EpisodeState {
  readonly uuid: string;
  readonly state: 'spooled' | 'waiting' | 'active' | 'committed' | 'failed';
  readonly reason?: string;
}

const MOST = 1000;

/** @throws InvalidInputError */
export async function askForLatest(services: Services, { group, limit = 10 }: LatestOptions): Promise<LatestEpisode[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInputError(`The limit of episodes must be 1 to ${MOST}.`);
  const checked = services.group(group);
  const { listEpisodes } = await import('../graph/queries/episodes.ts');
  const rows = await listEpisodes((await services.graphs()).group(checked), limit);
  return rows.map(({ metadata, ...row }) => ({ ...row, metadata: metadata ? JSON.parse(metadata) : null }));
}

/** @throws InvalidInputError when there is no such fact */
export async function askForFact(services: Services, uuid: string, options: GroupOptions): Promise<WholeFact> {
  const group = services.group(options.group);
  const trimmed = checkText(uuid, "The fact's uuid").trim();
  const [{ readFact }, { readAttributes }] = await Promise.all([
    import('../graph/queries/episodes.ts'),
    import('../graph/queries/entities.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const fact = await readFact(graph, trimmed);
  if (!fact) throw new InvalidInputError(`There is no fact "${short(trimmed)}" in the memory "${group}".`);
  return { ...fact, attributes: (await readAttributes(graph, [], [fact])).get(fact.uuid) ?? {} };
}

/** @throws InvalidInputError when there is none of these episodes */
export async function askForLearnt(
  services: Services,
  episodes: readonly string[],
  options: GroupOptions,
): Promise<Learnt> {
  const group = services.group(options.group);
  const trimmed = episodes.map((uuid) => checkText(uuid, "The episode's uuid").trim());
  if (trimmed.length === 0 || trimmed.length > MOST)
    throw new InvalidInputError(`Name 1 to ${MOST} episodes by their uuids.`);
  const [{ episodeSources }, { entitiesOfEpisodes }, { factsOfEpisodes }, { readAttributes }] = await Promise.all([
    import('../graph/queries/episodes.ts'),
    import('../graph/queries/episodes.ts'),
    import('../graph/queries/episodes.ts'),
    import('../graph/queries/entities.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const [known, entities, facts] = await Promise.all([
    episodeSources(graph, trimmed, []),
    entitiesOfEpisodes(graph, trimmed),
    factsOfEpisodes(graph, trimmed),
  ]);
  if (known.length === 0) throw new InvalidInputError(noEpisode(trimmed, group));
  const attributes = await readAttributes(
    graph,
    entities.map(({ uuid }) => uuid),
    facts,
  );
  const withAttributes = <T extends { readonly uuid: string }>(item: T) => ({
    ...item,
    attributes: attributes.get(item.uuid) ?? {},
  });
  return {
    entities: entities.map(({ seen: _, ...entity }) => withAttributes(entity)),
    facts: facts.map(withAttributes),
  };
}

/** @throws InvalidInputError when nobody knows of such an episode; StoreUnreachableError when Valkey would have to be asked */
export async function askForState(services: Services, uuid: string, options: GroupOptions): Promise<EpisodeState> {
  const group = services.group(options.group);
  const trimmed = checkText(uuid, "The episode's uuid").trim().toLowerCase();
  const job = await askForJob(services, trimmed, group);
  if (job && !(job instanceof StoreUnreachableError)) {
    const { state, ...rest } = job;
    return { uuid: trimmed, state: state === 'completed' ? 'committed' : state, ...rest };
  }
  const { isSpooled } = await import('../queue/spool/search.ts');
  const { spool } = await services.spooling();
  if (await isSpooled(spool, trimmed, group)) return { uuid: trimmed, state: 'spooled' };
  // Jobs of long ago are gone; the graph keeps what came of them.
  const { readWholeEpisode } = await import('../graph/queries/episodes.ts');
  const row = await readWholeEpisode((await services.graphs()).group(group), trimmed);
  if (row?.committedAt) return { uuid: trimmed, state: 'committed' };
  if (job) throw job;
  throw new InvalidInputError(noEpisode([trimmed], group));
}

/** A Valkey that is away is told and not thrown: the disk and the graph may know. */
async function askForJob(
  services: Services,
  uuid: string,
  group: string,
): Promise<JobState | StoreUnreachableError | undefined> {
  try {
    return await (await services.producer()).job('store', uuid, group);
  } catch (error) {
    if (error instanceof StoreUnreachableError) return error;
    throw error;
  }
}

const short = (name: string) => shortened(oneLine(name), 60);

function noEpisode(uuids: readonly string[], group: string): string {
  const what = uuids.length === 1 ? `no episode "${short(uuids[0] ?? '')}"` : 'none of these episodes';
  return `There is ${what} in the memory "${group}".`;
}

/** An episode with the facts that it states or ended, and what reading it cost. */
export interface WholeEpisode extends Omit<WholeEpisodeRow, 'metadata' | 'use'> {
  readonly metadata: Metadata | null;
  /** Every call; of one that served several episodes together, how many. */
  readonly use: readonly (TokenUse & { readonly episodes?: number })[];
}

/** @throws InvalidInputError when there is no such episode, or more than one of that name */
export async function askForEpisode(
  services: Services,
  uuidOrName: string,
  options: GroupOptions,
): Promise<WholeEpisode> {
  const uuid = await episodeUuid(services, uuidOrName, options);
  const { readWholeEpisode } = await import('../graph/queries/episodes.ts');
  const row = await readWholeEpisode((await services.graphs()).group(services.group(options.group)), uuid);
  if (!row) throw new InvalidInputError(`The episode ${uuid} was removed just now.`);
  const { metadata, use, ...rest } = row;
  return { ...rest, metadata: metadata ? JSON.parse(metadata) : null, use: use ? JSON.parse(use) : [] };
}

/** Gives the rule's text. @throws InvalidInputError when there is no such rule; NoWorkerError */
export async function confirmRule(services: Services, uuidOrName: string, options: TaskOptions): Promise<string> {
  const { group } = options;
  const { uuid, content, metadata } = await askForEpisode(services, uuidOrName, group === undefined ? {} : { group });
  if (metadata?.kind !== 'rule')
    throw new InvalidInputError(
      `The episode ${uuid} is not a rule; only episodes stored with --kind rule can be confirmed.`,
    );
  await runTask(services, { kind: 'confirm', episode: uuid }, options);
  return content;
}
