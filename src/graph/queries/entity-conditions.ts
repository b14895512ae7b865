import {
  type Conditions,
  type DateRange,
  dateCondition,
  dateParams,
  type FactFilter,
  filterConditions,
  hasType,
  isWithin,
} from './fact-conditions.ts';
import { type Instant, instantParams, isAfter, notAfterOrMissing } from './moment.ts';

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
