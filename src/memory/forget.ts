import type { Config } from '../config.ts';
import { InvalidInputError } from '../errors.ts';
import type { ForgottenUuids } from '../forget/forget.ts';
import type { ForgetTargets } from '../forget/plan.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { checkText, oneLine, truncated } from '../text.ts';
import { runQuery } from './query.ts';
import type { Services } from './services.ts';
import { runTask, type TaskOptions } from './upkeep.ts';

/** The target of a forgetting. */
export type ForgetTarget =
  /** An episode, by its uuid, or by its name once it is in the graph. */
  | { readonly episode: string }
  /** A fact, by its uuid, in all periods in which it held. */
  | { readonly fact: string }
  /** An entity with all its facts, by uuid, name or alias. */
  | { readonly entity: string }
  /** The facts that a search finds, and with `withEpisodes` also the episodes that it finds. */
  | { readonly query: string; readonly limit?: number | undefined }
  /** All episodes of a saga of this name, and all with this `session` in their metadata, including those that no worker has read yet. */
  | { readonly session: string };

export interface ForgetOptions extends TaskOptions {
  /** True: only return what would be removed; needs no worker. */
  readonly dryRun?: boolean;
  /** True: also forget the episodes that state the facts or mention the entities, with everything that only they state. */
  readonly withEpisodes?: boolean;
}

/** An episode or an entity; the name is empty for an episode that is not in the graph. */
export interface ItemReference {
  readonly uuid: string;
  readonly name: string;
}

/** A fact; or a sentence of a text that is no fact, with the uuid of its statement. */
export interface ItemSentence {
  readonly uuid: string;
  readonly fact: string;
}

/** What was removed, or would be removed. */
export interface ForgetResult {
  readonly dryRun: boolean;
  readonly episodes: readonly ItemReference[];
  readonly facts: readonly ItemSentence[];
  readonly entities: readonly ItemReference[];
  /**
   * Remaining episodes that stated a forgotten fact or mention a forgotten entity. Their sentences that have all words of the fact are
   * removed; sentences in other words may remain.
   */
  readonly maskedEpisodes: readonly ItemReference[];
  /** Unchanged episodes with a longer sentence that contains all words of the fact. */
  readonly similar: readonly ItemReference[];
  /** The number of facts that stay because other episodes also state them. */
  readonly keptFacts: number;
  /** The number of facts that hold again, because only forgotten episodes had ended them. */
  readonly reopenedFacts: number;
  /** The kept facts; empty if the worker is of an earlier release. */
  readonly kept: readonly ItemSentence[];
  /**
   * What holds again: the reopened facts, then other sentences that only forgotten episodes had made outdated. The sentences are looked for
   * among the facts of the entities that the episodes mention, and among statements about the same properties.
   */
  readonly reopened: readonly ItemSentence[];
  /** Number of summaries that were rebuilt or deleted. */
  readonly summaries: number;
  /** How much was removed outside the graph; all 0 for a dry run. */
  readonly outsideGraph: Readonly<Record<'jobs' | 'memos' | 'journal' | 'cached' | 'spooled', number>>;
  /** `pending`: the location of the archives is unreachable; restore no older archive until a worker has recorded the deletion there. */
  readonly archives: 'recorded' | 'pending';
}

/** A session may continue meanwhile: its new episodes are forgotten too, at most this many times. */
const MOST_ROUNDS = 10;

/** @throws InvalidInputError when nothing matches, or more than one has the name; NoWorkerError, JobFailedError, TimedOutError */
export async function forget(services: Services, target: ForgetTarget, options: ForgetOptions): Promise<ForgetResult> {
  const { dryRun = false, withEpisodes = false } = options;
  const graph = (await services.graphs()).group(services.group(options.group));
  const targets = { ...NOTHING, ...(await resolveTarget(services, graph, target, withEpisodes)), withEpisodes };
  let all = await forgetOnce(services, graph, targets, options);
  if (dryRun || !('session' in target)) return all;
  for (let round = 1; round < MOST_ROUNDS; round += 1) {
    const episodes = await sessionOf(services, graph, requireName(target.session, 'session'));
    if (episodes.length === 0) break;
    all = joined(all, await forgetOnce(services, graph, { ...NOTHING, episodes, withEpisodes }, options));
  }
  return all;
}

