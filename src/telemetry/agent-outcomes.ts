import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { parseJson } from '../json.ts';
import { appendToBoundedLog } from './bounded-log.ts';

// A file, not a metric of the process: hooks live for a tenth of a second, and hosts are not scraped. The file has no content.

const shape = z.object({
  at: z.number(),
  /** `claude-code`, `opencode` or another. */
  host: z.string(),
  group: z.string(),
  /** The folder in which the agent works. */
  directory: z.string(),
  work: z.enum(['capture', 'recall']),
  outcome: z.enum(['ok', 'late', 'failed']),
  reason: z.optional(z.string()),
});

/** The outcome of an agent's capture (storing turns) or recall (briefing and facts for a prompt). `at` is in milliseconds since 1970. */
export type AgentOutcome = z.output<typeof shape>;
export type AgentWork = AgentOutcome['work'];

/** About a thousand outcomes. */
const MOST_BYTES = 256 * 1024;
const LONGEST_REASON = 300;

export const outcomesFile = (home: string): string => join(home, 'agents', 'outcomes.jsonl');

/** Never throws. */
export function recordOutcome(home: string, outcome: Omit<AgentOutcome, 'at'>, now = Date.now()): void {
  const { reason, ...rest } = outcome;
  const line = { at: now, ...rest, ...(reason && { reason: reason.replace(/\s+/g, ' ').slice(0, LONGEST_REASON) }) };
  appendToBoundedLog(outcomesFile(home), JSON.stringify(line), MOST_BYTES);
}

/** Oldest first; none where nothing was recorded. */
export function readOutcomes(home: string): AgentOutcome[] {
  let text = '';
  try {
    text = readFileSync(outcomesFile(home), 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => shape.safeParse(parseJson(line)).data ?? []);
}

export type OutcomeCounts = Readonly<Record<AgentOutcome['outcome'], number>>;

export function countOutcomes(outcomes: readonly AgentOutcome[], work: AgentWork): OutcomeCounts {
  const counts = { ok: 0, late: 0, failed: 0 };
  for (const outcome of outcomes) if (outcome.work === work) counts[outcome.outcome] += 1;
  return counts;
}
