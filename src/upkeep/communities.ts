import { derivedUuid } from '../derived-uuid.ts';
import { ModelFailedError, UnusableReplyError } from '../errors.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import {
  type CommunityEdge,
  type MemberRow,
  readCommunities,
  readCommunityEdges,
  readMembers,
  replaceCommunities,
} from '../graph/queries/communities.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import type { Summary } from '../models/language-model.ts';
import { withCurrentSummaries } from '../search/answer/outdated/current-summaries.ts';
import { oneLine, truncated } from '../text.ts';
import { storableText, takeWithinBudget, type UpkeepParts, writeUnderLease } from './write-under-lease.ts';

/** The loop always ends before; the bound is a safeguard. */
const MOST_ROUNDS = 100;

type Neighbours = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Communities by label propagation (Raghavan, Albert and Kumara 2007, "Near linear time algorithm to detect community structures in
 * large-scale networks"): every node begins with its own label and takes, again and again, the one that weighs most among its neighbours.
 * Nodes are updated in the order of their names and see earlier updates at once. Among labels of equal weight a node keeps its own, otherwise
 * it takes the smallest. Each change raises the total weight inside communities, so the algorithm ends, and the result does not depend on the
 * order of `edges`.
 *
 * @returns each community's members, sorted; at least two, since a node without edges belongs to no community
 */
export function detectCommunities(edges: readonly CommunityEdge[]): string[][] {
  const neighbours = neighboursOf(edges);
  const labels = new Map([...neighbours.keys()].map((node) => [node, node]));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let changed = false;
    for (const [node, around] of neighbours) {
      const label = heaviest(around, labels, labels.get(node) ?? node);
      changed ||= label !== labels.get(node);
      labels.set(node, label);
    }
    if (!changed) break;
  }
  return connectedParts(neighbours, labels);
}

/** The total weight of each node's edges. */
export function degreeWeights(edges: readonly CommunityEdge[]): Map<string, number> {
  const sums = [...neighboursOf(edges)].map(
    ([node, around]) => [node, [...around.values()].reduce((a, b) => a + b)] as const,
  );
  return new Map(sums);
}

