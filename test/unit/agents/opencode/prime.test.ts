import { expect, test } from 'vitest';
import type { Background } from '../../../../src/agents/opencode/background.ts';
import type { Part } from '../../../../src/agents/opencode/host.ts';
import { openPriming } from '../../../../src/agents/opencode/prime.ts';
import type { Recall } from '../../../../src/agents/opencode/recall.ts';
import { openSessions } from '../../../../src/agents/opencode/sessions.ts';

/** The memory answers each question with the next of these; undefined stands for one that never comes. */
function primed(answers: readonly (string | undefined)[], atHand?: string, news: (string | undefined)[] = []) {
  const left = [...answers];
  const recall: Recall = {
    opening: () => {
      const answer = left.shift();
      return answer === undefined ? new Promise(() => {}) : Promise.resolve(answer);
    },
    news: async () => news.shift(),
    warmUp: async () => {},
    atHand: () => atHand,
  };
  const background = { stores: async () => ({}) } as unknown as Background;
  const prime = openPriming(undefined, background, recall);
  const sessions = openSessions();
  sessions.created({ id: 's' });
  return {
    session: sessions.of('s'),
    /** What is added to a message. */
    async told(): Promise<(string | undefined)[]> {
      const parts: Part[] = [{ id: 'prt_1', sessionID: 's', messageID: 'm', type: 'text', text: 'What?' }];
      await prime(sessions.of('s'), { sessionID: 's' }, { message: { id: 'm' }, parts });
      return parts.slice(1).map(({ text }) => text);
    },
  };
}

test('what is recalled is told once', async () => {
  const { told } = primed(['It is Redis.', 'Never asked.']);

  expect([await told(), await told()]).toEqual([['It is Redis.'], []]);
});

test('what comes too late has a second chance at the next message, and no third', async () => {
  const { told } = primed([undefined, 'It is Redis.', 'Never asked.']);
  expect([await told(), await told(), await told()]).toEqual([[], ['It is Redis.'], []]);

  const silent = primed([undefined, undefined, 'Never asked.'], 'The user likes tabs.');
  expect([await silent.told(), await silent.told(), await silent.told()]).toEqual([['The user likes tabs.'], [], []]);
});

test('after a compaction the same is told again', async () => {
  const { session, told } = primed(['It is Redis.', 'It is Redis.']);
  await told();
  session.isPrimed = false;

  expect(await told()).toEqual(['It is Redis.']);
});

test('a later message gets what is known of it', async () => {
  const { told } = primed(['It is Redis.'], undefined, ['Port 7490.', undefined]);

  expect([await told(), await told(), await told()]).toEqual([['It is Redis.'], ['Port 7490.'], []]);
});
