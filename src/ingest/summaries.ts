import type { GroupGraph } from '../graph/group-graph.ts';
import { readSummaries } from '../graph/queries/read-summaries.ts';
import { toGraphTime } from '../time.ts';
import type { Settled, SettledFact } from './settle.ts';

/** Graphiti's limit: twice its MAX_SUMMARY_CHARS. Beyond it a model has to tell it shorter. */
const LONGEST = 2000;

/** Sentences that an entity's summary gains and loses. */
export interface SummaryChange {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

export interface NewSummary {
  readonly uuid: string;
  readonly summary: string;
  /** True when not all of it fits. */
  readonly isLong: boolean;
}

/** For each entity the sentences that hold now and did not before, and those that held before and do no more. */
export function summaryChanges({ facts, removed }: Settled, now: Date): Map<string, SummaryChange> {
  const changes = new Map<string, { add: Set<string>; drop: Set<string>; keep: Set<string> }>();
  const of = (uuid: string) => {
    const change = changes.get(uuid) ?? { add: new Set(), drop: new Set(), keep: new Set() };
    changes.set(uuid, change);
    return change;
  };
  for (const { source, target, fact } of removed) for (const uuid of [source, target]) of(uuid).drop.add(fact);
  for (const it of facts) {
    const [holds, didHold] = [!it.span.invalidAt || it.span.invalidAt > now, held(it, now)];
    const { source, target, fact } = it.claim;
    for (const uuid of [source, target]) {
      // What holds in another of its spans, or is a twin that Python left, stays.
      if (holds) of(uuid)[didHold ? 'keep' : 'add'].add(fact);
      else if (didHold) of(uuid).drop.add(fact);
    }
  }
  const all = [...changes].map(([uuid, { add, drop, keep }]): [string, SummaryChange] => [
    uuid,
    {
      add: [...add].filter((fact) => !keep.has(fact)),
      drop: [...drop].filter((fact) => !add.has(fact) && !keep.has(fact)),
    },
  ]);
  return new Map(all.filter(([, { add, drop }]) => add.length + drop.length > 0));
}

function held({ stored }: SettledFact, now: Date): boolean {
  return stored !== null && !(stored.invalidAt && stored.invalidAt <= toGraphTime(now));
}

/** A summary, one sentence on a line, after a change; what does not fit goes, the oldest lines first. */
export function changedSummary(summary: string, { add, drop }: SummaryChange): Omit<NewSummary, 'uuid'> {
  const gone = new Set([...add, ...drop]);
  const lines = [...summary.split('\n').filter((line) => line !== '' && !gone.has(line)), ...add];
  let first = lines.length;
  for (let length = -1; first > 0; first -= 1) {
    length += (lines[first - 1]?.length ?? 0) + 1;
    if (length > LONGEST && first < lines.length) break;
  }
  return { summary: lines.slice(first).join('\n'), isLong: first > 0 };
}

/** The changed summaries of entities that the graph has. @param known summaries that were read already, by uuid */
export async function newSummaries(
  graph: GroupGraph,
  changes: ReadonlyMap<string, SummaryChange>,
  known: ReadonlyMap<string, string>,
): Promise<NewSummary[]> {
  const missing = [...changes.keys()].filter((uuid) => !known.has(uuid));
  const all = new Map([...known, ...(await readSummaries(graph, missing))]);
  return [...changes].flatMap(([uuid, change]) => {
    const before = all.get(uuid);
    if (before === undefined) return [];
    const after = changedSummary(before, change);
    return after.summary === before ? [] : [{ uuid, ...after }];
  });
}
