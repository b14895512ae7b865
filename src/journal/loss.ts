import type { Redis } from 'ioredis';
import { GraphLostError, InvalidInput } from '../errors.ts';
import type { Params } from '../graph/codec.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type Mark, readMark } from '../graph/queries/fence.ts';
import { isEmpty } from '../graph/queries/meta.ts';
import { ownKey } from '../valkey/keys.ts';
import { chainKey } from './chain.ts';
import { forkOf, type Step, stepOf } from './plan.ts';
import { entriesOf, journalKey, lastId } from './stream.ts';

/*
 * A graph that lost changes, as when FalkorDB lost its data or an old copy of them was put back, looks like any other graph that is
 * small or old. What tells is Valkey: the journal's chain notes the last change that the graph is known to have taken, with the number of
 * its lease. Those numbers only rise, so a graph with a lower one has lost something. From then on the journal holds two branches: the lost one
 * and the one that began anew at `lost`, and neither may be trimmed until the memory was rebuilt or the loss was accepted.
 */

/** Groups in whose journals a loss is noted. */
const LOST = 'journal:lost';

// A change that the graph took followed on `seen`. Where a later lease's change is known, the graph had lost that one. Of two changes of one
// lease only the journal tells which was first: then the mark of the known one is given.
const CONFIRM = `
local known = redis.call('HGET', KEYS[1], 'taken')
local token, mark = 0, ''
if known then token, mark = string.match(known, '^(%d+) (.*)$') end
token = tonumber(token)
if tonumber(ARGV[2]) < token then return 'late' end
redis.call('HSET', KEYS[1], 'taken', ARGV[2] .. ' ' .. ARGV[3])
if tonumber(ARGV[1]) < token then return 'lost' end
if tonumber(ARGV[1]) == token and ARGV[4] ~= mark and known then return mark end
return 'follows'`;

/** Notes that the graph took a change. @returns true when that shows, for the first time, that it had lost another before */
export async function confirmTaken(valkey: Redis, group: string, id: string, params: Params): Promise<boolean> {
  const { fence, seen, mark, after } = params;
  const own = [seen, fence, mark, after].map(String);
  const outcome = String(await valkey.eval(CONFIRM, 1, chainKey(valkey, group), ...own));
  if (outcome === 'late' || outcome === 'follows') return false;
  if (outcome !== 'lost' && (await forkId(valkey, group, String(mark), outcome)) === undefined) return false;
  return noteLoss(valkey, group, id);
}

/** @throws GraphLostError when the graph lacks changes that it once took */
export async function checkLoss(valkey: Redis, group: string, graph: Pick<GroupGraph, 'read'>): Promise<void> {
  const from = await firstOfLost(valkey, group, graph);
  if (from === undefined) return;
  await noteLoss(valkey, group, from);
  throw graphLost(group);
}

/** Id of the first change after the loss, or the id that it will be above; undefined where nothing was lost. */
async function firstOfLost(valkey: Redis, group: string, graph: Pick<GroupGraph, 'read'>): Promise<string | undefined> {
  // Valkey first: what the graph takes meanwhile may make it newer than what Valkey knows, never older.
  const { lost, taken } = await readTaken(valkey, group);
  if (lost !== null) return lost;
  if (!taken) {
    const isLost = (await holdsEpisodes(valkey, group)) && (await isEmpty(graph));
    return isLost ? nextId(valkey, group) : undefined;
  }
  const mark = await readMark(graph);
  if (mark.mark === taken.mark) return undefined;
  const isOlder = mark.token < taken.token;
  return isOlder ? nextId(valkey, group) : forkId(valkey, group, mark.mark, taken.mark);
}

/**
 * The same in two short questions; a loss that only the journal as a whole tells is not seen.
 * @param ask asks Valkey
 */
export async function isLost(
  ask: <T>(work: (valkey: Redis) => Promise<T>) => Promise<T>,
  graph: Pick<GroupGraph, 'group' | 'read'>,
): Promise<boolean> {
  const { lost, taken } = await ask((valkey) => readTaken(valkey, graph.group));
  if (lost !== null) return true;
  return taken !== undefined && (await readMark(graph)).token < taken.token;
}

/** Id from which on the journal tells of a graph that had lost changes; null for none. */
export const readLoss = (valkey: Redis, group: string): Promise<string | null> =>
  valkey.hget(chainKey(valkey, group), 'lost');

