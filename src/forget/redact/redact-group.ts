import { dirname } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { StaleFenceError } from '../../errors.ts';
import type { CommitChanges, MaskedEpisode } from '../../graph/commit-changes.ts';
import type { Graphs } from '../../graph/graphs.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import { commit } from '../../graph/queries/commit.ts';
import { readChangeHead, readFence } from '../../graph/queries/fence.ts';
import { episodesToCut } from '../../graph/queries/passage-upkeep.ts';
import { episodeUuids } from '../../graph/queries/record.ts';
import { deleteMemo } from '../../ingest/memo.ts';
import { openJournal } from '../../journal/journal.ts';
import { withLegacyKeys } from '../../journal/migrate-keys.ts';
import type { Embedder } from '../../models/embedder.ts';
import { listActiveJobIds } from '../../queue/bullmq-layout.ts';
import type { StoreJob } from '../../queue/jobs.ts';
import { episodeJobs, maskJob, type StoredJob } from '../../queue/mask-jobs.ts';
import { mapSpooled } from '../../queue/spool/search.ts';
import type { Spool } from '../../queue/spool/spool.ts';
import { clearCache } from '../../reader/cache.ts';
import { clearRecalled } from '../../redaction/clear-recalled.ts';
import type { JournalKey } from '../../settings.ts';
import { toGraphTime } from '../../time.ts';
import { replaceVersion } from '../../valkey/keys.ts';
import type { Lease, Leases } from '../../valkey/lease.ts';
import { embedNewTexts } from '../embed-new-texts.ts';
import { type KnownSecrets, openKnownSecrets } from './known-secrets.ts';
import { type JournalMask, maskEntry } from './mask-journal.ts';
import { learnEpisodeSecrets, maskEpisode, maskQueuedEpisode } from './mask-values.ts';
import { isPlanCurrent, type OptimisticPlan, planOptimistically } from './optimistic-plan.ts';
import { planRedaction, type RedactionEffects, type RedactionPlan } from './plan.ts';

/** The masked content, without any of its text, since the result of the task is stored for a while. */
export interface MaskedGroup extends RedactionEffects {
  /** Number of distinct secrets of each kind. */
  readonly secrets: Readonly<Record<string, number>>;
  readonly elsewhere: MaskedCopies;
}

/** How many copies outside the graph were masked; model results and cached answers are removed. */
export interface MaskedCopies {
  readonly jobs: number;
  readonly spooled: number;
  readonly memos: number;
  readonly journal: number;
  readonly cached: number;
}

export interface RedactionParts {
  readonly graphs: Graphs;
  readonly valkey: Redis;
  readonly leases: Leases;
  readonly queue: Queue;
  readonly spool: Spool;
  readonly journalKey?: JournalKey | undefined;
  readonly embedder: Embedder;
}

/*
 * Masks the secrets of a group that today's rules find:
 * 1. Learn the secrets of the spool, the queue and the graph, in the order in which an episode passes them, and plan the changes of the
 *    graph: that reads all of it, twice, while others commit.
 * 2. Take the lease, so that nobody commits. If there was a commit since, or if the spool and the queue have new secrets, learn and plan
 * again.
 * 3. Stop and try again later if an active job has one: its worker would store it.
 * 4. Mask what only repeats a secret: spool, jobs, model results, journal, graph.
 * 5. Mask the texts by which a secret is recognised: graph, spool, jobs.
 * 6. If an episode with a secret was recorded or queued meanwhile, which needs no lease, learn and plan again under the lease, and
 * continue at 3. What was learned stays known.
 * 7. Change the version; remove cached answers, the texts of FalkorDB's latest queries and checkpoints.
 * Each step may be repeated: what is masked is not found again, and a killed worker's successor still finds the rest, since the texts by which
 * it is recognised are the last ones.
 */

const MOST_ROUNDS = 5;

