import type { Redis } from 'ioredis';
import { GraphLostError, InvalidInputError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { lacksChangesError } from '../graph/journaled-change.ts';
import { type ChangeHead, readChangeHead } from '../graph/queries/fence.ts';
import { isEmptyGraph } from '../graph/queries/meta-nodes.ts';
import type { Params } from '../graph/query-text.ts';
import { scanKeys } from '../valkey/cluster.ts';
import { installationKey } from '../valkey/keys.ts';
import { changeLogKey, isOlderChange } from './change-log.ts';
import { firstDivergentChange, type ReplayStep, replayStep } from './replay-plan.ts';
import { entriesOf, journalKey, lastId } from './stream.ts';

/*
 * A graph that lost changes, because FalkorDB lost its data or an old copy was restored, looks like any small or old graph. Valkey shows
 * the loss: the change log stores the last change that the graph is known to have taken, with its lease number. Lease numbers only rise,
 * so a graph with a lower one has lost changes. Workers then make no fenced change until the lost ones were replayed (`replay-tail.ts`). If the
 * journal does not have them all, or a change was made to the graph since (`unrepaired`), the journal holds two branches from then on, the
 * lost one and the one that starts at `lost`, and neither may be trimmed until the memory was rebuilt or the loss was accepted.
 */

/** The set of groups with a recorded loss. */
const LOST = 'journal:lost';
export const groupsWithLossKey = (valkey: Redis): string => installationKey(valkey, LOST);

/**
 * The graph took a change. If a change of a later lease than the predecessor's is known, the graph had lost that one. Of two changes of one
 * lease only the journal shows which was first.
 *
 * KEYS[1] head of the group's change log, a hash
 * ARGV[1] lease number of the change's predecessor
 * ARGV[2] lease number of the change
 * ARGV[3] id of the change
 * ARGV[4] id of its predecessor
 * Returns `late` when a change of a later lease is known already, `lost` when the graph had lost a change, `follows` when it had not, or the
 * known change's id when the journal has to decide
 */
const CONFIRM_CHANGE = `
local known = redis.call('HGET', KEYS[1], 'taken')
local token, mark = 0, ''
if known then token, mark = string.match(known, '^(%d+) (.*)$') end
token = tonumber(token)
if tonumber(ARGV[2]) < token then return 'late' end
redis.call('HSET', KEYS[1], 'taken', ARGV[2] .. ' ' .. ARGV[3])
if tonumber(ARGV[1]) < token then return 'lost' end
if tonumber(ARGV[1]) == token and ARGV[4] ~= mark and known then return mark end
return 'follows'`;

/** Records that the graph took a change. @returns true when this reveals, for the first time, that it had lost another */
export async function confirmChange(valkey: Redis, group: string, id: string, params: Params): Promise<boolean> {
  const { fence, seen, mark, after } = params;
  const args = [seen, fence, mark, after].map(String);
  const outcome = String(await valkey.eval(CONFIRM_CHANGE, 1, changeLogKey(valkey, group), ...args));
  if (outcome === 'late' || outcome === 'follows') return false;
  if (outcome !== 'lost' && (await firstDivergentId(valkey, group, String(mark), outcome)) === undefined) return false;
  return recordLoss(valkey, group, id);
}

/**
 * @throws StaleFenceError when the graph lacks changes that it once took, and a worker will replay them; GraphLostError when only a rebuild
 *         restores them
 */
export async function checkLoss(valkey: Redis, group: string, graph: Pick<GroupGraph, 'read'>): Promise<void> {
  const from = await firstOfLost(valkey, group, graph);
  if (from === undefined) return;
  await recordLoss(valkey, group, from);
  throw (await isUnrepaired(valkey, group)) ? graphLostError(group) : lacksChangesError(group);
}

/** Id of the first change after the loss, or the lower bound of its future id; undefined for no loss. */
async function firstOfLost(valkey: Redis, group: string, graph: Pick<GroupGraph, 'read'>): Promise<string | undefined> {
  // Valkey is read first: a change made meanwhile makes the graph newer than Valkey knows, never older.
  const { lost, taken } = await readLossState(valkey, group);
  if (lost !== null) return lost;
  if (!taken) {
    const isLost = (await holdsEpisodes(valkey, group)) && (await isEmptyGraph(graph));
    return isLost ? nextId(valkey, group) : undefined;
  }
  const head = await readChangeHead(graph);
  if (head.changeId === taken.changeId) return undefined;
  const isOlder =
    head.token < taken.token ||
    (head.token === taken.token && (await isOlderChange(valkey, group, head.changeId, taken.changeId)));
  if (isOlder) return nextId(valkey, group);
  // Usually the change was made and noted in between, and the journal, which may be long, need not be read.
  if ((await readLossState(valkey, group)).taken?.changeId === head.changeId) return undefined;
  return firstDivergentId(valkey, group, head.changeId, taken.changeId);
}

/**
 * Whether the graph lacks changes that may be replayed from the journal. `found` when this is the first to notice. Not for a loss that only a
 * rebuild can end: until then the memory goes on without the changes.
 */
export async function lacksTail(
  valkey: Redis,
  group: string,
  graph: Pick<GroupGraph, 'read'>,
): Promise<'no' | 'known' | 'found'> {
  const from = await firstOfLost(valkey, group, graph);
  if (from === undefined || (await isUnrepaired(valkey, group))) return 'no';
  return (await recordLoss(valkey, group, from)) ? 'found' : 'known';
}

/** Whether the lost changes could not be replayed from the journal alone. */
export const isUnrepaired = async (valkey: Redis, group: string): Promise<boolean> =>
  (await valkey.hexists(changeLogKey(valkey, group), 'unrepaired')) === 1;

/** Records that only a rebuild can restore the lost changes. From now on the memory goes on without them. */
export async function recordUnrepaired(valkey: Redis, group: string): Promise<void> {
  await valkey.hset(changeLogKey(valkey, group), 'unrepaired', '1');
}

/**
 * The same with two short reads; a loss that only the whole journal shows is not detected.
 * @param ask runs a call to Valkey
 */
export async function isLost(
  ask: <T>(work: (valkey: Redis) => Promise<T>) => Promise<T>,
  graph: Pick<GroupGraph, 'group' | 'read'>,
): Promise<boolean> {
  const { lost, taken } = await ask((valkey) => readLossState(valkey, graph.group));
  if (lost !== null) return true;
  return taken !== undefined && (await readChangeHead(graph)).token < taken.token;
}

/** Id of the first entry after the graph lost changes; null for no loss. */
export const readLoss = (valkey: Redis, group: string): Promise<string | null> =>
  valkey.hget(changeLogKey(valkey, group), 'lost');

/** Groups whose graph is known to have lost changes. */
export async function lostGroups(valkey: Redis): Promise<string[]> {
  const groups = await valkey.smembers(installationKey(valkey, LOST));
  const losses = await Promise.all(groups.map((group) => readLoss(valkey, group)));
  return groups.filter((_, index) => losses[index] !== null).sort();
}

/** Groups whose graph is known to have lost changes, and whether only a rebuild can restore these. */
export async function lossesOf(valkey: Redis): Promise<readonly { group: string; isUnrepaired: boolean }[]> {
  const groups = await lostGroups(valkey);
  return Promise.all(groups.map(async (group) => ({ group, isUnrepaired: await isUnrepaired(valkey, group) })));
}

/** Records that the graph is at this head, as after a rebuild or restore, and ends a loss. */
export async function recordGraphHead(valkey: Redis, group: string, { token, changeId }: ChangeHead): Promise<void> {
  if (token > 0) await valkey.hset(changeLogKey(valkey, group), 'taken', `${token} ${changeId}`);
  else await valkey.hdel(changeLogKey(valkey, group), 'taken');
  await valkey.hdel(changeLogKey(valkey, group), 'lost', 'unrepaired');
  await valkey.srem(installationKey(valkey, LOST), group);
}

/**
 * Accepts the graph's present state: its journal starts again, with a gap that the next tested archive closes.
 * @throws InvalidInputError when the graph has lost nothing
 */
export async function restartJournal(valkey: Redis, graph: Pick<GroupGraph, 'group' | 'read'>): Promise<void> {
  const { group } = graph;
  if ((await firstOfLost(valkey, group, graph)) === undefined)
    throw new InvalidInputError(`The graph of the memory "${group}" has all its changes; there is no loss to accept.`);
  const [from, mark] = [await nextId(valkey, group), await readChangeHead(graph)];
  await valkey.unlink(journalKey(valkey, group), changeLogKey(valkey, group));
  if (mark.token > 0)
    await valkey.hset(changeLogKey(valkey, group), { mark: mark.changeId, after: mark.changeId, gap: from });
  await recordGraphHead(valkey, group, mark);
}

/** Groups that ever had a fenced change and were not forgotten as a whole. */
export async function journaledGroups(valkey: Redis): Promise<string[]> {
  return groupsWith(valkey, changeLogKey);
}

/** Groups of which the journal has any entry or ever had a fenced change. */
export async function recordedGroups(valkey: Redis): Promise<string[]> {
  return [...new Set([...(await groupsWith(valkey, changeLogKey)), ...(await groupsWith(valkey, journalKey))])].sort();
}

async function groupsWith(valkey: Redis, keyOf: (valkey: Redis, group: string) => string): Promise<string[]> {
  const groups = new Set<string>();
  const [before, after] = keyOf(valkey, '\n').split('\n') as [string, string];
  for await (const keys of scanKeys(valkey, keyOf(valkey, '*')))
    for (const key of keys) groups.add(key.slice(before.length, key.length - after.length));
  return [...groups].sort();
}

/** Those of the groups whose journal begins before `time`, in milliseconds since 1970 by Valkey's clock. */
export async function journaledBefore(valkey: Redis, groups: readonly string[], time: number): Promise<string[]> {
  const first = await Promise.all(
    groups.map((group) => valkey.xrange(journalKey(valkey, group), '-', '+', 'COUNT', 1)),
  );
  return groups.filter((_, index) => {
    const [[id] = []] = first[index] ?? [];
    return id !== undefined && Number(id.split('-')[0]) < time;
  });
}

export interface LossState {
  readonly lost: string | null;
  readonly taken: ChangeHead | undefined;
}

export async function readLossState(valkey: Redis, group: string): Promise<LossState> {
  const [lost = null, taken, after] = await valkey.hmget(changeLogKey(valkey, group), 'lost', 'taken', 'after');
  const [token, mark] = taken?.split(' ') ?? [];
  if (token !== undefined && mark !== undefined) return { lost, taken: { token: Number(token), changeId: mark } };
  // Earlier releases stored only the last change's predecessor, which had been read from the graph.
  return { lost, taken: after ? { token: 1, changeId: after } : undefined };
}

async function recordLoss(valkey: Redis, group: string, id: string): Promise<boolean> {
  const isNew = (await valkey.hsetnx(changeLogKey(valkey, group), 'lost', id)) === 1;
  await valkey.sadd(installationKey(valkey, LOST), group);
  return isNew;
}

/** Where the path to `changeId` leaves the path to the change that the graph had taken; reads the whole journal. */
async function firstDivergentId(
  valkey: Redis,
  group: string,
  changeId: string,
  taken: string,
): Promise<string | undefined> {
  const steps: ReplayStep[] = [];
  for await (const entry of entriesOf(valkey, group)) steps.push(replayStep(entry));
  return firstDivergentChange(steps, changeId, taken);
}

/** Whether the journal has anything other than the creation of indexes. */
async function holdsEpisodes(valkey: Redis, group: string): Promise<boolean> {
  for await (const entry of entriesOf(valkey, group)) if (replayStep(entry).embedder === null) return true;
  return false;
}

async function nextId(valkey: Redis, group: string): Promise<string> {
  const [time = '0', place = '0'] = (await lastId(valkey, group)).split('-');
  return `${time}-${Number(place) + 1}`;
}

const graphLostError = (group: string): GraphLostError =>
  new GraphLostError(
    `The graph of the memory "${group}" lacks changes that it had applied: FalkorDB lost them, or an older copy was loaded. Restore them with \`memory-manager archive rebuild --replace --group ${group}\`; until then the memory is not exported, its journal is not trimmed and its archives are not pruned.`,
  );
