import { expect, test } from 'vitest';
import { conversationsIn } from '../../../src/search/answer/candidates/conversations.ts';
import { passageRow } from './passage-rows.ts';

const turn = (episode: string, time: string, role: string | null = 'ann') =>
  passageRow({ episode, role, time: `2026-03-02T${time}+00:00` });

test('turns without a session form one conversation until a longer pause', () => {
  const { sessions, followers } = conversationsIn([
    turn('c', '10:05:00'),
    turn('b', '10:00:40', 'ben'),
    turn('a', '10:00:00'),
  ]);
  expect(sessions.get('a')).toBe(sessions.get('b'));
  expect(sessions.get('c')).not.toBe(sessions.get('b'));
  expect(followers).toEqual([{ of: 'a', uuid: 'b', step: 1 }]);
});

test('notes and turns with the same time stay separate', () => {
  const { sessions, followers } = conversationsIn([
    turn('a', '10:00:00'),
    turn('b', '10:00:00'),
    turn('note', '10:00:10', null),
  ]);
  expect(new Set(sessions.values()).size).toBe(2);
  expect(sessions.has('note')).toBe(false);
  expect(followers).toEqual([]);
});