/** @param onMasking called under the lease before anything is changed */
export async function redactGroup(
  parts: RedactionParts,
  group: string,
  onMasking: (lease: Lease) => Promise<void>,
): Promise<MaskedGroup> {
  const { graphs, valkey, leases } = parts;
  const known = openKnownSecrets();
  const ahead = await planOptimistically(graphs.group(group), known, () => learnWaiting(parts, group, known));
  const lease = await leases.take(group);
  try {
    const masked = emptyCounts();
    const masking = { known, masked, lease, onMasking };
    // The plan made ahead lacks the episodes for which there is another round.
    for (let round = 1; !(await maskRound(parts, group, masking, round === 1 ? ahead : undefined)); round += 1)
      if (round === MOST_ROUNDS)
        throw new StaleFenceError(`The memory "${group}" keeps receiving episodes with secrets; this is tried again.`);
    await replaceVersion(valkey, group);
    await graphs.forgetQueries(group);
    await graphs.dropCheckpoints(group);
    const cached = await clearCache(valkey, group);
    const { episodes, facts, entities, summaries, jobs, spooled, memos, journal } = masked;
    return {
      ...{ episodes: [...episodes], facts: [...facts], entities: [...entities], summaries },
      secrets: known.counts(),
      elsewhere: { memos, journal, cached, spooled, jobs: jobs.size },
    };
  } finally {
    await lease.release();
  }
}

const emptyCounts = () => ({
  ...{ episodes: new Set<string>(), facts: new Set<string>(), entities: new Set<string>(), jobs: new Set<string>() },
  ...{ summaries: 0, spooled: 0, memos: 0, journal: 0 },
});

interface Masking {
  readonly known: KnownSecrets;
  /** Counts what was masked in all rounds. */
  readonly masked: ReturnType<typeof emptyCounts>;
  readonly lease: Lease;
  readonly onMasking: (lease: Lease) => Promise<void>;
}

/** @returns false if an episode with a secret was recorded or queued meanwhile */
async function maskRound(
  parts: RedactionParts,
  group: string,
  { known, masked, lease, onMasking }: Masking,
  ahead: OptimisticPlan | undefined,
): Promise<boolean> {
  const { graphs, valkey, queue, spool } = parts;
  const graph = graphs.group(group);
  const seen = await readFence(graph);
  const jobs = await learnWaiting(parts, group, known);
  // Before the graph is read: the plan lacks texts that a running job adds later.
  const active = await listActiveJobIds(queue, valkey);
  const isAhead = ahead !== undefined && (await isPlanCurrent(ahead, graph, known));
  const plan = isAhead ? ahead.plan : await planRedaction(graph, known);
  const withSecrets = jobs.filter((job) => isChanged(contentsOf(job), maskedJob(known, job)));
  if (withSecrets.some(({ id }) => active.has(id))) throw beingRead(group);

  await onMasking(lease);
  await clearRecalled(dirname(spool.folder));
  masked.spooled += await maskSpooled(spool, group, known, 'repeating');
  const { uuids: repeating } = await maskJobs(parts, group, known, 'repeating');
  const concerned = [...withSecrets.map(({ payload }) => payload.uuid), ...repeating];
  const copies = await maskKeys(parts, group, plan, known, concerned);
  const embedder = async () => {
    await graph.checkNow(parts.embedder);
    return parts.embedder;
  };
  const between = await commitAll(graph, plan.repeating, seen, lease, embedder);
  const isComplete = !(await hasUnread(graph, plan, known));
  // Texts that were recorded meanwhile may repeat a secret that only these texts reveal.
  if (isComplete) await commitAll(graph, plan.recognised, between, lease, embedder);
  masked.summaries += summariesIn(plan.repeating) + (isComplete ? summariesIn(plan.recognised) : 0);
  masked.memos += copies.memos;
  masked.journal += copies.journal;
  for (const name of ['episodes', 'facts', 'entities'] as const)
    for (const uuid of plan.effects[name]) masked[name].add(uuid);
  for (const uuid of repeating) masked.jobs.add(uuid);
  if (!isComplete) return false;

  masked.spooled += await maskSpooled(spool, group, known, 'all');
  const last = await maskJobs(parts, group, known, 'all');
  for (const uuid of last.uuids) masked.jobs.add(uuid);
  return last.gone === 0 && !(await hasUnread(graph, plan, known));
}

