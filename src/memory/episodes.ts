import type { Metadata } from '../episode.ts';
import { InvalidInputError, StoreUnreachableError } from '../errors.ts';
import type { Attributes } from '../graph/queries/entities.ts';
import type { EpisodeListRow, WholeEpisodeRow } from '../graph/queries/episodes.ts';
import type { EntityRow } from '../graph/queries/search-entities.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import { checkList } from '../input-shapes.ts';
import type { TokenUse } from '../models/language-model.ts';
import type { JobState } from '../queue/queue-state.ts';
import type { Source } from '../search/results.ts';
import { traceRequest } from '../telemetry/tracing.ts';
import { checkText, oneLine, truncated } from '../text.ts';
import { checkTime, toGraphTime } from '../time.ts';
import { checkInput } from './check-input.ts';
import { toEpisodeOverview, toExtractedItems } from './dates.ts';
import type { GroupOptions } from './options.ts';
import type { EpisodeOverview, ExtractedItems } from './results.ts';
import type { Services } from './services.ts';
import { episodeUuid, runTask, type TaskOptions } from './upkeep.ts';

/** Stored episodes and their state. Errors: `InvalidInputError`, `StoreUnreachableError`. */
export interface Episodes {
  /** The episodes with the latest reference times, newest first. */
  list(options?: EpisodeListOptions): Promise<EpisodeOverview[]>;
  /** The entities that the given episodes (uuids) mention, and the facts that they state. */
  getExtracted(uuids: readonly string[], options?: GroupOptions): Promise<ExtractedItems>;
  /** The sentences of an episode (uuid or name) that a later text has ended, as it has them. */
  getEndedSentences(uuidOrName: string, options?: GroupOptions): Promise<string[]>;
  /** The state of an episode, by the uuid of its receipt. */
  getState(uuid: string, options?: GroupOptions): Promise<EpisodeState>;
  /** The model calls for the episodes that were added since a time, for example to sum up a day's cost. */
  getUse(since: Date, options?: GroupOptions): Promise<EpisodesUse>;
  /** Has a worker record that the user has confirmed a rule (uuid or name), so that briefings contain it. @throws NoWorkerError */
  confirm(uuidOrName: string, options?: TaskOptions): Promise<string>;
  /**
   * Has a worker end the rules of an episode (uuid or name), or one of them: briefings no longer contain them. The text stays, and `confirm`
   * makes a stored rule apply again. Returns the ended rules. @throws NoWorkerError
   */
  unpin(uuidOrName: string, options?: UnpinOptions): Promise<string[]>;
}

export interface UnpinOptions extends TaskOptions {
  /** The rule as briefings have it. Default: all rules of the episode. */
  readonly rule?: string;
}

export function openEpisodes(services: Services): Episodes {
  return {
    list: (options = {}) =>
      traceRequest('episodes', async () =>
        (await listLatestEpisodes(services, checkInput('latest', options))).map(toEpisodeOverview),
      ),
    getExtracted: (uuids, options = {}) =>
      traceRequest('learnt', async () =>
        toExtractedItems(await getExtracted(services, checkList(uuids, 'The uuids'), checkInput('group', options))),
      ),
    getEndedSentences: (uuidOrName, options = {}) =>
      traceRequest('ended_sentences', async () =>
        getEndedSentences(services, uuidOrName, checkInput('group', options)),
      ),
    getState: (uuid, options = {}) =>
      traceRequest('episode_state', async () => getEpisodeState(services, uuid, checkInput('group', options))),
    getUse: (since, options = {}) =>
      traceRequest('episodes_use', async () => getUse(services, since, checkInput('group', options))),
    confirm: (uuidOrName, options = {}) =>
      traceRequest('confirm', async () => confirmRule(services, uuidOrName, checkInput('task', options))),
    unpin: (uuidOrName, options = {}) =>
      traceRequest('unpin', async () =>
        (await import('./unpin.ts')).unpinRules(services, uuidOrName, checkInput('unpin', options)),
      ),
  };
}

export interface EpisodeListOptions extends GroupOptions {
  /** From 1 to 1,000; default 10. */
  readonly limit?: number;
}

/** An episode as it was stored; dates in the graph's format. */
export interface EpisodeOverviewRow extends Omit<EpisodeListRow, 'metadata'> {
  readonly metadata: Metadata | null;
}

export type FactDetailsRow = FactRow & { readonly attributes: Attributes };
export type EntityDetailsRow = Omit<EntityRow, 'seen'> & { readonly attributes: Attributes };

/** The entities and facts that some episodes added to the graph. */
export interface ExtractedRows {
  readonly entities: readonly EntityDetailsRow[];
  /** Facts that the episodes state or ended. */
  readonly facts: readonly FactDetailsRow[];
}

