import { InvalidInputError, NoWorkerError } from '../errors.ts';
import type { ChainRow, SagaRow } from '../graph/queries/sagas.ts';
import type { Task } from '../queue/jobs.ts';
import { request } from '../telemetry/request.ts';
import { checkText, oneLine, shortened } from '../text.ts';
import { MINUTE } from '../time.ts';
import type { BuiltCommunities } from '../upkeep/communities.ts';
import type { ToldSaga } from '../upkeep/saga.ts';
import { checkInput } from './input.ts';
import type { GroupOptions, WaitOptions } from './options.ts';
import type { Services } from './services.ts';

/** Chains of episodes, such as a session. Errors: `InvalidInputError` when there is none of that name. */
export interface Sagas {
  /** All sagas, the most recently continued first. */
  list(options?: GroupOptions): Promise<SagaOverview[]>;
  /** One with its episodes. */
  show(name: string, options?: GroupOptions): Promise<Saga>;
  /** Has a worker update the summary. @throws NoWorkerError */
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

/** Entities that have more to do with each other than with the rest. */
export interface Communities {
  /** The communities of the last build, largest first. */
  list(options?: GroupOptions): Promise<Community[]>;
  /** Has a worker find the communities again and summarize each one. @throws NoWorkerError */
  build(options?: TaskOptions): Promise<BuiltCommunities>;
}

export function openCommunities(services: Services): Communities {
  return {
    list: (options = {}) => request('communities', async () => listCommunities(services, checkInput('group', options))),
    build: (options = {}) =>
      request('build_communities', async () => runTask(services, { kind: 'communities' }, checkInput('task', options))),
  };
}

/** Entities that have more to do with each other than with others. */
export interface Community {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  /** The entities' names. */
  readonly members: readonly string[];
}

/** A chain of episodes, such as a session, in short; the dates are those of its first and its last episode. */
export type SagaOverview = SagaRow;

/** A chain of episodes, such as a session. */
export interface Saga {
  readonly uuid: string;
  readonly name: string;
  /** Empty until it is summarized. */
  readonly summary: string;
  /** In the order of the chain, which is that of time; dates in the graph's format. */
  readonly episodes: readonly ChainRow[];
}

export type TaskOptions = GroupOptions & Pick<WaitOptions, 'timeoutMs'>;

/** Lets a worker do a task and gives what came of it. @throws NoWorkerError, JobFailedError, TimedOutError */
export async function runTask<Result>(
  services: Services,
  task: Task,
  { group, timeoutMs: limit = 10 * MINUTE }: TaskOptions,
): Promise<Result> {
  const checked = services.group(group);
  const [producer, waiting] = await Promise.all([services.producer(), services.waiting.store()]);
  await waiting.ready();
  if ((await producer.workers('store')) === 0)
    throw new NoWorkerError(
      'No worker is running to do this; start one with `memory-manager up` or `memory-manager worker`.',
    );
  const { jobId } = await producer.task(checked, task);
  return (await waiting.ended(jobId, limit)) as Result;
}

export async function listCommunities(services: Services, options: GroupOptions): Promise<Community[]> {
  const group = services.group(options.group);
  const { readCommunities } = await import('../graph/queries/communities.ts');
  const rows = await readCommunities((await services.graphs()).group(group));
  return rows.map(({ hash: _, ...community }) => community);
}

export async function listSagas(services: Services, options: GroupOptions): Promise<SagaOverview[]> {
  const group = services.group(options.group);
  const queries = await import('../graph/queries/sagas.ts');
  return queries.listSagas((await services.graphs()).group(group));
}

/** @throws InvalidInputError when there is no saga of that name */
export async function showSaga(services: Services, name: string, options: GroupOptions): Promise<Saga> {
  const group = services.group(options.group);
  const trimmed = checkText(name, "The saga's name").trim();
  if (trimmed === '')
    throw new InvalidInputError('The name of the saga is empty; `memory-manager saga list` shows all sagas.');
  const [{ readSaga }, { readSagaChain }] = await Promise.all([
    import('../graph/queries/sagas.ts'),
    import('../graph/queries/sagas.ts'),
  ]);
  const graph = (await services.graphs()).group(group);
  const saga = await readSaga(graph, trimmed);
  if (!saga)
    throw new InvalidInputError(`There is no saga "${shortened(oneLine(trimmed), 60)}" in the memory "${group}".`);
  return { uuid: saga.uuid, name: saga.name, summary: saga.summary, episodes: await readSagaChain(graph, saga.uuid) };
}

/** The uuid of the one episode that has this uuid or this name. @throws InvalidInputError when there is none, or more than one */
export async function episodeUuid(services: Services, uuidOrName: string, options: GroupOptions): Promise<string> {
  const group = services.group(options.group);
  const trimmed = checkText(uuidOrName, "The episode's name").trim();
  if (trimmed === '') throw new InvalidInputError("The episode's name is empty; give it, or the uuid.");
  const { findEpisode } = await import('../graph/queries/episodes.ts');
  const [found, other] = await findEpisode((await services.graphs()).group(group), trimmed);
  const short = shortened(oneLine(trimmed), 60);
  if (!found) throw new InvalidInputError(`There is no episode "${short}" in the memory "${group}".`);
  if (other)
    throw new InvalidInputError(`More than one episode is named "${short}"; give the uuid, such as ${found.uuid}.`);
  return found.uuid;
}

/** @throws InvalidInputError when there is no saga of that name; NoWorkerError */
export async function summarizeSaga(services: Services, name: string, options: TaskOptions): Promise<ToldSaga> {
  const saga = await showSaga(services, name, options);
  // Neither its name nor what is told of it goes through the queue, where it would stand for days.
  await runTask(services, { kind: 'summarize-saga', saga: saga.uuid }, options);
  const { summary } = await showSaga(services, saga.name, options);
  return { name: saga.name, summary };
}