const summariesIn = (commits: RedactionPlan['repeating']): number =>
  commits.reduce(
    (sum, { summaries, maskedSagas, removedCommunities }) =>
      sum + summaries.length + maskedSagas.length + removedCommunities.length,
    0,
  );

/** Whether the graph has an episode with a secret that was recorded after the plan read the episodes. */
async function hasUnread(graph: GroupGraph, { read }: RedactionPlan, known: KnownSecrets): Promise<boolean> {
  const unread = (await episodeUuids(graph)).filter((uuid) => !read.has(uuid));
  for (let from = 0; from < unread.length; from += UNREAD_AT_ONCE)
    for (const episode of await episodesToCut(graph, unread.slice(from, from + UNREAD_AT_ONCE)))
      if (isChanged(episode, maskEpisode(known, episode, learnEpisodeSecrets(known, episode)))) return true;
  return false;
}

const UNREAD_AT_ONCE = 64;

/** The effects that `redactGroup` would have; nothing is changed. */
export async function previewGroupRedaction(
  graph: GroupGraph,
  { jobs, spool }: { readonly jobs: readonly StoredJob[]; readonly spool: Spool },
): Promise<MaskedGroup> {
  const { group } = graph;
  const known = openKnownSecrets();
  let spooled = 0;
  await learnSpooled(spool, group, known);
  for (const { payload } of jobs) learnEpisodeSecrets(known, payload);
  const { effects } = await planRedaction(graph, known);
  await mapSpooled(spool, (one) => {
    if (one.episode.group === group && isChanged(one.episode, maskQueuedEpisode(known, one.episode))) spooled += 1;
    return one;
  });
  const count = jobs.filter(({ payload }) => isChanged(payload, maskQueuedEpisode(known, payload))).length;
  return { ...effects, secrets: known.counts(), elsewhere: { jobs: count, spooled, memos: 0, journal: 0, cached: 0 } };
}

/** The same for a restored scratch graph, whose fence and change id stay. @returns how many elements were masked */
export async function redactScratch(graph: GroupGraph, embedder: () => Promise<Embedder>): Promise<number> {
  const { token, changeId } = await readChangeHead(graph);
  const plan = await planRedaction(graph, openKnownSecrets());
  const unlogged: GroupGraph = {
    ...graph,
    change: (query, params) => graph.write(query, { ...params, after: changeId, mark: changeId }),
  };
  for (const changes of [...plan.repeating, ...plan.recognised])
    await commit(unlogged, await fenced(changes, { fence: token, seen: token }, embedder));
  const { episodes, facts, entities } = plan.effects;
  return episodes.length + facts.length + entities.length;
}

async function commitAll(
  graph: GroupGraph,
  commits: RedactionPlan['repeating'],
  before: number,
  lease: Lease,
  embedder: () => Promise<Embedder>,
): Promise<number> {
  let seen = before;
  for (const changes of commits) {
    const { fence } = lease;
    const complete = await fenced(changes, { fence, seen }, embedder);
    if (!lease.isHeld() || !(await commit(graph, complete)))
      throw new StaleFenceError(`The memory "${graph.group}" was changed in the meantime; this is tried again.`);
    seen = fence;
  }
  return seen;
}

const fenced = async (
  changes: RedactionPlan['repeating'][number],
  fence: Pick<CommitChanges, 'fence' | 'seen'>,
  embedder: () => Promise<Embedder>,
): Promise<CommitChanges> => ({ ...(await embedNewTexts(changes, embedder)), ...fence, now: toGraphTime(new Date()) });