/**
 * The state of an episode: `spooled` on this machine's disk until Valkey accepts it, `waiting` for a worker or for the next attempt,
 * `active`, `committed`, or `failed` (a dead letter). `reason` is why the last attempt failed, if one did.
 */
export interface EpisodeState {
  readonly uuid: string;
  readonly state: 'spooled' | 'waiting' | 'active' | 'committed' | 'failed';
  readonly reason?: string;
}

/** The model calls of some episodes; forgotten episodes are not counted. */
export interface EpisodesUse {
  readonly episodes: number;
  /** For a call that served several episodes together, their number; such a call is listed once for each of them. */
  readonly calls: readonly (TokenUse & { readonly episodes?: number })[];
}

const MOST = 1000;

/** @throws InvalidInputError */
export async function listLatestEpisodes(
  services: Services,
  { group, limit = 10 }: EpisodeListOptions,
): Promise<EpisodeOverviewRow[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidInputError(`The limit of episodes must be 1 to ${MOST}.`);
  const checked = services.group(group);
  const { listEpisodes } = await import('../graph/queries/episodes.ts');
  const rows = await listEpisodes((await services.graphs()).group(checked), limit);
  return rows.map(({ metadata, ...row }) => ({ ...row, metadata: metadata ? JSON.parse(metadata) : null }));
}

/** @throws InvalidInputError for a date that is none */
async function getUse(services: Services, since: Date, options: GroupOptions): Promise<EpisodesUse> {
  const group = services.group(options.group);
  const from = toGraphTime(checkTime(since, 'The time'));
  const { tokenUseSince } = await import('../graph/queries/episodes.ts');
  const rows = await tokenUseSince((await services.graphs()).group(group), from);
  return { episodes: rows.length, calls: rows.flatMap(({ use }) => (use ? JSON.parse(use) : [])) };
}