function neighboursOf(edges: readonly CommunityEdge[]): Neighbours {
  const neighbours = new Map<string, Map<string, number>>();
  for (const { a, b, weight } of edges.filter((edge) => edge.a !== edge.b))
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const around = neighbours.get(from) ?? new Map<string, number>();
      neighbours.set(from, around.set(to, (around.get(to) ?? 0) + weight));
    }
  return new Map([...neighbours].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function heaviest(around: ReadonlyMap<string, number>, labels: ReadonlyMap<string, string>, own: string): string {
  const sums = new Map<string, number>([[own, 0]]);
  for (const [neighbour, weight] of around) {
    const label = labels.get(neighbour) ?? neighbour;
    sums.set(label, (sums.get(label) ?? 0) + weight);
  }
  let best = own;
  for (const [label, sum] of sums) {
    const most = sums.get(best) ?? 0;
    if (sum > most || (sum === most && best !== own && label < best)) best = label;
  }
  return best;
}

/** Nodes with the same label that are not connected through such nodes are several communities, as in the paper. */
function connectedParts(neighbours: Neighbours, labels: ReadonlyMap<string, string>): string[][] {
  const seen = new Set<string>();
  const parts: string[][] = [];
  for (const start of neighbours.keys()) {
    if (seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    for (const node of part)
      for (const next of neighbours.get(node)?.keys() ?? [])
        if (!seen.has(next) && labels.get(next) === labels.get(start)) {
          seen.add(next);
          part.push(next);
        }
    parts.push(part.sort());
  }
  return parts.filter(({ length }) => length > 1);
}

/** The number of communities, and of entities that belong to them. */
export interface CommunityBuildResult {
  readonly communities: number;
  readonly members: number;
}

const CALLS_AT_ONCE = 4;
const LONGEST_TEXT = 12_000;
const LONGEST_NAME = 100;

interface Community {
  readonly uuid: string;
  /** Hash of its members' names and summaries. */
  readonly hash: string;
  /** The most connected first. */
  readonly members: readonly MemberRow[];
}

/**
 * Recomputes the communities of a group and summarizes those that are new or whose members' summaries changed. Summaries of a failed
 * attempt are reused by the next one.
 */
export function openCommunityBuilder(parts: UpkeepParts): (group: string) => Promise<CommunityBuildResult> {
  const summariesByHash = new Map<string, Summary>();

  async function summarize({ hash, members }: Community): Promise<Summary> {
    const known = summariesByHash.get(hash);
    if (known) return known;
    const texts = takeWithinBudget(members.map(line), LONGEST_TEXT);
    const { summaries } = await parts.languageModel.summarize([
      { kind: 'community', name: '', previousSummary: '', texts },
    ]);
    const [summary] = summaries;
    if (!summary?.text)
      throw new UnusableReplyError(`The language model gave no summary of the community of ${members[0]?.name}.`);
    summariesByHash.set(hash, summary);
    return summary;
  }

  return async (group) => {
    const graph = parts.graphs.group(group);
    // Reading communities must not create a graph that does not exist.
    if (!(await graph.check(parts.embedder))) return { communities: 0, members: 0 };
    const [found, stored] = await Promise.all([findCommunities(graph), readCommunities(graph)]);
    const asStored = new Map(stored.map(({ uuid, hash }) => [uuid, hash]));
    const kept = found.filter(({ uuid, hash }) => asStored.get(uuid) === hash);
    const fresh = found.filter((community) => !kept.includes(community));
    if (fresh.length > 0 || stored.length > kept.length) {
      const summaries = await mapConcurrently(fresh, CALLS_AT_ONCE, summarize);
      const names = fresh.map(({ members }, place) => nameOf(summaries[place], members));
      const vectors = await embed(parts, names);
      const written = fresh.map(({ uuid, hash, members }, place) => ({
        uuid,
        hash,
        name: names[place] ?? '',
        summary: storableText(summaries[place]?.text ?? ''),
        embedding: vectors[place] ?? [],
        members: members.map((member) => ({ uuid: member.uuid, edge: derivedUuid('has member', uuid, member.uuid) })),
      }));
      await writeUnderLease(parts, graph, async (fenced) => {
        await graph.checkNow(parts.embedder);
        // Another build may have replaced the kept communities meanwhile.
        const now = new Map((await readCommunities(graph)).map(({ uuid, hash }) => [uuid, hash]));
        if (kept.some(({ uuid, hash }) => now.get(uuid) !== hash)) return false;
        return replaceCommunities(graph, { ...fenced, now: new Date(), kept: kept.map(({ uuid }) => uuid), written });
      });
      for (const { hash } of fresh) summariesByHash.delete(hash);
    }
    return { communities: found.length, members: found.reduce((sum, { members }) => sum + members.length, 0) };
  };
}

async function findCommunities(graph: GroupGraph): Promise<Community[]> {
  const moment = { asOf: instant(new Date()) };
  const edges = await readCommunityEdges(graph, moment);
  const weight = degreeWeights(edges);
  const current = await withCurrentSummaries(graph, await readMembers(graph, [...weight.keys()]), moment);
  const rows = new Map(current.map((row) => [row.uuid, row]));
  return detectCommunities(edges).map((uuids) => {
    const members = uuids.flatMap((uuid) => rows.get(uuid) ?? []);
    return {
      // Both are derived from the members sorted by uuid, so that the same community is recognised.
      uuid: derivedUuid('community', graph.group, ...uuids),
      hash: derivedUuid('told', ...members.flatMap(({ uuid, name, summary }) => [uuid, name, summary])),
      members: members.sort((a, b) => (weight.get(b.uuid) ?? 0) - (weight.get(a.uuid) ?? 0)),
    };
  });
}

async function embed({ embedder }: UpkeepParts, names: readonly string[]): Promise<number[][]> {
  const vectors = names.length > 0 ? await embedder.embed(names) : [];
  if (vectors.length === names.length && vectors.every(({ length }) => length === embedder.dimension)) return vectors;
  throw new ModelFailedError(
    `The embedder ${embedder.model} did not give one vector of the right length for each text.`,
  );
}

const line = ({ name, summary }: MemberRow): string => (summary === '' ? name : `${name}: ${oneLine(summary)}`);

/** A community without a name from the model is named after its most connected members. */
function nameOf(summary: Summary | undefined, members: readonly MemberRow[]): string {
  const title = storableText(oneLine(summary?.title ?? ''), LONGEST_NAME);
  return title || truncated(members.map(({ name }) => name).join(', '), LONGEST_NAME);
}
