import type { Params } from '../query-text.ts';
import {
  afterCondition,
  beforeCondition,
  type FactTimes,
  factHoldsAt,
  fromCondition,
  holdsCondition,
  type Instant,
  instantParams,
  isAfter,
  type Moment,
  momentParams,
  normalizedTime,
  notAfterOrMissing,
  timesAsKnown,
} from './time-conditions.ts';

/** Conditions on facts; omitted conditions do not apply. Names are in lower case, ends are uuids of entities. */
export interface FactFilter {
  /** One of its two ends has one of these labels. */
  readonly types?: readonly string[];
  readonly relations?: readonly string[];
  readonly sources?: readonly string[];
  readonly targets?: readonly string[];
  /** One of its two ends is one of these entities. */
  readonly about?: readonly string[];
  readonly dates?: readonly DateRange[];
}

/** From `from`, included, to `before`, excluded. A missing date matches only `isSet: false`. */
export interface DateRange {
  readonly field: keyof FactTimes;
  readonly from?: Instant;
  readonly before?: Instant;
  readonly isSet?: boolean;
}

/** A condition in Cypher, without user input, and its parameters. */
export interface Conditions {
  readonly text: string;
  readonly params: Params;
}

const STORED: Record<keyof FactTimes, string> = {
  validAt: 'valid_at',
  invalidAt: 'invalid_at',
  createdAt: 'created_at',
  expiredAt: 'expired_at',
};

/** The condition that an edge `e` holds at a moment and passes a filter. */
export function factConditions(moment: Moment, filter: FactFilter): Conditions {
  const { text, params } = filterConditions(filter, moment.knownAt);
  return {
    text: [holdsCondition(moment), ...(text === 'true' ? [] : [text])].join(' AND '),
    params: { ...momentParams(moment), ...params },
  };
}

/** The condition that an edge `e` passes a filter, at any time, by what was known at `knownAt`. */
export function filterConditions(
  { types, relations, sources, targets, about, dates = [] }: FactFilter,
  knownAt?: Instant,
): Conditions {
  const texts = [
    types && `(${hasType('startNode(e)')} OR ${hasType('endNode(e)')})`,
    relations && 'toLower(e.name) IN $relations',
    sources && 'startNode(e).uuid IN $sources',
    targets && 'endNode(e).uuid IN $targets',
    about && '(startNode(e).uuid IN $about OR endNode(e).uuid IN $about)',
    ...dates.map((range) => factDateCondition(range, knownAt)),
  ];
  const lists = { types, relations, sources, targets, about };
  return {
    text: texts.filter((text) => text !== undefined).join(' AND ') || 'true',
    params: {
      ...Object.fromEntries(Object.entries(lists).flatMap(([name, value]) => (value ? [[name, value]] : []))),
      ...Object.assign({}, ...dates.map(dateParams)),
      ...(knownAt && instantParams('knownAt', knownAt)),
    },
  };
}

/** An end that was learned after `knownAt` counts as missing. */
function factDateCondition(range: DateRange, knownAt: Instant | undefined): string {
  const condition = dateCondition(`e.${STORED[range.field]}`, range);
  const isOfEnd = range.field === 'invalidAt' || range.field === 'expiredAt';
  if (!knownAt || !isOfEnd) return condition;
  return isWithin(null, range)
    ? `(${condition} OR ${afterCondition('e.expired_at', 'knownAt')})`
    : `(${condition} AND ${notAfterOrMissing('e.expired_at', 'knownAt')})`;
}

/** The condition that a node has one of `$types`. */
export const hasType = (node: string): string => `any(label IN labels(${node}) WHERE toLower(label) IN $types)`;

export function dateCondition(stored: string, range: DateRange): string {
  return (
    [
      range.from && fromCondition(stored, `${range.field}From`),
      range.before && beforeCondition(stored, `${range.field}Before`),
      range.isSet !== undefined && `${stored} IS ${range.isSet ? 'NOT ' : ''}NULL`,
    ]
      .filter((text) => text)
      .join(' AND ') || 'true'
  );
}

export function dateParams({ field, ...range }: DateRange): Params {
  return {
    ...(range.from && instantParams(`${field}From`, range.from)),
    ...(range.before && instantParams(`${field}Before`, range.before)),
  };
}

