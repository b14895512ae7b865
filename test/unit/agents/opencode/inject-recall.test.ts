import { expect, test } from 'vitest';
import type { BackgroundMemory } from '../../../../src/agents/opencode/background-memory.ts';
import type { MessagePart } from '../../../../src/agents/opencode/host.ts';
import { openRecallInjection, type RecallTimeouts } from '../../../../src/agents/opencode/inject-recall.ts';
import type { Recall } from '../../../../src/agents/opencode/recall.ts';
import { openTrackedSessions } from '../../../../src/agents/opencode/sessions.ts';
import { MINUTE } from '../../../../src/time.ts';
import { watchFor } from '../../../support/wait.ts';

/** The memory answers each question with the next of these; undefined stands for one that never comes. */
function primed(
  answers: readonly (string | Promise<string> | undefined)[],
  latestBriefings?: string,
  news: (string | undefined)[] = [],
  timeouts: RecallTimeouts = {},
) {
  const outcomes: ('late' | 'ok')[] = [];
  const noted: string[] = [];
  const limits: number[] = [];
  const left = [...answers];
  const recall: Recall = {
    opening: (_stores, _words, _context, limit) => {
      limits.push(limit);
      const answer = left.shift();
      return answer === undefined ? new Promise(() => {}) : Promise.resolve(answer);
    },
    news: async () => news.shift(),
    warmUp: async () => {},
    latestBriefings: () => latestBriefings,
    recordDelivery: (session, text) => noted.push(`${session}: ${text}`),
  };
  const background = { stores: async () => ({}) } as unknown as BackgroundMemory;
  const prime = openRecallInjection(
    undefined,
    background,
    recall,
    timeouts,
    () => outcomes.push('late'),
    () => outcomes.push('ok'),
  );
  const sessions = openTrackedSessions();
  sessions.created({ id: 's' });
  return {
    outcomes,
    noted,
    /** How long each opening might take. */
    limits,
    session: sessions.of('s'),
    /** The parts that are added to a message. */
    async told(sessionID = 's'): Promise<(string | undefined)[]> {
      const parts: MessagePart[] = [{ id: 'prt_1', sessionID, messageID: 'm', type: 'text', text: 'What?' }];
      await prime(sessions.of(sessionID), { sessionID }, { message: { id: 'm' }, parts });
      return parts.slice(1).map(({ text }) => text);
    },
  };
}

test('a fact is recalled once per session', async () => {
  const { told } = primed(['It is Redis.', 'Never asked.']);

  expect([await told(), await told()]).toEqual([['It is Redis.'], []]);
});

test('a recall that comes too late is added to the next message, and then dropped', async () => {
  const { told } = primed([undefined, 'It is Redis.', 'Never asked.']);
  expect([await told(), await told(), await told()]).toEqual([[], ['It is Redis.'], []]);

  const silent = primed([undefined, undefined, 'Never asked.'], 'The user likes tabs.');
  expect([await silent.told(), await silent.told(), await silent.told()]).toEqual([['The user likes tabs.'], [], []]);
});

test('only the first message of a process waits for stores that are still loading', async () => {
  const slow = watchFor(50).then(() => 'It is Redis.');
  const { told, limits } = primed([slow, undefined], undefined, [], { timeoutMs: 1, firstTimeoutMs: 2 * MINUTE });

  expect(await told()).toEqual(['It is Redis.']);
  expect(await told('another')).toEqual([]);
  // A recall may take as long as the message waits, minus the time for loading the stores.
  expect(limits[0]).toBeGreaterThan(MINUTE);
  expect(limits[1]).toBeLessThanOrEqual(1);
});

test('only text that a session was given is marked as recalled', async () => {
  const { told, noted } = primed(['It is Redis.'], undefined, ['It is Valkey.']);
  const late = primed([undefined, undefined]);
  for (let message = 0; message < 2; message += 1) {
    await told();
    await late.told();
  }

  expect(noted).toEqual(['s: It is Redis.']);
  expect(late.noted).toEqual([]);
});

test('each message counts as answered or late', async () => {
  const { outcomes, told } = primed([undefined, 'It is Redis.'], undefined, ['It is Valkey.', undefined]);
  for (let message = 0; message < 4; message += 1) await told();

  expect(outcomes).toEqual(['late', 'ok', 'ok', 'ok']);
});

test('the same text is recalled again after a compaction', async () => {
  const { session, told } = primed(['It is Redis.', 'It is Redis.']);
  await told();
  session.isPrimed = false;

  expect(await told()).toEqual(['It is Redis.']);
});

test('a later message gets the facts that match that message', async () => {
  const { told } = primed(['It is Redis.'], undefined, ['Port 7490.', undefined]);

  expect([await told(), await told(), await told()]).toEqual([['It is Redis.'], ['Port 7490.'], []]);
});
