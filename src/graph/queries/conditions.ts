import type { Params } from '../codec.ts';
import {
  before,
  comparable,
  type FactTimes,
  from,
  held,
  heldCondition,
  type Instant,
  instantParams,
  isAfter,
  type Moment,
  momentParams,
  notAfterOrMissing,
} from './moment.ts';

/** Which facts are looked for; what is left out does not matter. Names in lower case, ends as uuids of entities. */
export interface FactFilter {
  /** One of both ends has one of these labels. */
  readonly types?: readonly string[];
  readonly relations?: readonly string[];
  readonly sources?: readonly string[];
  readonly targets?: readonly string[];
  /** One of both ends is one of these. */
  readonly about?: readonly string[];
  readonly dates?: readonly DateRange[];
}

/** From `from` on and before `before`; a date that is missing lies in no range, unless `isSet` asks for just that. */
export interface DateRange {
  readonly field: keyof FactTimes;
  readonly from?: Instant;
  readonly before?: Instant;
  readonly isSet?: boolean;
}

/** A condition as Cypher, without a word of what anybody gave, and the parameters that it names. */
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

/** The conditions on an edge `e` that it counts at a moment and passes a filter. */
export function factConditions(moment: Moment, filter: FactFilter): Conditions {
  const { text, params } = filterConditions(filter);
  return {
    text: [heldCondition(moment), ...(text === 'true' ? [] : [text])].join(' AND '),
    params: { ...momentParams(moment), ...params },
  };
}

/** The conditions on an edge `e` that it passes a filter, whenever it held. */
export function filterConditions({ types, relations, sources, targets, about, dates = [] }: FactFilter): Conditions {
  const texts = [
    types && `(${hasType('startNode(e)')} OR ${hasType('endNode(e)')})`,
    relations && 'toLower(e.name) IN $relations',
    sources && 'startNode(e).uuid IN $sources',
    targets && 'endNode(e).uuid IN $targets',
    about && '(startNode(e).uuid IN $about OR endNode(e).uuid IN $about)',
    ...dates.map((range) => dateCondition(`e.${STORED[range.field]}`, range)),
  ];
  const given = { types, relations, sources, targets, about };
  return {
    text: texts.filter((text) => text !== undefined).join(' AND ') || 'true',
    params: {
      ...Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : []))),
      ...Object.assign({}, ...dates.map(dateParams)),
    },
  };
}

/** The condition on a node that it has one of `$types`. */
export const hasType = (node: string): string => `any(label IN labels(${node}) WHERE toLower(label) IN $types)`;

export function dateCondition(stored: string, range: DateRange): string {
  return (
    [
      range.from && from(stored, `${range.field}From`),
      range.before && before(stored, `${range.field}Before`),
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

/** True for a time in a range. */
export function isWithin(text: string | null, range: DateRange): boolean {
  const time = comparable(text);
  if (range.isSet !== undefined && range.isSet !== (text !== null)) return false;
  if (range.from && (time === null || time < range.from.at)) return false;
  return !range.before || (time !== null && time < range.before.at);
}

/** True for a fact that really counts and passes: dates of other offsets came with a day's room. */
export function factFits(fact: FactTimes, moment: Moment, { dates = [] }: FactFilter): boolean {
  return held(fact, moment) && dates.every((range) => isWithin(fact[range.field], range));
}

/** Which entities are looked for; what is left out does not matter. */
export interface EntityFilter {
  /** Known by then. */
  readonly knownAt?: Instant;
  /** An episode or a fact from before then speaks of it. */
  readonly asOf?: Instant;
  /** It has one of these labels; in lower case. */
  readonly types?: readonly string[];
  readonly created?: DateRange;
  /** One of its facts passes. */
  readonly fact?: FactFilter;
}

/** What tells of an entity whether it really passes: times of other offsets are let through with a day's room. */
export interface EntityTimes {
  readonly createdAt: string | null;
  /** Earliest times at which something speaks of it; empty where nobody asked. '' stands for a fact without a beginning. */
  readonly seen: readonly string[];
}

const LOOKED_AT = 10;

/**
 * Cypher that goes on with those `node`s that pass, keeping the names `kept`, and binds `seen` (see `EntityTimes`).
 * It begins after a `WITH` or `YIELD` and ends with one.
 */
export function passingEntities(filter: EntityFilter, kept: readonly string[] = []): Conditions {
  const names = ['node', ...kept].join(', ');
  const fact = filter.fact && filterConditions(filter.fact);
  const own = [
    filter.knownAt && notAfterOrMissing('node.created_at', 'knownAt'),
    filter.types && hasType('node'),
    filter.created && dateCondition('node.created_at', filter.created),
  ].filter((text) => text);
  return {
    text: [
      own.length > 0 ? `WITH ${names} WHERE ${own.join(' AND ')}` : '',
      fact ? hasFact(names, fact.text) : '',
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

const hasFact = (names: string, condition: string) => `
  CALL {
    WITH node
    OPTIONAL MATCH (node)-[e:RELATES_TO]-(:Entity) WHERE ${condition}
    RETURN e AS passing LIMIT 1
  }
  WITH ${names}, passing WHERE passing IS NOT NULL`;

// Times in UTC come first: one of them is proof, the others are looked at again.
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

/** True for an entity that really passes. */
export function entityFits({ createdAt, seen }: EntityTimes, { knownAt, asOf, created }: EntityFilter): boolean {
  if (knownAt && isAfter(createdAt, knownAt)) return false;
  if (created && !isWithin(createdAt, created)) return false;
  return !asOf || seen.some((time) => !isAfter(time, asOf));
}
