import { oneLine, truncated } from '../text.ts';
import { day } from '../time.ts';
import { formatPeriod } from './format.ts';

interface Fact {
  readonly fact: string;
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
  readonly createdAt: Date;
  readonly expiredAt: Date | null;
}

const LONGEST = 400;
/** Longer facts push their last column out instead of widening everybody's. */
const WIDEST = 80;

/** One line for each fact: its period, its text, and when the fact and its end became known. */
export function historyTable(facts: readonly Fact[]): string {
  const rows = facts.map((fact) => [held(fact), truncated(oneLine(fact.fact), LONGEST), known(fact)] as const);
  const width = (column: 0 | 1, most: number) => Math.min(Math.max(...rows.map((row) => row[column].length)), most);
  const [first, second] = [width(0, WIDEST), width(1, WIDEST)];
  return rows.map(([a, b, c]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c}`).join('\n');
}

function held({ validAt, invalidAt }: Fact): string {
  return formatPeriod(validAt, invalidAt) || 'undated';
}

function known({ createdAt, expiredAt }: Fact): string {
  return `(known ${day(createdAt)}${expiredAt ? `, end known ${day(expiredAt)}` : ''})`;
}
