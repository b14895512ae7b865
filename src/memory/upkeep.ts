import { InvalidInputError, NoWorkerError } from '../errors.ts';
import type { SagaRow } from '../graph/queries/sagas.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import type { Task } from '../queue/jobs.ts';
import { traceRequest } from '../telemetry/tracing.ts';
import { checkText, oneLine, truncated } from '../text.ts';
import { MINUTE } from '../time.ts';
import type { CommunityBuildResult } from '../upkeep/communities.ts';
import type { SagaSummary } from '../upkeep/saga.ts';
import { checkInput } from './check-input.ts';
import { toEpisodeReference, toSagaOverview } from './dates.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { Saga, SagaOverview } from './results.ts';
import type { Services } from './services.ts';

/** Chains of episodes, such as a session. Errors: `InvalidInputError` when there is none of that name. */
export interface Sagas {
  /** All sagas, the most recently continued first. */
  list(options?: GroupOptions): Promise<SagaOverview[]>;
  /** A saga with its episodes, or with some of them. */
  get(name: string, options?: SagaOptions): Promise<Saga>;
  /** Has a worker update the summary. @throws NoWorkerError */
  summarize(name: string, options?: TaskOptions): Promise<SagaSummary>;
}

export function openSagas(services: Services): Sagas {
  return {
    list: (options = {}) =>
      traceRequest('sagas', async () => (await listSagas(services, checkInput('group', options))).map(toSagaOverview)),
    get: (name, options = {}) =>
      traceRequest('saga', async () => showSaga(services, name, checkInput('saga', options))),
    summarize: (name, options = {}) =>
      traceRequest('summarize_saga', async () => summarizeSaga(services, name, checkInput('task', options))),
  };
}

/** Communities: entities that have more facts with each other than with other entities. */
export interface Communities {
  /** The communities of the last build, largest first. */
  list(options?: GroupOptions): Promise<Community[]>;
  /** Has a worker find the communities again and summarize each one. @throws NoWorkerError */
  build(options?: TaskOptions): Promise<CommunityBuildResult>;
}

export function openCommunities(services: Services): Communities {
  return {
    list: (options = {}) =>
      traceRequest('communities', async () => listCommunities(services, checkInput('group', options))),
    build: (options = {}) =>
      traceRequest('build_communities', async () =>
        runTask(services, { kind: 'communities' }, checkInput('task', options)),
      ),
  };
}

/** Entities that have more facts with each other than with other entities. */
export interface Community {
  readonly uuid: string;
  readonly name: string;
  /** From current facts. */
  readonly summary: string;
  /** The entities' names. */
  readonly members: readonly string[];
}

export interface SagaOptions extends GroupOptions {
  /** Episodes, from 1 to 1,000; default all. */
  readonly limit?: number;
  /** How many episodes to skip at the beginning; only with a limit. */
  readonly offset?: number;
}

export type TaskOptions = GroupOptions & Pick<WaitOptions, 'timeoutMs' | 'signal'>;

/** Has a worker run a task and returns its result. @throws NoWorkerError, JobFailedError, TimedOutError */
export async function runTask<Result>(
  services: Services,
  task: Task,
  { group, timeoutMs = 10 * MINUTE, signal }: TaskOptions,
): Promise<Result> {
  const checked = services.group(group);
  const [producer, waiting] = await Promise.all([services.producer(), services.waiting.store()]);
  await waiting.ready();
  const { countWorkers } = await import('../queue/queue-state.ts');
  if ((await countWorkers(await services.queues(), 'store')) === 0)
    throw new NoWorkerError(
      'No worker is running to do this; start one with `memory-manager up` or `memory-manager worker`.',
    );
  signal?.throwIfAborted();
  const { jobId } = await producer.task(checked, task);
  return (await waiting.result(jobId, timeoutMs, undefined, signal)) as Result;
}

export async function listCommunities(services: Services, options: GroupOptions): Promise<Community[]> {
  const group = services.group(options.group);
  const [{ readCommunities }, { withCurrentSummaries }] = await Promise.all([
    import('../graph/queries/communities.ts'),
    import('../search/answer/outdated/current-summaries.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const communities = await withCurrentSummaries(graph, await readCommunities(graph), { asOf: instant(new Date()) });
  return communities.map(({ hash: _, createdAt: __, ...community }) => community);
}

export async function listSagas(services: Services, options: GroupOptions): Promise<SagaRow[]> {
  const group = services.group(options.group);
  const queries = await import('../graph/queries/sagas.ts');
  return queries.readSagas((await services.graphs()).group(group));
}

/** @throws InvalidInputError when there is no saga of that name */
export async function showSaga(services: Services, name: string, options: SagaOptions): Promise<Saga> {
  const group = services.group(options.group);
  const page = checkPage(options);
  const trimmed = checkText(name, "The saga's name").trim();
  if (trimmed === '')
    throw new InvalidInputError('The name of the saga is empty; `memory-manager saga list` shows all sagas.');
  const { countSagaEpisodes, readSaga, readSagaChain } = await import('../graph/queries/sagas.ts');
  const graph = (await services.graphs()).group(group);
  const saga = await readSaga(graph, trimmed);
  if (!saga)
    throw new InvalidInputError(`There is no saga "${truncated(oneLine(trimmed), 60)}" in the memory "${group}".`);
  const [rows, count] = await Promise.all([
    readSagaChain(graph, saga.uuid, page),
    page && countSagaEpisodes(graph, saga.uuid),
  ]);
  const { uuid, summary } = saga;
  return { uuid, name: saga.name, summary, episodeCount: count ?? rows.length, episodes: rows.map(toEpisodeReference) };
}

const MOST_EPISODES = 1000;

function checkPage({ limit, offset }: SagaOptions): { offset: number; limit: number } | undefined {
  if (limit === undefined) {
    if (offset === undefined) return undefined;
    throw new InvalidInputError('An offset needs a limit; give both.');
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_EPISODES)
    throw new InvalidInputError(`The limit of episodes must be 1 to ${MOST_EPISODES}.`);
  if (offset !== undefined && (!Number.isSafeInteger(offset) || offset < 0))
    throw new InvalidInputError('The offset must be a whole number from 0.');
  return { offset: offset ?? 0, limit };
}

/** The uuid of the one episode that has this uuid or this name. @throws InvalidInputError when there is none, or more than one */
export async function episodeUuid(services: Services, uuidOrName: string, options: GroupOptions): Promise<string> {
  const group = services.group(options.group);
  const trimmed = checkText(uuidOrName, "The episode's name").trim();
  if (trimmed === '') throw new InvalidInputError("The episode's name is empty; give it, or the uuid.");
  const { findEpisode } = await import('../graph/queries/episodes.ts');
  const [found, other] = await findEpisode((await services.graphs()).group(group), trimmed);
  const short = truncated(oneLine(trimmed), 60);
  if (!found) throw new InvalidInputError(`There is no episode "${short}" in the memory "${group}".`);
  if (other)
    throw new InvalidInputError(`More than one episode is named "${short}"; give the uuid, such as ${found.uuid}.`);
  return found.uuid;
}

/** @throws InvalidInputError when there is no saga of that name; NoWorkerError */
export async function summarizeSaga(services: Services, name: string, options: TaskOptions): Promise<SagaSummary> {
  const saga = await showSaga(services, name, options);
  // Neither the saga's name nor its summary goes through the queue, where it would stay for days.
  await runTask(services, { kind: 'summarize-saga', saga: saga.uuid }, options);
  const { summary } = await showSaga(services, saga.name, options);
  return { name: saga.name, summary };
}
