import { fromGraphTime } from '../../time.ts';
import type { GroupGraph } from '../group-graph.ts';
import { instant, isAfter } from './moment.ts';

const TIMES = [
  ['()-[x:RELATES_TO]->()', 'valid_at'],
  ['()-[x:RELATES_TO]->()', 'invalid_at'],
  ['(x:Episodic)', 'valid_at'],
] as const;

/**
 * The first moment after `since` and not after `until` at which a fact or an episode begins or a fact ends, so that an answer about the present may
 * become another one; undefined for none. Times of other offsets are compared here, since as texts they cannot be.
 */
export async function nextBoundary(graph: GroupGraph, since: Date, until: Date): Promise<Date | undefined> {
  const [from, to] = [instant(since), instant(until)];
  // FalkorDB 4.16 takes a bound of an index for none now and then; what comes is compared once more.
  const branches = TIMES.flatMap(([pattern, field]) => [
    `MATCH ${pattern} WHERE x.${field} > $from AND x.${field} <= $to
     WITH x.${field} AS time WHERE time > $from AND time <= $to
     RETURN min(time) AS time`,
    `MATCH ${pattern} WHERE x.${field} > $earliest AND x.${field} <= $latest
     WITH x.${field} AS time WHERE NOT time ENDS WITH '+00:00'
     RETURN DISTINCT time`,
  ]);
  const rows = await graph.read<{ time: string | null }>(branches.join('\nUNION\n'), {
    from: from.at,
    to: to.at,
    earliest: from.dayBefore,
    latest: to.dayAfter,
  });
  const times = rows.flatMap(({ time }) =>
    isAfter(time, from) && !isAfter(time, to) ? (fromGraphTime(time ?? '') ?? []) : [],
  );
  return times.sort((a, b) => a.getTime() - b.getTime())[0];
}
