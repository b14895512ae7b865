import { expect, test } from 'vitest';
import { oncePerSentence } from '../../../page/once-per-sentence.ts';

test('facts of one sentence are one line, and the same sentence in two periods stays two', () => {
  const fact = { fact: 'Mira leads Harbor since May.', validAt: '2025-05-01', invalidAt: null };
  const facts = [
    { ...fact, uuid: 'leads' },
    { ...fact, uuid: 'works on' },
    { ...fact, uuid: 'before', validAt: '2024-01-01', invalidAt: '2024-06-01' },
    { ...fact, uuid: 'other', fact: 'Mira leads Tide.' },
  ];

  expect(oncePerSentence(facts, (one) => one).map(({ uuid }) => uuid)).toEqual(['leads', 'before', 'other']);
});