/** Groups whose graph is known to have lost changes. */
export async function lostGroups(valkey: Redis): Promise<string[]> {
  const groups = await valkey.smembers(ownKey(valkey, LOST));
  const losses = await Promise.all(groups.map((group) => readLoss(valkey, group)));
  return groups.filter((_, index) => losses[index] !== null).sort();
}

/** The graph is known to be at `mark`, as after it was rebuilt or restored, whatever was lost before. */
export async function settleLoss(valkey: Redis, group: string, { token, mark }: Mark): Promise<void> {
  if (token > 0) await valkey.hset(chainKey(valkey, group), 'taken', `${token} ${mark}`);
  else await valkey.hdel(chainKey(valkey, group), 'taken');
  await valkey.hdel(chainKey(valkey, group), 'lost');
  await valkey.srem(ownKey(valkey, LOST), group);
}

/**
 * Makes the graph as it is now the memory: its journal begins again, with a gap that the next proven archive closes.
 * @throws InvalidInput when the graph lacks nothing that it had taken
 */
export async function acceptLoss(valkey: Redis, graph: Pick<GroupGraph, 'group' | 'read'>): Promise<void> {
  const { group } = graph;
  if ((await firstOfLost(valkey, group, graph)) === undefined)
    throw new InvalidInput(
      `The graph of the memory "${group}" has all changes that it took; there is no loss to accept.`,
    );
  const [from, mark] = [await nextId(valkey, group), await readMark(graph)];
  await valkey.unlink(journalKey(valkey, group), chainKey(valkey, group));
  if (mark.token > 0) await valkey.hset(chainKey(valkey, group), { mark: mark.mark, after: mark.mark, gap: from });
  await settleLoss(valkey, group, mark);
}

/** Groups to which changes behind a fence were ever noted, and that no forgetting of a whole group has removed. */
export async function journaledGroups(valkey: Redis): Promise<string[]> {
  const groups = new Set<string>();
  const [before, after] = chainKey(valkey, '\n').split('\n') as [string, string];
  for await (const keys of valkey.scanStream({ match: chainKey(valkey, '*'), count: 1000 }))
    for (const key of keys as string[]) groups.add(key.slice(before.length, key.length - after.length));
  return [...groups].sort();
}

interface Taken {
  readonly lost: string | null;
  readonly taken: Mark | undefined;
}

async function readTaken(valkey: Redis, group: string): Promise<Taken> {
  const [lost = null, taken, after] = await valkey.hmget(chainKey(valkey, group), 'lost', 'taken', 'after');
  const [token, mark] = taken?.split(' ') ?? [];
  if (token !== undefined && mark !== undefined) return { lost, taken: { token: Number(token), mark } };
  // Earlier releases noted only what the last change followed on, which somebody had read from the graph.
  return { lost, taken: after ? { token: 1, mark: after } : undefined };
}

async function noteLoss(valkey: Redis, group: string, id: string): Promise<boolean> {
  const isNew = (await valkey.hsetnx(chainKey(valkey, group), 'lost', id)) === 1;
  await valkey.sadd(ownKey(valkey, LOST), group);
  return isNew;
}

/** Where the way to `mark` leaves the way to what the graph had taken; reads the whole journal. */
async function forkId(valkey: Redis, group: string, mark: string, taken: string): Promise<string | undefined> {
  const steps: Step[] = [];
  for await (const entry of entriesOf(valkey, group)) steps.push(stepOf(entry));
  return forkOf(steps, mark, taken);
}

/** Whether anything was noted beside the making of a graph's indexes. */
async function holdsEpisodes(valkey: Redis, group: string): Promise<boolean> {
  for await (const entry of entriesOf(valkey, group)) if (stepOf(entry).embedder === null) return true;
  return false;
}

async function nextId(valkey: Redis, group: string): Promise<string> {
  const [time = '0', place = '0'] = (await lastId(valkey, group)).split('-');
  return `${time}-${Number(place) + 1}`;
}

const graphLost = (group: string): GraphLostError =>
  new GraphLostError(
    `The graph of the memory "${group}" lacks changes that it had taken: FalkorDB lost them, or an older copy was put in place. Bring them back with \`memory-manager archive rebuild --replace --group ${group}\`; until then nothing of it is exported, trimmed or pruned.`,
  );
