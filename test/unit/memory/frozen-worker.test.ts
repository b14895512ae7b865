import { expect, test } from 'vitest';
import { findProblems, type ProblemInputs } from '../../../src/memory/problems.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const frozen = (inputs: Partial<ProblemInputs>) =>
  findProblems({
    ...{ group: 'g', storedEmbedder: undefined, failures: { store: [], export: [] }, lastHeartbeat: null, now },
    falkordb: { ok: false, error: 'away' },
    valkey: {
      ...{ ok: true, workers: 1, liveWorkers: [], pausedQueues: [], budget: null, copies: null, models: {} },
      ...{ store: { oldestWaitingMs: 30_000 }, reembedding: null, lastCommitAgeMs: null },
    },
    ...inputs,
  } as unknown as ProblemInputs).find(({ about }) => about === 'worker');

test('a frozen worker is a problem since its last heartbeat, in a sentence that stays the same', () => {
  const lastHeartbeat = now - 75_000;

  const [early, late] = [frozen({ lastHeartbeat }), frozen({ lastHeartbeat, now: now + 60_000 })];

  expect(early?.message).toBe('A worker is connected but has stopped sending heartbeats, so it may be frozen.');
  expect(early?.since).toEqual(new Date(lastHeartbeat));
  expect(late).toEqual(early);
});

test('without a known heartbeat it counts from the oldest waiting job', () => {
  expect(frozen({})?.since).toEqual(new Date(now - 30_000));
});