/** Learns the secrets of texts that are not in the graph yet. @returns the episodes in the queue */
async function learnWaiting(
  { queue, valkey, spool }: RedactionParts,
  group: string,
  known: KnownSecrets,
): Promise<readonly StoredJob[]> {
  await learnSpooled(spool, group, known);
  const jobs = await episodeJobs(queue, valkey, group);
  for (const { payload } of jobs) learnEpisodeSecrets(known, payload);
  return jobs;
}

async function learnSpooled(spool: Spool, group: string, known: KnownSecrets): Promise<void> {
  await mapSpooled(spool, (one) => {
    if (one.episode.group === group) learnEpisodeSecrets(known, one.episode);
    return one;
  });
}

/** Masks the episodes that wait on this machine's disk. @returns how many had secrets */
export async function maskSpooled(
  spool: Spool,
  group: string,
  known = openKnownSecrets(),
  which: Which = 'all',
): Promise<number> {
  return mapSpooled(spool, (one) => {
    if (one.episode.group !== group || !isMeant(which, known, one.episode)) return one;
    const episode = maskQueuedEpisode(known, one.episode);
    return isChanged(one.episode, episode) ? { ...one, episode } : one;
  });
}

const isChanged = (before: object, after: object): boolean => JSON.stringify(before) !== JSON.stringify(after);

/** All episodes, or only those in which no secret is recognised without other texts. */
type Which = 'repeating' | 'all';

const isMeant = (which: Which, known: KnownSecrets, { content, metadata }: Pick<StoreJob, 'content' | 'metadata'>) =>
  which === 'all' || !known.isRecognised(`${content}\n${metadata ? JSON.stringify(metadata) : ''}`);

const contentsOf = ({ payload, failure }: StoredJob) => ({ payload, failure });
const maskedJob = (known: KnownSecrets, { payload, failure }: StoredJob) => ({
  payload: maskQueuedEpisode(known, payload),
  failure: failure && known.mask(failure),
});

const beingRead = (group: string) =>
  new StaleFenceError(
    `An episode of the memory "${group}" with a secret is being read; this is tried again once that has ended.`,
  );

/** @returns uuids of the episodes whose jobs were masked, and how many others were gone or changed meanwhile */
async function maskJobs(
  { queue, valkey }: RedactionParts,
  group: string,
  known: KnownSecrets,
  which: Which,
): Promise<{ readonly uuids: readonly string[]; readonly gone: number }> {
  const uuids: string[] = [];
  let gone = 0;
  for (const job of await episodeJobs(queue, valkey, group)) {
    if (!isMeant(which, known, job.payload)) continue;
    const after = maskedJob(known, job);
    if (!isChanged(contentsOf(job), after)) continue;
    const outcome = await maskJob(queue, valkey, job, after);
    if (outcome === 'active') throw beingRead(group);
    if (outcome === 'masked') uuids.push(job.payload.uuid);
    else gone += 1;
  }
  return { uuids, gone };
}

async function maskKeys(
  { valkey, journalKey }: RedactionParts,
  group: string,
  { repeating, recognised, replacements, ownSecrets, summarySecrets }: RedactionPlan,
  known: KnownSecrets,
  jobs: readonly string[],
): Promise<Pick<MaskedCopies, 'memos' | 'journal'>> {
  const masked = new Map<string, MaskedEpisode>(
    [...repeating, ...recognised].flatMap(({ maskedEpisodes }) =>
      maskedEpisodes.map((episode) => [episode.uuid, episode] as const),
    ),
  );
  const mask: JournalMask = { known, replacements, ownSecrets, summarySecrets, masked };
  const inKeys = async (connection: Redis, isJournalOurs: boolean) => {
    const memos = await deleteMemo(connection, group, [...new Set([...masked.keys(), ...jobs])]);
    const { rewrite } = openJournal(connection, { key: journalKey });
    return { memos, journal: isJournalOurs ? await rewrite(group, (entry) => maskEntry(entry, mask)) : 0 };
  };
  const counts = await inKeys(valkey, true);
  await withLegacyKeys(valkey, group, async (earlier, isOurs) => {
    await inKeys(earlier, isOurs);
    await clearCache(earlier, group);
  });
  return counts;
}
