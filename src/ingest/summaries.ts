import type { GroupGraph } from '../graph/group-graph.ts';
import { readSummaries, type SummaryRow } from '../graph/queries/entities.ts';
import { toGraphTime } from '../time.ts';
import type { FactAfterCommit, FactChanges } from './fact-changes.ts';

/** Graphiti's limit: twice its MAX_SUMMARY_CHARS. A model has to shorten a longer summary. */
const MAX_LENGTH = 2000;

/** Sentences that an entity's summary gains and loses. */
export interface SummaryChange {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

export interface NewSummary {
  readonly uuid: string;
  readonly summary: string;
  /** True when not all lines fit. */
  readonly isLong: boolean;
}

/** For each entity the sentences that newly hold, and those that no longer hold. */
export function summaryChanges({ facts, removed }: FactChanges, now: Date): Map<string, SummaryChange> {
  const changes = new Map<string, { add: Set<string>; drop: Set<string>; keep: Set<string> }>();
  const of = (uuid: string) => {
    const change = changes.get(uuid) ?? { add: new Set(), drop: new Set(), keep: new Set() };
    changes.set(uuid, change);
    return change;
  };
  for (const { source, target, fact } of removed) for (const uuid of [source, target]) of(uuid).drop.add(fact);
  for (const after of facts) {
    const [holds, didHold] = [!after.interval.invalidAt || after.interval.invalidAt > now, held(after, now)];
    const { source, target, fact } = after.claim;
    for (const uuid of [source, target]) {
      // A sentence that holds in another interval, or in a duplicate that Python left, stays.
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

function held({ stored }: FactAfterCommit, now: Date): boolean {
  return stored !== null && !(stored.invalidAt && stored.invalidAt <= toGraphTime(now));
}

/**
 * A summary after a change, one sentence on a line. If all sentences that hold fit, the summary consists of them; otherwise the
 * previous summary is changed and its oldest lines are dropped.
 * @param held null when there are too many to read
 */
export function changedSummary(
  { summary, held }: Pick<SummaryRow, 'summary' | 'held'>,
  { add, drop }: SummaryChange,
): Omit<NewSummary, 'uuid'> {
  const dropped = new Set([...add, ...drop]);
  const after = (lines: readonly string[]) => [...new Set(lines)].filter((line) => line !== '' && !dropped.has(line));
  const whole = held && [...after(held), ...add].join('\n');
  if (whole !== null && whole.length <= MAX_LENGTH) return { summary: whole, isLong: false };
  const lines = [...after(summary.split('\n')), ...add];
  let first = lines.length;
  for (let length = -1; first > 0; first -= 1) {
    length += (lines[first - 1]?.length ?? 0) + 1;
    if (length > MAX_LENGTH && first < lines.length) break;
  }
  return { summary: lines.slice(first).join('\n'), isLong: first > 0 };
}

/** @param created uuids of new entities, which have no summary to read */
export async function newSummaries(
  graph: GroupGraph,
  changes: ReadonlyMap<string, SummaryChange>,
  created: ReadonlySet<string>,
  now: Date,
): Promise<NewSummary[]> {
  const existing = [...changes.keys()].filter((uuid) => !created.has(uuid));
  const rows = await readSummaries(graph, existing, toGraphTime(now));
  const before = new Map<string, SummaryRow>(rows.map((row) => [row.uuid, row]));
  for (const uuid of created) before.set(uuid, { uuid, summary: '', held: null });
  return [...changes].flatMap(([uuid, change]) => {
    const row = before.get(uuid);
    if (!row) return [];
    const after = changedSummary(row, change);
    return after.summary === row.summary ? [] : [{ uuid, ...after }];
  });
}