async function forgetOnce(
  services: Services,
  graph: GroupGraph,
  targets: ForgetTargets,
  { dryRun = false, withEpisodes = false, ...rest }: ForgetOptions,
): Promise<ForgetResult> {
  const [{ readNames }, { planForget }, { sentencesEndedOnlyBy }] = await Promise.all([
    import('../graph/queries/entities.ts'),
    import('../forget/plan.ts'),
    import('../search/ended-only-by.ts'),
  ]);
  // Names must not pass through the queue, so the worker returns uuids only; names are read before the deletion.
  const { effects } = await planForget(graph, targets, new Date());
  const { episodes, telling: otherSources, similar, facts, entities, kept = [], reopened = [] } = effects;
  const [names, sentences] = await Promise.all([
    readNames(graph, {
      ...{ episodes: [...episodes, ...otherSources, ...similar], entities },
      facts: [...new Set([...facts, ...kept, ...reopened])],
    }),
    sentencesEndedOnlyBy(graph, episodes, new Date()),
  ]);
  const done: ForgottenUuids = dryRun
    ? { ...effects, elsewhere: NOWHERE, archives: 'noted' }
    : await runTask(services, { kind: 'forget', ...lists(targets), withEpisodes }, rest);
  // The worker may run on another machine.
  const spooledHere = dryRun
    ? 0
    : await forgetHere(services.config, graph.group, [...targets.episodes, ...done.episodes]);
  const named = (uuids: readonly string[]) => uuids.map((uuid) => ({ uuid, name: names.get(uuid) ?? '' }));
  const sentencesOf = (uuids: readonly string[] = []) => uuids.map((uuid) => ({ uuid, fact: names.get(uuid) ?? '' }));
  const removed = new Set([...done.facts, ...(done.reopened ?? [])]);
  const { keptFacts, reopenedFacts, summaries, elsewhere } = done;
  return {
    dryRun,
    episodes: named(done.episodes),
    facts: sentencesOf(done.facts),
    entities: named(done.entities),
    maskedEpisodes: named(done.telling),
    // A worker of an earlier release names none.
    similar: named(done.similar ?? []),
    ...{ keptFacts, reopenedFacts, summaries },
    kept: sentencesOf(done.kept),
    reopened: [...sentencesOf(done.reopened), ...sentences.filter(({ uuid }) => !removed.has(uuid))],
    outsideGraph: { ...elsewhere, spooled: elsewhere.spooled + spooledHere },
    archives: done.archives === 'noted' ? 'recorded' : 'pending',
  };
}

function joined(first: ForgetResult, second: ForgetResult): ForgetResult {
  const deleted = new Set(second.episodes.map(({ uuid }) => uuid));
  const places = Object.keys(first.outsideGraph) as (keyof ForgetResult['outsideGraph'])[];
  return {
    dryRun: false,
    episodes: [...first.episodes, ...second.episodes],
    facts: [...first.facts, ...second.facts],
    entities: [...first.entities, ...second.entities],
    maskedEpisodes: [...first.maskedEpisodes.filter(({ uuid }) => !deleted.has(uuid)), ...second.maskedEpisodes],
    similar: [...first.similar.filter(({ uuid }) => !deleted.has(uuid)), ...second.similar],
    kept: [...first.kept, ...second.kept],
    reopened: [...first.reopened, ...second.reopened],
    keptFacts: first.keptFacts + second.keptFacts,
    reopenedFacts: first.reopenedFacts + second.reopenedFacts,
    summaries: first.summaries + second.summaries,
    outsideGraph: Object.fromEntries(
      places.map((place) => [place, first.outsideGraph[place] + second.outsideGraph[place]]),
    ) as unknown as ForgetResult['outsideGraph'],
    archives: first.archives === 'pending' ? 'pending' : second.archives,
  };
}

/** Deletes the episodes from this machine's disk and returns their number. */
async function forgetHere(config: Config, group: string, episodes: readonly string[]): Promise<number> {
  const [{ clearRecalled }, { forgetSpooled }, { openSpool }] = await Promise.all([
    import('../redaction/clear-recalled.ts'),
    import('../queue/spool/search.ts'),
    import('../queue/spool/spool.ts'),
  ]);
  await clearRecalled(config.home);
  return forgetSpooled(openSpool(config.home, config.spoolLimit), group, new Set(episodes));
}

type Found = Partial<Pick<ForgetTargets, 'episodes' | 'facts' | 'entities'>>;
const NOWHERE: ForgetResult['outsideGraph'] = { jobs: 0, memos: 0, journal: 0, cached: 0, spooled: 0 };
const NOTHING = { episodes: [], facts: [], entities: [] };
const lists = ({ episodes, facts, entities }: ForgetTargets) => ({
  ...{ episodes: [...episodes], facts: [...facts], entities: [...entities] },
});
const FOUND_AT_MOST = 10;
/** Share of the best score below which a passage's episode stays. */
const RELEVANT_SHARE = 0.75;

