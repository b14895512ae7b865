import type { GroupGraph } from '../../graph/group-graph.ts';
import { entityHistory, findEntitiesByName } from '../../graph/queries/entities.ts';
import { countFacts, type FactRow } from '../../graph/queries/search-facts.ts';
import { normalizedTime } from '../../graph/queries/time-conditions.ts';
import {
  anyFacts,
  countFactsOf,
  type FactStartRange,
  latestFacts,
  latestFactsOf,
} from '../../graph/queries/timeline.ts';
import { type EndedFact, withEnds } from '../../search/fact-ends.ts';
import { type Source, typeOf } from '../../search/results.ts';
import { withFactSources } from '../../search/sources.ts';
import { DAY, toGraphTime } from '../../time.ts';
import type { GroupOptions } from '../options.ts';
import { toCheckedGraphTime } from '../query.ts';
import type { Services } from '../services.ts';
import { checkEntityName, checkLimit } from './cached-read.ts';

export interface TimelineOptions extends GroupOptions {
  /** Name, alias or uuid of an entity; default: the whole memory. */
  readonly entity?: string;
  /** Of a memory or an entity with more than `limit` facts: those that had not ended before this time. */
  readonly from?: Date;
  /** Of a memory or an entity with more than `limit` facts: those that began by this time. */
  readonly to?: Date;
  /** From 1 to 5,000; default 1,000. */
  readonly limit?: number;
}

/** A fact with the episodes that state it and, if it has ended, with what ended it. */
export interface TimelineFactRow extends EndedFact<FactRow> {
  /** Earliest first. */
  readonly sources: readonly Source[];
  /** The episodes that say that it ended, or that state what took its place. */
  readonly endSources: readonly Source[];
}

/** Facts in the order in which they began to hold. */
export interface TimelineRows {
  /** The entities with the requested name; none for the whole memory, or when the name is unknown. */
  readonly entities: readonly { readonly name: string; readonly type: string; readonly uuid: string }[];
  readonly facts: readonly TimelineFactRow[];
  /** The number of all facts of the memory or of the entity. */
  readonly count: number;
}

const MOST_FACTS = 5000;

/** @throws InvalidInputError */
export async function getTimeline(
  services: Services,
  { group: groupOption, entity, from, to, limit = 1000 }: TimelineOptions,
): Promise<TimelineRows> {
  const group = services.group(groupOption);
  checkLimit(limit, MOST_FACTS, 'facts');
  toCheckedGraphTime(from, 'from');
  toCheckedGraphTime(to, 'to');
  const name = entity === undefined ? undefined : checkEntityName(entity, ', or leave it out');
  return findTimeline((await services.graphs()).group(group), { entity: name, from, to, limit });
}

interface TimelineScope {
  /** Name, alias or uuid; undefined for the whole memory. */
  readonly entity: string | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  readonly limit: number;
}

/**
 * All facts if they are at most `limit`. Of more, those that began last before `to` and had not ended before `from`; facts without a
 * beginning are then left out for the whole memory.
 */
async function findTimeline(graph: GroupGraph, { entity, from, to, limit }: TimelineScope): Promise<TimelineRows> {
  const period = {
    since: '0',
    before: to ? toGraphTime(to) : '9999-12-31T24',
    openAt: from ? toGraphTime(from) : '0',
  };
  if (entity === undefined) {
    const count = await countFacts(graph);
    const facts = count <= limit ? await anyFacts(graph, limit) : await latestOfAll(graph, period, to, limit);
    return { entities: [], facts: await withEndsAndSources(graph, facts), count };
  }
  const called = await findEntitiesByName(graph, [entity]);
  const uuids = called.map(({ uuid }) => uuid);
  const count = await countFactsOf(graph, uuids);
  const facts =
    count <= limit
      ? await entityHistory(graph, uuids)
      : await latestFactsOf(graph, uuids, { ...period, since: '' }, limit);
  return {
    entities: called.map(({ name, labels, uuid }) => ({ name, type: typeOf(labels), uuid })),
    facts: await withEndsAndSources(graph, facts),
    count: count <= limit ? facts.length : count,
  };
}

/** Sorting all facts of a large graph takes a quarter of a second, so ever longer periods are read until one has enough. */
const PERIODS = [30 * DAY, 240 * DAY, 2000 * DAY];

async function latestOfAll(
  graph: GroupGraph,
  period: FactStartRange,
  to: Date | undefined,
  limit: number,
): Promise<FactRow[]> {
  const end = Math.min(to?.getTime() ?? Date.now(), Date.now());
  for (const length of PERIODS) {
    const since = toGraphTime(new Date(end - length));
    const facts = await latestFacts(graph, { ...period, since }, limit);
    if (facts.length === limit) return facts;
  }
  return latestFacts(graph, period, limit);
}

/** Facts with their sources and ends, in the order in which they began to hold. */
export async function withEndsAndSources(
  graph: GroupGraph,
  facts: readonly FactRow[],
  now = new Date(),
): Promise<TimelineFactRow[]> {
  const ended = await withEnds(graph, facts, now);
  const order = ({ validAt, createdAt, uuid }: FactRow) =>
    [normalizedTime(validAt) ?? '', normalizedTime(createdAt) ?? '', uuid].join('\n');
  return (await withFactSources(graph, ended))
    .map((fact) => ({ fact, key: order(fact) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ fact }) => fact);
}