/** Whether a time is in a range. */
export function isWithin(text: string | null, range: DateRange): boolean {
  const time = normalizedTime(text);
  if (range.isSet !== undefined && range.isSet !== (text !== null)) return false;
  if (range.from && (time === null || time < range.from.at)) return false;
  return !range.before || (time !== null && time < range.before.at);
}

/** Whether a returned fact holds and passes the filter: the query has a margin of a day for times with other offsets. */
export function passesFactFilter(fact: FactTimes, moment: Moment, { dates = [] }: FactFilter): boolean {
  const times = timesAsKnown(fact, moment);
  return factHoldsAt(fact, moment) && dates.every((range) => isWithin(times[range.field], range));
}

/** Conditions on entities; omitted conditions do not apply. */
export interface EntityFilter {
  /** The entity was known by then. */
  readonly knownAt?: Instant;
  /** An episode or a fact before that time mentions the entity. */
  readonly asOf?: Instant;
  /** It has one of these labels, in lower case. */
  readonly types?: readonly string[];
  readonly created?: DateRange;
  /** One of its facts passes. */
  readonly fact?: FactFilter;
}

/** The times by which a returned entity is checked again: the query has a margin of a day for other offsets. */
export interface EntityTimes {
  readonly createdAt: string | null;
  /** The earliest times at which the entity is mentioned; empty if not requested. '' means a fact without a beginning. */
  readonly seen: readonly string[];
}

const LOOKED_AT = 10;

/**
 * Cypher that continues with the `node`s that pass, keeps the bound names `boundNames`, and binds `seen` (see `EntityTimes`). It follows a
 * `WITH` or `YIELD` and ends with a `WITH`.
 */
export function filterEntities(filter: EntityFilter, boundNames: readonly string[] = []): Conditions {
  const names = ['node', ...boundNames].join(', ');
  const fact = filter.fact && filterConditions(filter.fact, filter.knownAt);
  const nodeConditions = [
    filter.knownAt && notAfterOrMissing('node.created_at', 'knownAt'),
    filter.types && hasType('node'),
    filter.created && dateCondition('node.created_at', filter.created),
  ].filter((text) => text);
  return {
    text: [
      nodeConditions.length > 0 ? `WITH ${names} WHERE ${nodeConditions.join(' AND ')}` : '',
      fact ? hasFact(names, [fact.text, ...(filter.knownAt ? [FACT_IS_KNOWN] : [])].join(' AND ')) : '',
      filter.asOf ? seenBefore(names) : `WITH ${names}, [] AS seen`,
    ].join('\n'),
    params: {
      ...fact?.params,
      ...(filter.knownAt && instantParams('knownAt', filter.knownAt)),
      ...(filter.asOf && instantParams('asOf', filter.asOf)),
      ...(filter.created && dateParams(filter.created)),
      ...(filter.types && { types: filter.types }),
    },
  };
}

const FACT_IS_KNOWN = notAfterOrMissing('e.created_at', 'knownAt');

const hasFact = (names: string, condition: string) => `
  CALL {
    WITH node
    OPTIONAL MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${condition}
    RETURN e AS passing LIMIT 1
  }
  WITH ${names}, passing WHERE passing IS NOT NULL`;

// Times in UTC come first: one of them is enough. Times with other offsets are checked again in TypeScript.
const seenBefore = (names: string) => `
  CALL {
    WITH node
    MATCH (node)<-[:MENTIONS]-(p:Episodic) WHERE ${notAfterOrMissing('p.valid_at', 'asOf')}
    RETURN coalesce(p.valid_at, '') AS time
    ORDER BY time = '' OR time ENDS WITH '+00:00' DESC, time LIMIT ${LOOKED_AT}
    UNION
    WITH node
    MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${notAfterOrMissing('e.valid_at', 'asOf')}
    RETURN coalesce(e.valid_at, '') AS time
    ORDER BY time = '' OR time ENDS WITH '+00:00' DESC, time LIMIT ${LOOKED_AT}
  }
  WITH ${names}, collect(time) AS seen`;

/** Whether a returned entity passes the filter. */
export function passesEntityFilter(
  { createdAt, seen }: EntityTimes,
  { knownAt, asOf, created }: EntityFilter,
): boolean {
  if (knownAt && isAfter(createdAt, knownAt)) return false;
  if (created && !isWithin(createdAt, created)) return false;
  return !asOf || seen.some((time) => !isAfter(time, asOf));
}