async function resolveTarget(
  services: Services,
  graph: GroupGraph,
  target: ForgetTarget,
  withEpisodes: boolean,
): Promise<Found> {
  if ('query' in target) {
    const { query, limit = FOUND_AT_MOST } = target;
    const options = { group: graph.group, cache: false };
    const [{ facts }, { passages = [] }] = await Promise.all([
      runQuery(services, query, limit, { ...options, find: 'facts' }),
      runQuery(services, query, limit, options),
    ]);
    const relevant = passages.filter(({ score }) => score >= RELEVANT_SHARE * (passages[0]?.score ?? 0));
    const episodes = [...new Set(relevant.map(({ episode }) => episode.uuid))];
    const matches = {
      facts: facts.map(({ uuid }) => uuid),
      episodes: withEpisodes ? episodes : [],
    };
    if (matches.facts.length + matches.episodes.length > 0) return matches;
    const also = episodes.length > 0 ? ' Stored texts match it; `withEpisodes` (--with-episodes) forgets them.' : '';
    throw new InvalidInputError(`No fact of the memory "${graph.group}" matches this query.${also}`);
  }
  if ('session' in target) {
    const session = requireName(target.session, 'session');
    const episodes = await sessionOf(services, graph, session);
    if (episodes.length === 0) throw missing('episode of a session', session, graph);
    return { episodes };
  }
  if ('episode' in target)
    return { episodes: [await episodeOf(services, graph, requireName(target.episode, 'episode'))] };
  if ('entity' in target) return { entities: [await entityOf(graph, requireName(target.entity, 'entity'))] };
  const fact = requireName(target.fact, 'fact');
  const { readNames } = await import('../graph/queries/entities.ts');
  if ((await readNames(graph, { ...NOTHING, facts: [fact] })).has(fact)) return { facts: [fact] };
  throw missing('fact', fact, graph);
}

function requireName(text: string, kind: string): string {
  const trimmed = checkText(text, `The ${kind}`).trim();
  if (trimmed !== '') return trimmed;
  throw new InvalidInputError(`The ${kind} is empty; name the one to forget.`);
}

async function entityOf(graph: GroupGraph, name: string): Promise<string> {
  const { findEntitiesByName } = await import('../graph/queries/entities.ts');
  const [found, ...others] = new Set((await findEntitiesByName(graph, [name])).map(({ uuid }) => uuid));
  if (found === undefined) throw missing('entity', name, graph);
  if (others.length === 0) return found;
  throw new InvalidInputError(`More than one entity is called "${short(name)}"; give the uuid, such as ${found}.`);
}

async function episodeOf(services: Services, graph: GroupGraph, uuidOrName: string): Promise<string> {
  const { findEpisode } = await import('../graph/queries/episodes.ts');
  const [found, other] = await findEpisode(graph, uuidOrName);
  if (other)
    throw new InvalidInputError(
      `More than one episode is named "${short(uuidOrName)}"; give the uuid, such as ${found?.uuid}.`,
    );
  const uuid =
    found?.uuid ?? (await pendingEpisodes(services, graph.group, (episode) => episode.uuid === uuidOrName))[0];
  if (uuid !== undefined) return uuid;
  throw missing('episode', uuidOrName, graph);
}

async function sessionOf(services: Services, graph: GroupGraph, session: string): Promise<string[]> {
  const { isOfSession, sessionEpisodes } = await import('../graph/queries/episodes.ts');
  const unread = await pendingEpisodes(
    services,
    graph.group,
    ({ saga, metadata }) => saga === session || isOfSession(metadata, session),
  );
  return [...new Set([...unread, ...(await sessionEpisodes(graph, session))])];
}

/** The uuids of matching episodes in the queue or on this machine's disk. */
async function pendingEpisodes(
  { config, queues: openedQueues }: Services,
  group: string,
  matches: (episode: { uuid?: string; saga?: string | null; metadata?: unknown }) => boolean,
): Promise<string[]> {
  const [{ findJobs }, { findSpooled }, { openSpool }] = await Promise.all([
    import('../queue/forgotten-job.ts'),
    import('../queue/spool/search.ts'),
    import('../queue/spool/spool.ts'),
  ]);
  // Searched in the order in which episodes move (disk, queue, graph), so that none is missed.
  const spool = openSpool(config.home, config.spoolLimit);
  const spooled = await findSpooled(spool, ({ episode }) => episode.group === group && matches(episode));
  const { queues, ask } = await openedQueues();
  return [...spooled, ...(await ask((valkey) => findJobs(queues.store, valkey, group, matches)))];
}

const short = (text: string) => truncated(oneLine(text), 60);

function missing(kind: string, name: string, { group }: GroupGraph): InvalidInputError {
  return new InvalidInputError(`There is no ${kind} "${short(name)}" in the memory "${group}".`);
}