/** @throws InvalidInputError when there is no such fact */
export async function getFact(services: Services, uuid: string, options: GroupOptions): Promise<FactDetailsRow> {
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

/** @throws InvalidInputError when none of these episodes exists */
export async function getExtracted(
  services: Services,
  episodes: readonly string[],
  options: GroupOptions,
): Promise<ExtractedRows> {
  const group = services.group(options.group);
  const trimmed = episodes.map((uuid) => checkText(uuid, "The episode's uuid").trim());
  if (trimmed.length === 0 || trimmed.length > MOST)
    throw new InvalidInputError(`Name 1 to ${MOST} episodes by their uuids.`);
  const [{ episodeSources, entitiesOfEpisodes, factsOfEpisodes }, { readAttributes }, { withCurrentSummaries }] =
    await Promise.all([
      import('../graph/queries/episodes.ts'),
      import('../graph/queries/entities.ts'),
      import('../search/answer/outdated/current-summaries.ts'),
    ]);
  const graph = (await services.graphs()).group(group);
  const [known, entities, facts] = await Promise.all([
    episodeSources(graph, trimmed, []),
    entitiesOfEpisodes(graph, trimmed),
    factsOfEpisodes(graph, trimmed),
  ]);
  if (known.length === 0) throw new InvalidInputError(noEpisode(trimmed, group));
  const [attributes, current] = await Promise.all([
    readAttributes(
      graph,
      entities.map(({ uuid }) => uuid),
      facts,
    ),
    withCurrentSummaries(graph, entities, { asOf: instant(new Date()) }),
  ]);
  const withAttributes = <T extends { readonly uuid: string }>(item: T) => ({
    ...item,
    attributes: attributes.get(item.uuid) ?? {},
  });
  return {
    entities: current.map(({ seen: _, ...entity }) => withAttributes(entity)),
    facts: facts.map(withAttributes),
  };
}

/** @throws InvalidInputError when the episode is unknown; StoreUnreachableError when only Valkey could know the state */
export async function getEpisodeState(services: Services, uuid: string, options: GroupOptions): Promise<EpisodeState> {
  const group = services.group(options.group);
  const trimmed = checkText(uuid, "The episode's uuid").trim().toLowerCase();
  const job = await findJob(services, trimmed, group);
  if (job && !(job instanceof StoreUnreachableError)) {
    const { state, ...rest } = job;
    return { uuid: trimmed, state: state === 'completed' ? 'committed' : state, ...rest };
  }
  const { isSpooled } = await import('../queue/spool/search.ts');
  const { spool } = await services.spooling();
  if (await isSpooled(spool, trimmed, group)) return { uuid: trimmed, state: 'spooled' };
  // Old jobs are removed; the graph shows their outcome.
  const { readWholeEpisode } = await import('../graph/queries/episodes.ts');
  const row = await readWholeEpisode((await services.graphs()).group(group), trimmed);
  if (row?.committedAt) return { uuid: trimmed, state: 'committed' };
  if (job) throw job;
  throw new InvalidInputError(noEpisode([trimmed], group));
}

/** An unreachable Valkey is returned, not thrown, since the disk or the graph may know the state. */
async function findJob(
  services: Services,
  uuid: string,
  group: string,
): Promise<JobState | StoreUnreachableError | undefined> {
  try {
    const { jobState } = await import('../queue/queue-state.ts');
    return await jobState(await services.queues(), 'store', uuid, group);
  } catch (error) {
    if (error instanceof StoreUnreachableError) return error;
    throw error;
  }
}

const short = (name: string) => truncated(oneLine(name), 60);

function noEpisode(uuids: readonly string[], group: string): string {
  const what = uuids.length === 1 ? `no episode "${short(uuids[0] ?? '')}"` : 'none of these episodes';
  return `There is ${what} in the memory "${group}".`;
}

/** A fact that an episode states or ended, in the graph's format. */
export interface EpisodeFactRow extends Pick<FactRow, 'uuid' | 'fact' | 'validAt' | 'invalidAt'> {
  readonly isStated: boolean;
  readonly sources: readonly Source[];
  readonly replacedBy: string | null;
  readonly replacement: string | null;
}

/** An episode with the facts that it states or ended, and the cost of its model calls. */
export interface EpisodeDetailsRow extends Omit<WholeEpisodeRow, 'metadata' | 'use'> {
  readonly metadata: Metadata | null;
  /** Facts that began first come first. */
  readonly facts: readonly EpisodeFactRow[];
  /** Every call; for a call that served several episodes together, their number. */
  readonly use: readonly (TokenUse & { readonly episodes?: number })[];
}

/** @throws InvalidInputError when there is no such episode, or more than one of that name */
export async function getEpisode(
  services: Services,
  uuidOrName: string,
  options: GroupOptions,
): Promise<EpisodeDetailsRow> {
  const uuid = await episodeUuid(services, uuidOrName, options);
  const [{ readWholeEpisode, factsOfEpisodes }, { withEnds }, { withFactSources }] = await Promise.all([
    import('../graph/queries/episodes.ts'),
    import('../search/fact-ends.ts'),
    import('../search/sources.ts'),
  ]);
  const graph = (await services.graphs()).group(services.group(options.group));
  const [row, rows] = await Promise.all([readWholeEpisode(graph, uuid), factsOfEpisodes(graph, [uuid])]);
  if (!row) throw new InvalidInputError(`The episode ${uuid} was removed just now.`);
  const { metadata, use, ...rest } = row;
  const named = await withFactSources(graph, await withEnds(graph, rows, new Date()));
  const facts = named.map(({ episodes, sources, ...fact }) => ({
    ...{ uuid: fact.uuid, fact: fact.fact, validAt: fact.validAt, invalidAt: fact.invalidAt },
    ...{ isStated: episodes.includes(uuid), sources, replacedBy: fact.replacedBy, replacement: fact.replacement },
  }));
  return { ...rest, facts, metadata: metadata ? JSON.parse(metadata) : null, use: use ? JSON.parse(use) : [] };
}

/** @throws InvalidInputError when there is no such episode */
async function getEndedSentences(services: Services, uuidOrName: string, options: GroupOptions): Promise<string[]> {
  const { uuid, content, referenceTime, facts } = await getEpisode(services, uuidOrName, options);
  const { findEndedSentences } = await import('../search/answer/outdated/ended-sentences.ts');
  const graph = (await services.graphs()).group(services.group(options.group));
  const now = new Date();
  const part = { id: uuid, episode: uuid, text: content, start: 0, saidAt: referenceTime };
  const ranges = (await findEndedSentences(graph, [part], { asOf: instant(now) })).get(uuid) ?? [];
  const ended = ranges.filter(({ isPart }) => !isPart).map(({ start, end }) => content.slice(start, end));
  const ofFacts = facts.filter(({ isStated, invalidAt }) => isStated && hasPassed(invalidAt, now));
  return [...new Set([...ended, ...ofFacts.map(({ fact }) => fact).filter((fact) => content.includes(fact))])];
}

const hasPassed = (time: string | null, now: Date): boolean => time !== null && Date.parse(time) <= now.getTime();

/** @returns the text of the rule @throws InvalidInputError when there is no such rule; NoWorkerError */
export async function confirmRule(services: Services, uuidOrName: string, options: TaskOptions): Promise<string> {
  const { group } = options;
  const { uuid, content, metadata } = await getEpisode(services, uuidOrName, group === undefined ? {} : { group });
  if (metadata?.kind !== 'rule')
    throw new InvalidInputError(
      `The episode ${uuid} is not a rule; only episodes stored with --kind rule can be confirmed.`,
    );
  await runTask(services, { kind: 'confirm', episode: uuid }, options);
  return content;
}
