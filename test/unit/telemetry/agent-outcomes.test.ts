import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type AgentOutcome,
  countOutcomes,
  outcomesFile,
  readOutcomes,
  recordOutcome,
} from '../../../src/telemetry/agent-outcomes.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'memory-outcomes-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const outcome: Omit<AgentOutcome, 'at'> = {
  host: 'claude-code',
  group: 'harbor',
  directory: '/harbor',
  work: 'recall',
  outcome: 'ok',
};

test('outcomes are returned in order, with reasons on one line, from a file private to the user', () => {
  recordOutcome(home, outcome, 1);
  recordOutcome(home, { ...outcome, outcome: 'failed', reason: 'Valkey\nis away.' }, 2);

  expect(readOutcomes(home)).toEqual([
    { ...outcome, at: 1 },
    { ...outcome, at: 2, outcome: 'failed', reason: 'Valkey is away.' },
  ]);
  expect(statSync(outcomesFile(home)).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, 'agents')).mode & 0o777).toBe(0o700);
});

test('a home without outcomes has an empty list, and invalid lines are skipped', () => {
  expect(readOutcomes(home)).toEqual([]);
  recordOutcome(home, outcome, 1);
  appendFileSync(outcomesFile(home), 'half a li\n{"at":"now"}\n');
  recordOutcome(home, outcome, 2);

  expect(readOutcomes(home).map(({ at }) => at)).toEqual([1, 2]);
});

test('the file keeps its newer half when it grows too long', () => {
  for (let at = 1; at <= 3000; at += 1) recordOutcome(home, outcome, at);

  const outcomes = readOutcomes(home);
  expect(statSync(outcomesFile(home)).size).toBeLessThan(300 * 1024);
  expect(outcomes.length).toBeGreaterThan(500);
  expect(outcomes.at(-1)?.at).toBe(3000);
  expect(outcomes.map(({ at }) => at)).toEqual(outcomes.map((_, index) => 3000 - outcomes.length + 1 + index));
});

test('a home that is not writable causes no error', () => {
  writeFileSync(join(home, 'agents'), '');
  recordOutcome(home, outcome, 1);
  mkdirSync(join(home, 'other', 'agents', 'outcomes.jsonl'), { recursive: true });
  recordOutcome(join(home, 'other'), outcome, 1);

  expect([readOutcomes(home), readOutcomes(join(home, 'other'))]).toEqual([[], []]);
});

test('outcomes are counted by kind of work', () => {
  const outcomes = [
    outcome,
    outcome,
    { ...outcome, outcome: 'late' as const },
    { ...outcome, work: 'capture' as const },
  ];

  expect(
    countOutcomes(
      outcomes.map((one) => ({ ...one, at: 1 })),
      'recall',
    ),
  ).toEqual({ ok: 2, late: 1, failed: 0 });
  expect(
    countOutcomes(
      outcomes.map((one) => ({ ...one, at: 1 })),
      'capture',
    ),
  ).toEqual({ ok: 1, late: 0, failed: 0 });
});
